/** Credentials that name their issuer in their first characters. */

import type { MaskKind } from "../mask.ts";
import { isAlphanumeric, isDigit, isIn, setOf } from "./characters.ts";
import type { Found } from "./found.ts";

const digits = "0123456789";
const upper = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
const alphanumeric = digits + upper + upper.toLowerCase();

const plain = setOf(alphanumeric);
const upperPlain = setOf(upper + digits);
const base64 = setOf(alphanumeric + "+/=");
/** RFC 4648 §5, and what issuers join such pieces with. */
const urlSafe = setOf(alphanumeric + "_-");
const dotted = setOf(alphanumeric + "_-.");
/** The path of a URL, also where its slashes are escaped as JSON writers like to. */
const path = setOf(alphanumeric + "_-/\\");

/** How the tokens of one issuer look. */
export interface TokenShape {
  readonly prefix: string;
  readonly kind: MaskKind;
  /** What may follow the prefix, and at least how much of it. */
  readonly characters: Uint8Array;
  readonly lengthMin: number;
  /** Exactly `lengthMin` characters, then the end of the word. */
  readonly exact?: boolean;
  /** A digit must be among them: else the prefix begins too many ordinary words. */
  readonly needsDigit?: boolean;
}

function shapes(
  kind: MaskKind,
  prefixes: string,
  characters: Uint8Array,
  lengthMin: number,
  more: Pick<TokenShape, "exact" | "needsDigit"> = {},
): TokenShape[] {
  return prefixes.split(" ").map((prefix) => ({ prefix, kind, characters, lengthMin, ...more }));
}

/** The lengths are lower bounds: issuers have made their tokens longer more than once, never shorter. */
export const tokenShapes: readonly TokenShape[] = [
  // AWS IAM identifiers, "Understanding unique ID prefixes": 20 characters in all.
  ...shapes("aws_key", "AKIA ASIA ABIA ACCA", upperPlain, 16, { exact: true }),
  ...shapes("github_token", "ghp_ gho_ ghu_ ghs_ ghr_", plain, 30),
  ...shapes("github_token", "github_pat_", urlSafe, 30),
  // GitLab, "Token overview": token prefixes.
  ...shapes(
    "gitlab_token",
    "glpat- gldt- glrt- glptt- glft- glsoat- glcbt- glimt- glagent- gloas-",
    dotted,
    16,
  ),
  ...shapes(
    "slack_token",
    "xoxb- xoxp- xoxa- xoxr- xoxs- xoxo- xoxe- xoxc- xoxd- xapp- xoxe.xox",
    dotted,
    10,
  ),
  ...shapes("slack_token", "hooks.slack.com", path, 20),
  ...shapes("stripe_key", "sk_live_ sk_test_ rk_live_ rk_test_", plain, 10),
  ...shapes("stripe_key", "whsec_", base64, 16),
  ...shapes("google_key", "AIza", urlSafe, 30),
  ...shapes("google_key", "ya29. GOCSPX- 1//0", dotted, 20),
  ...shapes("anthropic_key", "sk-ant-", urlSafe, 16),
  ...shapes("openai_key", "sk-proj- sk-svcacct- sk-admin-", urlSafe, 16),
  // The old OpenAI form, and that of many who took their interface over.
  ...shapes("openai_key", "sk-", urlSafe, 20, { needsDigit: true }),
  ...shapes("npm_token", "npm_", plain, 30),
  ...shapes("token", "pypi-AgE hf_ gsk_ dop_v1_ shpat_ shpss_ SG. xai-", dotted, 30),
  ...shapes("token", "AGE-SECRET-KEY-1", upperPlain, 30),
];

/** By then it shows whether something is a token: work on what is none must not add up. */
const decidedAfterCharacters = 64;

/** Reports the token that begins at `start`, where a word begins with the prefix of `shape` in whatever case. */
export function findToken(text: string, start: number, shape: TokenShape, found: Found[]): void {
  if (!text.startsWith(shape.prefix, start)) return;
  const body = start + shape.prefix.length;
  let end = body;
  let hasDigit = false;
  while (end - body < decidedAfterCharacters && isIn(shape.characters, text.charCodeAt(end))) {
    if (isDigit(text.charCodeAt(end))) hasDigit = true;
    end++;
  }
  const length = end - body;
  if (length < shape.lengthMin) return;
  if (shape.exact === true && (length > shape.lengthMin || isAlphanumeric(text.charCodeAt(end)))) return;
  if (shape.needsDigit === true && !hasDigit) return;
  while (isIn(shape.characters, text.charCodeAt(end))) end++;
  found.push({ start, end, kind: shape.kind });
}
