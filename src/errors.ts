/**
 * The one error type of the program: a closed set of codes, a sentence that says what could not be done and what was
 * seen, and a hint that says what to do.
 */

/** Where in a text an error lies. Lines and columns count from 1, as editors do. */
export interface TextPosition {
  /** The file's name as the user gave it; absent where the text came from no file. */
  readonly file?: string;
  /** From 1. */
  readonly line: number;
  /** From 1, in UTF-16 code units. */
  readonly column: number;
}

/** Every code an error of ours can carry. Closed: a new failure gets a new code here. */
export type ErrorCode =
  // command line
  | "usage"
  // policy files
  | "policy_unreadable"
  | "policy_too_large"
  | "policy_syntax"
  | "policy_unknown_key"
  | "policy_wrong_type"
  | "policy_bad_value"
  | "policy_not_yet"
  // lock files
  | "lock_unreadable"
  | "lock_unwritable"
  | "lock_malformed"
  /** A policy demands one, and none was given. */
  | "lock_missing"
  /** The server is started in another way than the one that was locked. */
  | "lock_other_command"
  // audit log
  | "audit_unwritable"
  | "audit_unreadable"
  // the shared state file
  | "state_unusable"
  | "state_busy"
  /** No call by that name waits for a person's approval. */
  | "approval_unknown"
  // the server process
  | "command_not_found"
  | "command_not_executable"
  | "command_not_started"
  | "containment_unavailable"
  | "libc_unavailable"
  // a server that was asked what it offers
  | "server_unusable"
  // a file that a command was to write
  | "output_unwritable"
  // a bug of ours
  | "internal";

/** What an error is made of, besides its code. */
export interface ErrorDetail {
  /** "Cannot <act>: <what was seen>". One sentence, no full stop. */
  readonly message: string;
  /** What to do about it. */
  readonly hint?: string;
  /** Where in the user's text. */
  readonly at?: TextPosition;
  /** The error that led to this one. */
  readonly cause?: unknown;
}

/**
 * An error that a person will read.
 *
 * ```ts
 * import { LilithError } from "./errors.ts";
 *
 * const error = new LilithError("policy_unknown_key", {
 *   message: 'Cannot load policy "team.yaml": unknown key "tool"',
 *   hint: 'Did you mean "tools"?',
 *   at: { file: "team.yaml", line: 12, column: 3 },
 * });
 * console.assert(error.code === "policy_unknown_key");
 * ```
 */
export class LilithError extends Error {
  /** Always `LilithError`. */
  override readonly name = "LilithError";
  /** What kind of error it is. */
  readonly code: ErrorCode;
  /** What to do about it; undefined where nothing can be said. */
  readonly hint: string | undefined;
  /** Where in the user's text it lies; undefined where it came from no text. */
  readonly at: TextPosition | undefined;

  /** An error of kind `code`; `detail.message` becomes its message. */
  constructor(code: ErrorCode, detail: ErrorDetail) {
    super(detail.message, detail.cause === undefined ? undefined : { cause: detail.cause });
    this.code = code;
    this.hint = detail.hint;
    this.at = detail.at;
  }
}

/** The position as `file:line:column`, as compilers print it. */
export function formatPosition(at: TextPosition): string {
  return `${at.file ?? "policy"}:${at.line}:${at.column}`;
}
