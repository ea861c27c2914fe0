import assert from "node:assert/strict";
import fc from "fast-check";
import { redactText } from "../../src/audit/redact.ts";
import {
  anyPhone,
  anything,
  bareUnlikely,
  fillShape,
  password,
  phone,
  secretName,
  withIbanCheck,
  withLuhn,
} from "./generators.ts";

/** What one text becomes. */
function masks(cases: Readonly<Record<string, string>>): void {
  for (const [text, expected] of Object.entries(cases)) assert.equal(redactText(text).text, expected, text);
}

function leaves(texts: readonly string[]): void {
  for (const text of texts) assert.deepEqual(redactText(text), { text, masked: [] });
}

Deno.test("redactText() masks e-mail addresses in every script, and their percent-encoded form", () => {
  masks({
    "to Ada <ada.lovelace+x@mail.example.co.uk>, now": "to Ada <‹email›>, now",
    "mailto:a@b.de?subject=x": "mailto:‹email›?subject=x",
    "jürgen@bücher.example": "‹email›",
    "用户@例子.公司，谢谢": "‹email›，谢谢",
    "q=bob%40example.com&x": "q=‹email›&x",
    "postmaster@[192.0.2.1]": "‹email›",
    "end of sentence bob@example.com.": "end of sentence ‹email›.",
    "ａｄａ＠ｅｘａｍｐｌｅ．ｃｏｍ": "‹email›",
  });
});

Deno.test("redactText() leaves what only looks like an address: packages, files, decorators, host names without a dot", () => {
  leaves([
    "react@18.2.0",
    "@scope/name@1.2.3",
    "icon@2x.png",
    "@app.route('/')",
    "root@localhost",
    "a @ b.com",
    "user@",
  ]);
});

Deno.test("redactText() masks card numbers in the groupings that cards have", () => {
  masks({
    "4111111111111111": "‹card›",
    "4111 1111 1111 1111, exp 12/29": "‹card›, exp 12/29",
    "5555-5555-5555-4444": "‹card›",
    "4111.1111.1111.1111": "‹card›",
    "3782 822463 10005": "‹card›",
    "3056 930902 5904": "‹card›",
    "4 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1": "‹card›",
    "４１１１１１１１１１１１１１１１": "‹card›",
    "card_4111111111111111_x": "card_‹card›_x",
    "PAN\u00a04111\u20111111\u20111111\u20111111": "PAN\u00a0‹card›",
  });
});

Deno.test("redactText() masks what is spelt with escapes, percent signs, entities or characters that nobody sees", () => {
  masks({
    "ada\\u0040example.com": "‹email›",
    'x = "ada\\x40example.com"': 'x = "‹email›"',
    "ada\\u{40}example.com": "‹email›",
    "ada\\\\u0040example.com": "‹email›",
    "ada%2540example.com": "‹email›",
    "ada&#64;example.com and ada&#x40;example.com": "‹email› and ‹email›",
    "4111%201111%201111%201111": "‹card›",
    "4111%C2%A01111%25C2%25A01111%C2%A01111": "‹card›",
    "n=4111+1111+1111+1111&m=2": "n=‹card›&m=2",
    "4111\\u{a0}1111\\u{a0}1111\\u{a0}1111": "‹card›",
    "4111\u00ad1111\u200b1111\u20601111": "‹card›",
    "ghp%5Fabcdefghijklmnopqrstuvwxyz0123456789": "‹github_token›",
    "ghp_\u200babcdefghijklmnopqrstuvwxyz0123456789": "‹github_token›",
    "https%3A%2F%2Fuser%3Ahunter22%40host%2Fx": "https%3A%2F%2F‹url_credentials›%40host%2Fx",
    "https:\\/\\/user:hunter22@host\\/x": "https:\\/\\/‹url_credentials›@host\\/x",
    "password%3Dhunter22%26next=1": "password%3D‹secret›%26next=1",
    // A terminal's colours, in whose last letter a word would begin.
    "\x1b[32mghp_abcdefghijklmnopqrstuvwxyz0123456789": "\x1b[32m‹github_token›",
    "\x1b[0m4111111111111111": "\x1b[0m‹card›",
    "ghp_abcdefghijklm\x1b[1;31mnopqrstuvwxyz0123456789": "‹github_token›",
    "\\u001b[32mghp_abcdefghijklmnopqrstuvwxyz0123456789": "\\u001b[32m‹github_token›",
    "-----BEGIN PRIVATE KEY-----\\u{a}MIIE\\u{a}-----END PRIVATE KEY----- and more": "‹private_key› and more",
  });
});

Deno.test("redactText() leaves escapes that spell nothing to mask", () => {
  leaves([
    "a%20b%2Fc%25",
    "C:\\users\\xavier",
    "\\u0041\\x42&#67;",
    "soft\u00adhyphen",
    "100%ab",
    "%C3%A9t%C3%A9 %ff%fe %c3",
    "\\\\\\\\",
    "&#9999999;",
    "\x1b[32mgreen\x1b[0m and \x1b[",
  ]);
});

Deno.test("redactText() reads a long row of backslashes, percent signs or ampersands once", () => {
  // Were each of them the beginning of a search to the end, this would take minutes.
  for (const piece of ["\\", "%25", "&#1", "\\u{1", "\x1b[", "\x1b[0"]) leaves([piece.repeat(200_000)]);
});

Deno.test("redactText() leaves numbers whose check digit or issuer is wrong, and digits that belong to something else", () => {
  leaves([
    "4111111111111112",
    "9999999999999995",
    "0.4111111111111111",
    "1790000000123",
    "1790000000123456789",
    "41111111111111114111111111111111",
    "a4111111111111111",
    "550e8400-e29b-41d4-a716-446655440000 1",
    "id 446655440000 1",
  ]);
});

Deno.test("redactText() leaves UUIDs even where their groups pass for numbers of cards or accounts", () => {
  leaves([
    `550e8400-e29b-41d4-a716-${withLuhn("56781234567")}`,
    `00000000-${withLuhn("50181234123").replaceAll(/.{4}(?=.)/g, "$&-")}-123456789012`,
    "00000000-0000-1000-be88-e04900000005",
  ]);
  masks({ [withLuhn("56781234567")]: "‹card›", "be88-e04900000005": "‹iban›" });
});

Deno.test("redactText() masks account numbers of each length and leaves the words behind them", () => {
  masks({
    "GB29 NWBK 6016 1331 9268 19 to other bank": "‹iban› to other bank",
    "GB29NWBK60161331926819 to other bank": "‹iban› to other bank",
    "no9386011117947": "‹iban›",
    "MT84MALT011000012345MTLCAST001S": "‹iban›",
    "(DE89-3704-0044-0532-0130-00)": "(‹iban›)",
    [`SC${withIbanCheck("SC", "SSCB11010000000000001497USD").slice(2)}`]: "‹iban›",
  });
  leaves([
    "GB28 NWBK 6016 1331 9268 19",
    "DE8937040044053201300",
    "DE893704004405320130001",
    "ZZ89370400440532013000",
    "De89370400440532013000",
  ]);
});

Deno.test("redactText() masks social security numbers of areas that exist", () => {
  masks({
    "SSN: 123-45-6789.": "SSN: ‹ssn›.",
    "899 01 0001": "‹ssn›",
    "social security number 078051120": "social security number ‹ssn›",
  });
  leaves([
    "000-12-3456",
    "666-12-3456",
    "900-12-3456",
    "123-00-4567",
    "123-45-0000",
    "1-123-45-6789",
    "123-45-6789-0",
    "078051120",
  ]);
});

Deno.test("redactText() masks IP addresses in every spelling, and leaves versions, chapters, times and paths of code", () => {
  masks({
    "from 10.1.2.3:8080 to 192.168.001.010/24.": "from ‹ip›:8080 to ‹ip›/24.",
    "[2001:db8::1]:443": "[‹ip›]:443",
    "fe80::1%eth0 ::ffff:192.0.2.1 1:2:3:4:5:6:7:8": "‹ip› ‹ip› ‹ip›",
    "2001:DB8:0:0:8:800:200C:417A": "‹ip›",
    "64:ff9b::192.0.2.33.": "‹ip›.",
    "host:fe80::1": "host:‹ip›",
  });
  leaves([
    "1.2.3",
    "v1.2.3.4",
    "version 1.2.3.4",
    "Chrome/120.0.0.0",
    "1.2.3.4.5",
    "256.1.1.1",
    "§2.5.5.2",
    "12:30:45",
    "00:1A:2B:3C:4D:5E",
    "std::vector a::b dead::beef",
    "127.0.0.1 ::1 0.0.0.0",
    "1:2:3:4:5:6:7:8:9",
    "1::2::3",
  ]);
});

Deno.test("redactText() masks credentials in URLs and in their queries, and leaves the host", () => {
  masks({
    "https://bob:p%40ss@example.com/x": "https://‹url_credentials›@example.com/x",
    "postgres://u:p@ss@db:5432/x": "postgres://‹url_credentials›@db:5432/x",
    "https://0123abc@github.com/o/r": "https://‹url_credentials›@github.com/o/r",
    "https://x.example/cb?state=1&access_token=abc.def&b=2":
      "https://x.example/cb?state=1&access_token=‹secret›&b=2",
    "/f?sig=0a1b2c3d4e&se=1": "/f?sig=‹secret›&se=1",
  });
  leaves([
    "ssh://git@github.com/o/r",
    "https://example.com/@scope/name",
    "https://example.com/?key=name",
    "a://b",
  ]);
});

Deno.test("redactText() masks PEM blocks with real, escaped and missing line breaks, and cut-off ones as far as they reach", () => {
  const body = "MIIEowIBAAKCAQEA0Z3VS5JJcds3xfn/ygWyF8PbnGy0AHB7";
  const whole = (by: string) =>
    ["-----BEGIN RSA PRIVATE KEY-----", body, "-----END RSA PRIVATE KEY-----"].join(by);
  masks({
    [`key:\n${whole("\n")}\nend`]: "key:\n‹private_key›\nend",
    [whole("\\n") + "!"]: "‹private_key›!",
    [whole(" ")]: "‹private_key›",
    [`-----BEGIN PRIVATE KEY-----\n${body}`]: "‹private_key›",
    'x.startsWith("-----BEGIN CERTIFICATE-----") || other(y)': 'x.startsWith("‹private_key›) || other(y)',
  });
});

Deno.test("redactText() masks bearer and basic credentials, and leaves prose about them", () => {
  masks({
    "curl -H 'X: Bearer abc.def-123'": "curl -H 'X: Bearer ‹authorization›'",
    "basic dXNlcjpwYXNz": "basic ‹authorization›",
    "Authorization: Digest username=a, nonce=b\nHost: c": "Authorization: ‹secret›\nHost: c",
    "Set-Cookie: sid=1; Path=/\r\nHost: c": "Set-Cookie: ‹secret›\r\nHost: c",
  });
  leaves([
    "the bearer token",
    "bearer authentication",
    "Basic authentication",
    "basic knowledge",
    "basic education, 12 years",
  ]);
});

Deno.test("redactText() masks what a telling name is given, in every notation", () => {
  masks({
    "password=hunter2": "password=‹secret›",
    "DB_PASSWORD = 'a b c';": "DB_PASSWORD = '‹secret›';",
    'export API_KEY="x"': 'export API_KEY="‹secret›"',
    "passwd: abc, next: d": "passwd: ‹secret›, next: d",
    '{"client_secret":"s","n":1}': '{"client_secret":"‹secret›","n":1}',
    '{\\"apiKey\\": \\"s\\"}': '{\\"apiKey\\": \\"‹secret›\\"}',
    'token => "abc"': 'token => "‹secret›"',
    "cmd --api-key abc --verbose": "cmd --api-key ‹secret› --verbose",
    "<password>hunter2</password>": "<password>‹secret›</password>",
    "h['Authorization'] = 'x'": "h['Authorization'] = '‹secret›'",
    "AccountKey=abc==;EndpointSuffix=x": "AccountKey=‹secret›;EndpointSuffix=x",
    'password="unterminated value': 'password="‹secret›',
    'token=password:"a b c"': 'token=‹secret›"‹secret›"',
  });
});

Deno.test("redactText() leaves names that only sound like secrets, and program text that holds none", () => {
  leaves([
    "max_tokens: 100",
    "total_tokens=5",
    "nextPageToken: abc",
    "progressToken: 7",
    "tokenizer: fast",
    "token_count=3",
    "secretary: Jane",
    "author: Jane",
    "password_policy: strict",
    "secretName: db",
    "password: string",
    "token = getToken()",
    "const token = process.env.TOKEN;",
    "password: ${PASSWORD}",
    "token: {{ token }}",
    "--password",
    "the password, please",
    "passwordless: yes".replace("passwordless", "keyless"),
  ]);
});

Deno.test("redactText() masks telephone numbers in the shapes of many countries", () => {
  masks({
    "call me on (212) 555-0123 x44": "call me on ‹phone›",
    "+49 (0)30 / 123-456, please": "‹phone›, please",
    "0044 20 7946 0958": "‹phone›",
    "01.23.45.67.89": "‹phone›",
    "Phone: 5551234567": "Phone: ‹phone›",
    '{"tel":"412 3456"}': '{"tel":"‹phone›"}',
    "tel:+1-201-555-0123": "tel:‹phone›",
    "Mobile number of the office: 20304050": "Mobile number of the office: ‹phone›",
    "+1\u2011201\u2011555\u20110123": "‹phone›",
  });
});

Deno.test("redactText() leaves dates, times, identifiers, ranges, rows of numbers and amounts", () => {
  leaves([
    "2024-01-15",
    "2024-01-15T10:30:00.123Z",
    "2024-01-15 10:30:00",
    "15.01.2024 10:30",
    "01-02-2023 1000",
    "call at 2024-01-15",
    "1700000000",
    "1700000000000",
    "550e8400-e29b-41d4-a716-446655440000",
    "d41d8cd98f00b204e9800998ecf8427e",
    "SKU-212-555-0123",
    "1,234,567.89",
    "10 20 30 40 50",
    "01 02 03 04 05 06 07 08",
    "00-11-22-33-44-55",
    "0123456789abcdef",
    "x = a+12345678",
    "192.168.1",
    "3.14159265358979",
    "/commit/78796290f9b7430c",
    "hotel 12345678",
  ]);
});

Deno.test("redactText() finds each token by its issuer, and nothing in words that begin like one", () => {
  const tail = "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8s9T0";
  for (
    const [prefix, kind] of [
      ["ghp_", "github_token"],
      ["github_pat_", "github_token"],
      ["glpat-", "gitlab_token"],
      ["xoxb-", "slack_token"],
      ["sk_live_", "stripe_key"],
      ["whsec_", "stripe_key"],
      ["AIza", "google_key"],
      ["ya29.", "google_key"],
      ["sk-ant-api03-", "anthropic_key"],
      ["sk-proj-", "openai_key"],
      ["sk-", "openai_key"],
      ["npm_", "npm_token"],
      ["hf_", "token"],
    ]
  ) {
    const { text, masked } = redactText(`x ${prefix}${tail} y`);
    assert.equal(text, `x ‹${kind}› y`);
    assert.deepEqual(masked, [{ kind, path: "", count: 1 }]);
  }
  masks({
    "AKIAIOSFODNN7EXAMPLE": "‹aws_key›",
    "https://hooks.slack.com/services/T00000000/B00000000/XXXX": "https://‹slack_token›",
  });
  leaves([
    "disk-sk-",
    "task-management-system-of-2024",
    "npm_config_registry",
    "sk-cube-grid-animation-delay",
    "AKIAIOSFODNN7EXAMPLES",
    "eyJhbGciOiJIUzI1NiJ9",
    "eyJ.abc",
  ]);
});

Deno.test("redactText() says how many of each kind were masked", () => {
  assert.deepEqual(redactText("a@b.de, c@d.de, 10.0.0.1").masked, [
    { kind: "email", path: "", count: 2 },
    { kind: "ip", path: "", count: 1 },
  ]);
});

Deno.test("redactText() changes nothing in what it has masked already", () => {
  fc.assert(fc.property(anything, secretName, password, ({ text }, name, value) => {
    const once = redactText(`${text} ${name}: ${value}`).text;
    assert.equal(redactText(once).text, once);
  }));
});

/** Texts around something planted, none of which is a part of it. */
const surroundings: readonly (readonly [string, string])[] = [
  ["", ""],
  ["Please write to ", " today."],
  ["(", ")"],
  ['{"a":"', '"}'],
  ['{\\"a\\":\\"', '\\"}'],
  ["first line\n", "\nlast line"],
  ["first line\\n", "\\nlast line"],
  ["x=", ";"],
  ["会", "。"],
  ["<b>", "</b>"],
];

Deno.test("redactText() leaves nothing of anything planted, whatever stands around it", () => {
  fc.assert(
    fc.property(anything, fc.constantFrom(...surroundings), ({ text }, [before, after]) => {
      // A PEM block and a URL may take a character of their surroundings with them; never the other way round.
      const masked = redactText(before + text + after).text.replaceAll(/‹[a-z_]+›/g, "");
      for (const piece of pieces(text)) assert.ok(!masked.includes(piece), `${piece} is left in ${masked}`);
    }),
    { numRuns: 3000 },
  );
});

/** Runs of the text that are long enough to give it away. */
function pieces(text: string): string[] {
  const letters = text.replace("https://", "");
  const length = Math.min(letters.length, 6);
  return [
    letters.slice(0, length),
    letters.slice(-length),
    letters.slice(letters.length / 2).slice(0, length),
  ];
}

Deno.test("redactText() leaves nothing of a password behind a telling name", () => {
  const notations = [
    (name: string, value: string) => `${name}=${value}`,
    (name: string, value: string) => `${name}: ${value}`,
    (name: string, value: string) => `"${name}": "${value}"`,
    (name: string, value: string) => `\\"${name}\\":\\"${value}\\"`,
    (name: string, value: string) => `run --${name} ${value} now`,
    (name: string, value: string) => `<${name}>${value}</${name}>`,
  ];
  fc.assert(
    fc.property(secretName, password, fc.constantFrom(...notations), (name, value, write) => {
      // Names with a space in them stand in no tag and behind no dashes.
      fc.pre(!name.includes(" ") || !write("a", "b").startsWith("<") && !write("a", "b").includes("--"));
      assert.ok(!redactText(write(name, value)).text.includes(value));
    }),
    { numRuns: 2000 },
  );
});

Deno.test("redactText() finds at least 95 of 100 telephone numbers behind a word for it, and 75 without", () => {
  const sample = (numbers: fc.Arbitrary<string>) => fc.sample(numbers, { numRuns: 2000, seed: 20260901 });
  const isMasked = (text: string) => !/\d/.test(redactText(text).text);
  const share = (texts: readonly string[]) => texts.filter(isMasked).length / texts.length;
  for (const word of ["phone: ", "Tel. ", "fax ", '{"mobile":"', "My phone number is "]) {
    assert.ok(share(sample(anyPhone).map((number) => word + number)) >= 0.95, word);
  }
  assert.ok(share(sample(anyPhone).map((number) => `We met ${number} there`)) >= 0.75);
  assert.ok(share(sample(phone).map((number) => `We met ${number} there`)) >= 0.95);
});

Deno.test("redactText() leaves bare numbers that could as well count something", () => {
  fc.assert(fc.property(fc.constantFrom(...bareUnlikely).chain(fillShape), (number) => {
    assert.equal(redactText(`We met ${number} there`).text, `We met ${number} there`);
  }));
});

const hexadecimal = (length: number) =>
  fc.array(fc.constantFrom(..."0123456789abcdef"), { minLength: length, maxLength: length }).map((all) =>
    all.join("")
  );

Deno.test("redactText() leaves UUIDs, hashes, versions and times", () => {
  const harmless = fc.oneof(
    fc.uuid(),
    hexadecimal(32).filter((text) => /[a-f]/.test(text)),
    hexadecimal(40).filter((text) => /[a-f]/.test(text)),
    hexadecimal(64).filter((text) => /[a-f]/.test(text)),
    fc.date({ noInvalidDate: true, min: new Date("1970-01-01"), max: new Date("2999-12-31") }).map((date) =>
      date.toISOString()
    ),
    fc.tuple(fc.nat(99), fc.nat(99), fc.nat(999)).map((parts) => parts.join(".")),
    fc.tuple(fc.nat(23), fc.nat(59), fc.nat(59)).map((parts) =>
      parts.map((part) => String(part).padStart(2, "0")).join(":")
    ),
  );
  fc.assert(fc.property(harmless, (text) => leaves([`at ${text} it was`])), { numRuns: 2000 });
});

Deno.test("redactText() keeps all that it does not mask, in its order", () => {
  fc.assert(
    fc.property(
      fc.array(fc.oneof(anything.map(({ text }) => text), fc.string({ unit: "grapheme" }))),
      (parts) => {
        const text = parts.join(" ");
        const kept = redactText(text).text.split(/‹[a-z_]+›/);
        let at = 0;
        for (const piece of kept) {
          const found = text.indexOf(piece, at);
          assert.ok(found >= 0);
          at = found + piece.length;
        }
      },
    ),
  );
});

Deno.test("redactText() sees an international number behind a separator, whatever stands in front of that", () => {
  for (const before of ["/srv/log2/", "2,", "12:", "v1.", "3-", "4_", "5 ", "a/"]) {
    assert.equal(redactText(`${before}+49 30 901820`).text, `${before}‹phone›`, before);
  }
  assert.equal(redactText("12+49 30 901820").text, "12+49 30 901820");
});
