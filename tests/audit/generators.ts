/** Personal data and secrets that nobody has, with the checksums that real ones have. */

import fc from "fast-check";

/** Something to hide. */
export interface Planted {
  readonly kind: string;
  readonly text: string;
}

const digit = fc.integer({ min: 0, max: 9 }).map(String);
const digits = (length: number) =>
  fc.array(digit, { minLength: length, maxLength: length }).map((all) => all.join(""));
const from = (alphabet: string, length: number, lengthMax = length) =>
  fc.array(fc.constantFrom(...alphabet), { minLength: length, maxLength: lengthMax }).map((all) =>
    all.join("")
  );

const lower = "abcdefghijklmnopqrstuvwxyz";
const upper = lower.toUpperCase();
const alphanumeric = lower + upper + "0123456789";
const urlSafe = alphanumeric + "_-";

export const email: fc.Arbitrary<string> = fc.tuple(
  fc.constantFrom(
    "ada",
    "j.doe",
    "max+news",
    "o'neil",
    "a_b-c",
    "x",
    "jürgen",
    "maria.lopez99",
    "UPPER.Case",
  ),
  fc.constantFrom(
    "example.com",
    "mail.example.co.uk",
    "xn--bcher-kva.example",
    "bücher.example",
    "sub.d-e.museum",
    "EXAMPLE.ORG",
  ),
).map(([local, domain]) => `${local}@${domain}`);

/** The digits with a check digit behind them: ISO/IEC 7812-1, annex B, counted from the front this time. */
export function withLuhn(body: string): string {
  let sum = 0;
  for (let i = 0; i < body.length; i++) {
    const value = Number(body[i]) * ((body.length - i) % 2 === 1 ? 2 : 1);
    sum += value > 9 ? value - 9 : value;
  }
  return body + String((10 - sum % 10) % 10);
}

/** Digits of a card number, without separators. */
export const cardDigits: fc.Arbitrary<string> = fc.constantFrom(
  ["4", 16],
  ["4", 13],
  ["4", 19],
  ["51", 16],
  ["55", 16],
  ["2221", 16],
  ["2720", 16],
  ["34", 15],
  ["37", 15],
  ["6011", 16],
  ["65", 16],
  ["644", 16],
  ["300", 14],
  ["36", 14],
  ["38", 14],
  ["3528", 16],
  ["3589", 16],
  ["62", 16],
  ["62", 19],
  ["5018", 16],
  ["6304", 16],
  ["2200", 16],
).chain(([prefix, length]) =>
  digits(Number(length) - String(prefix).length - 1).map((rest) => withLuhn(String(prefix) + rest))
);

export const card: fc.Arbitrary<string> = fc.tuple(cardDigits, fc.constantFrom("", "", " ", "-", ".")).map(
  ([number, separator]) => {
    const groups = number.length === 15 ? [4, 6, 5] : number.length === 14 ? [4, 6, 4] : [4, 4, 4, 4, 4];
    let at = 0;
    return groups.map((length) => number.slice(at, at += length)).filter((group) => group !== "").join(
      separator,
    );
  },
);

/** Countries with the form of their account numbers: n digits, a capitals, c either. ISO 13616 registry. */
const ibanForms: Readonly<Record<string, string>> = {
  DE: "18n",
  GB: "4a14n",
  FR: "10n11c2n",
  ES: "20n",
  IT: "1a10n12c",
  NL: "4a10n",
  BE: "12n",
  CH: "5n12c",
  AT: "16n",
  NO: "11n",
  SE: "20n",
  DK: "14n",
  FI: "14n",
  PL: "24n",
  PT: "21n",
  IE: "4a14n",
  GR: "7n16c",
  MT: "4a5n18c",
  CZ: "20n",
  HU: "24n",
  RO: "4a16c",
  BG: "4a6n8c",
  SA: "2n18c",
  AE: "19n",
  TR: "6n16c",
  BR: "23n1a1c",
  SC: "4a20n3a",
  LC: "4a24c",
};

function remainder97(text: string): number {
  const spelt = [...text].map((c) => parseInt(c, 36)).join("");
  return Number(BigInt(spelt) % 97n);
}

export function withIbanCheck(country: string, account: string): string {
  return country + String(98 - remainder97(account + country + "00")).padStart(2, "0") + account;
}

export const iban: fc.Arbitrary<string> = fc.constantFrom(...Object.keys(ibanForms)).chain((country) =>
  fc.tuple(
    ...[...ibanForms[country].matchAll(/(\d+)([nac])/g)].map(([, length, kind]) =>
      from(kind === "n" ? "0123456789" : kind === "a" ? upper : upper + "0123456789", Number(length))
    ),
  ).map((parts) => withIbanCheck(country, parts.join("")))
).chain((number) =>
  fc.constantFrom(
    number,
    number,
    number.toLowerCase(),
    number.replaceAll(/.{4}(?=.)/g, "$& "),
    number.replaceAll(/.{4}(?=.)/g, "$&-"),
  )
);

export const ssn: fc.Arbitrary<string> = fc.tuple(
  fc.integer({ min: 1, max: 899 }).filter((area) => area !== 666),
  fc.integer({ min: 1, max: 99 }),
  fc.integer({ min: 1, max: 9999 }),
  fc.constantFrom("-", " "),
).map(([area, group, serial, by]) =>
  String(area).padStart(3, "0") + by + String(group).padStart(2, "0") + by + String(serial).padStart(4, "0")
);

const octet = fc.integer({ min: 0, max: 255 });
export const ipv4: fc.Arbitrary<string> = fc.tuple(octet, octet, octet, octet)
  .map((octets) => octets.join("."))
  .filter((address) => !["0.0.0.0", "127.0.0.1"].includes(address));

const group16 = fc.integer({ min: 0, max: 0xffff }).map((value) => value.toString(16));
export const ipv6: fc.Arbitrary<string> = fc.oneof(
  fc.array(group16, { minLength: 8, maxLength: 8 }).map((groups) => groups.join(":")),
  fc.tuple(
    fc.array(group16, { minLength: 1, maxLength: 4 }),
    fc.array(group16, { minLength: 1, maxLength: 3 }),
  )
    .map(([head, tail]) => `${head.join(":")}::${tail.join(":")}`),
  ipv4.map((address) => `::ffff:${address}`),
  group16.map((last) => `fe80::${last}%eth0`),
  fc.constantFrom("2001:db8::", "2001:DB8:0:0:8:800:200C:417A", "64:ff9b::192.0.2.33"),
).filter((address) => /\d/.test(address) && !["::1", "::"].includes(address));

/** Shapes by country, a # for each digit. */
export const phoneShapes: readonly string[] = [
  // North America
  "(2##) 555-####",
  "2##-555-####",
  "3##.555.####",
  "1-4##-555-####",
  "+1-5##-555-####",
  "+16##555####",
  "(7##)555-####x###",
  "001-8##-555-####x####",
  "9##-555-#### ext. ##",
  "2## 555 ####",
  // Europe
  "+44 20 #### ####",
  "020 7### ####",
  "07### ######",
  "01### ######",
  "+44 7### ######",
  "+49 30 ######",
  "+49 (0)30 #######",
  "030 / ### ## ##",
  "0171/#######",
  "089 ### ## ##",
  "+33 # ## ## ## ##",
  "01.##.##.##.##",
  "06 ## ## ## ##",
  "+34 6## ### ###",
  "6## ### ###",
  "6## ## ## ##",
  "+39 0## #######",
  "03## #######",
  "3## ### ####",
  "06-########",
  "+31 6 ########",
  "04# ## ## ##",
  "047# ## ## ##",
  "079 ### ## ##",
  "+41 79 ### ## ##",
  "0676 ### ## ##",
  "08-### ### ##",
  "0650-### ## ##",
  "+46 70 ### ## ##",
  "9## ## ###",
  "+47 ### ## ###",
  "20-##-##-##",
  "+45 ## ## ## ##",
  "046 ### ####",
  "22 ### ## ##",
  "+48 ### ### ###",
  "601 ### ###",
  "30 ### ####",
  "(06 30) ###-####",
  "041-###-###",
  // Elsewhere
  "(11) 9####-####",
  "(21) ####-####",
  "+55 11 9#### ####",
  "(08) 9### ####",
  "04## ### ###",
  "+61 4## ### ###",
  "(021) ###-####",
  "082 ### ####",
  "+27 82 ### ####",
  "03-####-####",
  "090-####-####",
  "+81 90 #### ####",
  "138 #### ####",
  "+86 138 #### ####",
  "98### #####",
  "+91 98### #####",
  "0532 ### ## ##",
  "+971 50 ### ####",
  "0044 20 #### ####",
];

/** Shapes that are too much like other numbers to be known without a word beside them. */
export const bareUnlikely: readonly string[] = [
  "41# ####",
  "20 ## ## ##",
  "2########",
  "7#########",
  "9### ####",
];

export function fillShape(shape: string): fc.Arbitrary<string> {
  const places = shape.split("#").length - 1;
  return digits(places).map((all) => {
    let at = 0;
    return shape.replaceAll("#", () => all[at++]);
  });
}

export const phone: fc.Arbitrary<string> = fc.constantFrom(...phoneShapes).chain(fillShape);
export const anyPhone: fc.Arbitrary<string> = fc.constantFrom(...phoneShapes, ...bareUnlikely).chain(
  fillShape,
);

const base64url = (text: string) => btoa(text).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");

/** Tokens by the name of their mask. */
export const token: fc.Arbitrary<Planted> = fc.oneof(
  planted(
    "aws_key",
    fc.tuple(fc.constantFrom("AKIA", "ASIA"), from(upper + "234567", 16)).map((all) => all.join("")),
  ),
  planted(
    "github_token",
    fc.tuple(fc.constantFrom("ghp_", "gho_", "ghu_", "ghs_", "ghr_"), from(alphanumeric, 36)).map((all) =>
      all.join("")
    ),
  ),
  planted(
    "github_token",
    fc.tuple(from(alphanumeric, 22), from(alphanumeric, 59)).map((all) => "github_pat_" + all.join("_")),
  ),
  planted("gitlab_token", from(urlSafe, 20).map((body) => "glpat-" + body)),
  planted(
    "slack_token",
    fc.tuple(fc.constantFrom("b", "p", "a", "s"), digits(12), digits(12), from(alphanumeric, 24)).map((
      [kind, ...rest],
    ) => `xox${kind}-${rest.join("-")}`),
  ),
  planted(
    "slack_token",
    fc.tuple(from(upper + "0123456789", 8), from(upper + "0123456789", 10), from(alphanumeric, 24)).map((
      [t, b, s],
    ) => `https://hooks.slack.com/services/T${t}/B${b}/${s}`),
  ),
  planted(
    "stripe_key",
    fc.tuple(fc.constantFrom("sk_live_", "rk_live_", "sk_test_"), from(alphanumeric, 24, 99)).map((all) =>
      all.join("")
    ),
  ),
  planted("stripe_key", from(alphanumeric, 32).map((body) => "whsec_" + body)),
  planted("google_key", from(urlSafe, 35).map((body) => "AIza" + body)),
  planted("google_key", from(urlSafe, 60).map((body) => "ya29." + body)),
  planted(
    "openai_key",
    fc.tuple(from(alphanumeric, 20), from(alphanumeric, 20)).map(([a, b]) => `sk-${a}T3BlbkFJ${b}`),
  ),
  planted("openai_key", from(urlSafe, 80).map((body) => "sk-proj-" + body)),
  planted("anthropic_key", from(urlSafe, 93).map((body) => "sk-ant-api03-" + body + "AA")),
  planted("npm_token", from(alphanumeric, 36).map((body) => "npm_" + body)),
  planted(
    "jwt",
    fc.tuple(fc.constantFrom("HS256", "RS256", "ES512"), fc.string({ maxLength: 30 }), from(urlSafe, 43)).map(
      ([alg, sub, sum]) =>
        [
          base64url(JSON.stringify({ alg, typ: "JWT" })),
          base64url(JSON.stringify({ sub: encodeURIComponent(sub), iat: 1700000000 })),
          sum,
        ].join("."),
    ),
  ),
);

function planted(kind: string, texts: fc.Arbitrary<string>): fc.Arbitrary<Planted> {
  return texts.map((text) => ({ kind, text }));
}

export const pem: fc.Arbitrary<string> = fc.tuple(
  fc.constantFrom("RSA PRIVATE KEY", "PRIVATE KEY", "OPENSSH PRIVATE KEY", "EC PRIVATE KEY", "CERTIFICATE"),
  fc.array(from(alphanumeric + "+/", 64), { minLength: 1, maxLength: 4 }),
  fc.constantFrom("\n", "\\n", "\r\n", " "),
).map(([label, lines, by]) => [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`].join(by));

/** Everything that is known by its shape alone, each with the kind of its mask. */
export const anything: fc.Arbitrary<Planted> = fc.oneof(
  planted("email", email),
  planted("card", card),
  planted("iban", iban),
  planted("ssn", ssn),
  planted("ip", ipv4),
  planted("ip", ipv6),
  planted("phone", phone),
  planted("private_key", pem),
  token,
);

/** A password without any shape; only its name can give it away. */
export const password: fc.Arbitrary<string> = from(alphanumeric + "!$%^*+?.", 8, 24).filter((text) =>
  /\d/.test(text) && !text.startsWith("$")
);

export const secretName: fc.Arbitrary<string> = fc.constantFrom(
  "password",
  "Password",
  "db_password",
  "passwd",
  "PASSWD",
  "userPassword",
  "secret",
  "client_secret",
  "clientSecret",
  "token",
  "access_token",
  "refreshToken",
  "API_TOKEN",
  "api_key",
  "apiKey",
  "API-KEY",
  "x-api-key",
  "API Key",
  "private_key",
  "privateKey",
  "aws_secret_access_key",
  "SecretAccessKey",
  "authorization",
  "Authorization",
  "proxy-authorization",
  "cookie",
  "Set-Cookie",
  "credentials",
  "passphrase",
  "session_id",
  "connectionString",
  "AccountKey",
  "auth",
  "cvv",
  "otp",
);
