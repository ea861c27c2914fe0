/** What can be masked, and what stands in its place. */

/**
 * Every kind of personal data and secret that is looked for, in the order of precedence: where two recognisers claim
 * the same characters, the mask bears the name of the kind that stands further up.
 */
export const maskKinds = [
  "private_key",
  "url_credentials",
  "aws_key",
  "github_token",
  "gitlab_token",
  "slack_token",
  "stripe_key",
  "google_key",
  "anthropic_key",
  "openai_key",
  "npm_token",
  "token",
  "jwt",
  "authorization",
  "secret",
  "email",
  "iban",
  "card",
  "ssn",
  "ip",
  "phone",
] as const;

export type MaskKind = typeof maskKinds[number];

/**
 * The text that replaces what was found: `‹email›`. The quotation marks are outside ASCII, so that a mask is told from
 * anything that a program would write.
 */
export function maskOf(kind: MaskKind): string {
  return `‹${kind}›`;
}

/** One place in a record where something was masked. */
export interface Masked {
  readonly kind: MaskKind;
  /** Like a JSON pointer (RFC 6901): `/headers/authorization`. Itself masked and cut; empty for the whole text. */
  readonly path: string;
  /** How many were masked there. */
  readonly count: number;
}
