/** Names of keys, variables and headers that tell what their value is. */

import { isLetter } from "./characters.ts";

/** A word in a name by which its value is known to be a secret. */
export interface SecretWord {
  readonly text: string;
  /**
   * - `any`: in whatever name it stands (`dbPassword2`);
   * - `word`: not as the beginning of a longer word (`secretary`, `tokenizer`);
   * - `name`: only as the whole name (`auth`, not `author`).
   */
  readonly as: "any" | "word" | "name";
}

/** What programs put between the words of a name; it makes no difference which. */
export const nameSeparators = "_-. ";

/** Two words that are one name: `apikey`, `api_key`, `api-key`, `api key`, `api.key`. */
function joined(first: string, ...seconds: string[]): SecretWord[] {
  return seconds.flatMap((second) => ["", "_"].map((by) => ({ text: first + by + second, as: "any" })));
}

function list(text: string): string[] {
  return text.split(" ");
}

function words(as: SecretWord["as"], text: string): SecretWord[] {
  return list(text).map((word) => ({ text: word, as }));
}

/** All in lower case; they are compared without regard to it. */
export const secretWords: readonly SecretWord[] = [
  ...words("any", "password passwd passphrase passcode passwort kennwort contrase authorization pwd"),
  ...words("word", "secret token cookie credential"),
  ...words("name", "auth pass otp totp jwt sid cvv cvc cvv2 pw psw senha"),
  ...joined("api", "key", "secret"),
  ...joined("access", "key"),
  ...joined("private", "key"),
  ...joined("signing", "key"),
  ...joined("encryption", "key"),
  ...joined("master", "key"),
  ...joined("account", "key"),
  ...joined("license", "key"),
  ...joined("auth", "key"),
  ...joined("session", "id", "key"),
  ...joined("connection", "string"),
  ...joined("security", "code"),
];

/** Names in the query of a URL whose values let their bearer in; elsewhere these words are too common. */
export const queryWords: readonly string[] = ["sig=", "signature=", "key=", "code=", "hmac="];

/** What may stand behind a telling word when the value is only *about* the secret: how many, how long, where. */
const harmlessEndings = new Set(
  ("count counts limit limits type types usage budget policy length strength required expiry expires expiresin " +
    "expiresat expiration ttl url uri endpoint name names file path filename filepath consent ref enabled")
    .split(" "),
);

/** Tokens that are no credentials: places in a list, marks of a task, units of text. */
const harmlessTokens =
  ("page next continuation progress cancellation cursor pagination resume sync max min total " +
    "prompt completion input output cached reasoning num used eos bos pad unk stop").split(" ");

/** Whether `name`, in which `word` stands at `[start, end)`, says that its value is a secret. */
export function tellsSecret(name: string, word: SecretWord, start: number, end: number): boolean {
  const before = squeeze(name.slice(0, start));
  const after = squeeze(name.slice(end));
  if (word.as === "name") return before === "" && after === "";
  if (harmlessEndings.has(after)) return false;
  if (word.as === "word" && !endsAsWord(name, end)) return false;
  return word.text !== "token" || !harmlessTokens.some((harmless) => before.endsWith(harmless));
}

/** The name's letters and digits in lower case: what is left when spellings are left aside. */
function squeeze(name: string): string {
  return name.toLowerCase().replaceAll(/[^a-z0-9]/g, "");
}

/** Whether the word that ends at `end` is not continued, but for a plural's s: in camel case a new word begins with a capital. */
function endsAsWord(name: string, end: number): boolean {
  if (!continuesWord(name, end)) return true;
  return (name.charCodeAt(end) | 0x20) === 0x73 && !continuesWord(name, end + 1);
}

function continuesWord(name: string, at: number): boolean {
  const c = name.charCodeAt(at);
  return isLetter(c) && isUpper(c) === isUpper(name.charCodeAt(at - 1));
}

function isUpper(c: number): boolean {
  return c >= 0x41 && c <= 0x5a;
}

/** Words by which the number that follows them is known to be a telephone's, wherever they stand in a name. */
export const phoneWords: readonly string[] = list(
  "phone telefon mobile celular whatsapp contact_number contactnumber",
);

/** The same, but only as words of their own: `tel`, not `hotel`. */
export const shortPhoneWords: readonly string[] = list(
  "tel cell cel gsm sms call dial fax handy mobil hotline tlf",
);

/** Words by which nine digits are known to be a social security number. */
export const ssnWords: readonly string[] = ["ssn", "socialsecurity", "social_security"];
