/** What is known of a message that waits for facts: all that its verdict needs but the facts themselves. */

import type { ErrorAnswer, Notification, Request, Result, Value } from "../mcp/message.ts";
import type { Operation, ReadOperation } from "../mcp/operation.ts";
import type { Facts, Query } from "../policy/facts.ts";

/** A message whose facts are being looked up. */
export type Waiting = WaitingRequest | WaitingAnswer;

interface WaitingBase {
  /** The policy has changed since: its queries are those of the old one, and it is judged anew from the beginning. */
  readonly isOvertaken?: boolean;
}

export interface WaitingRequest extends WaitingBase {
  readonly kind: "request";
  readonly message: Request | Notification;
  readonly operation: ReadOperation;
  readonly company: Company;
  /** It wants to know what the server says of what it uses. */
  readonly wantsSurface: boolean;
  readonly queries: readonly Query[];
  /** The rules to which a person has consented for this very message; absent: none. */
  readonly granted?: ReadonlySet<string> | undefined;
  /** Whose yes that was. */
  readonly heldAs?: number | undefined;
  /** Its facts, where it waits for an approval as well. */
  readonly found?: Facts;
  /** `ConsentCall.key` of what the approval is for. */
  readonly approvalFor?: string;
}

export interface WaitingAnswer extends WaitingBase {
  readonly kind: "answer";
  readonly message: Result | ErrorAnswer;
  readonly contents: AnswerContents;
  readonly queries: readonly Query[];
}

/** What a message is about besides its own operation. */
export interface Company {
  /** They pass unless a rule denies one, and the strictest verdict is that on the message. */
  readonly accompanying: readonly Operation[];
  /** What a server asks of the agent inside a notification: each is judged as a request of its own. */
  readonly asked: readonly ReadOperation[];
}

/** What an answer carries besides the answer. */
export type AnswerContents =
  /** Of a server: each is judged as a request of its own. */
  | { readonly kind: "asked"; readonly operations: readonly ReadOperation[] }
  /** Of the agent: `roots`, which pass together unless a rule denies one. */
  | { readonly kind: "given"; readonly operations: readonly Operation[]; readonly roots: Value };
