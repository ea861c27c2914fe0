/**
 * What a record says, before it is a line: a closed union by `kind`. Texts from outside stand here as they came; the
 * writer masks and bounds them.
 */

import type { Operation, TargetKind } from "../mcp/operation.ts";
import type { Decision, DenialCode } from "../policy/decision.ts";
import type { Facts, SharedState, SurfaceFact } from "../policy/facts.ts";
import type { InvisibleCounts } from "../wire/invisible_text.ts";
import type { MaskKind } from "./mask.ts";

/** Who sent the message that a record speaks of. */
export type Sender = "agent" | "server";

export type RecordBody =
  | StartRecord
  | DecisionRecord
  | OutcomeRecord
  | RefusedRecord
  | ConsentRecord
  | EventRecord
  | EndRecord;

/** The first record of a session: what was in force. */
export interface StartRecord {
  readonly kind: "start";
  /** Our own version. */
  readonly lilith: string;
  /** `linux x86_64`, with the versions that matter. */
  readonly platform: string;
  readonly policies: readonly {
    readonly name: string;
    readonly file: string;
    /** Of the file's bytes, lower-case hex. */
    readonly sha256: string;
    readonly mode: "enforce" | "observe";
    /** What was put in for its variables: with it, the hash says what was in force. */
    readonly vars?: readonly { readonly name: string; readonly value: string }[] | undefined;
  }[];
  readonly server: {
    readonly command: string;
    readonly args: readonly string[];
    readonly directory: string;
    /** Other directories in which it could begin relative paths; absent: none. */
    readonly namedDirectories?: readonly string[];
  };
  /** The lock that the server is held against. */
  readonly lock?: {
    readonly file: string;
    /** Of the file's bytes, lower-case hex. */
    readonly sha256: string;
  } | undefined;
  readonly containment: {
    readonly level: string;
    readonly mechanism: string;
  };
  /** Those of our own files (policies, this log) that the server's user could write: nothing below is proof against it. */
  readonly writableByServer: readonly string[];
  /** The masks in force. */
  readonly masks: readonly MaskKind[];
  /** The unfinished line with which an earlier writer left the log; see `Sink.torn`. */
  readonly torn?: TornLine | undefined;
  /** The policies may change during the session; each change is an event. */
  readonly watch?: boolean | undefined;
}

/** A line that was never finished: its writer died, or the disk was full. */
export interface TornLine {
  readonly bytes: number;
  /** Of what there is of it, lower-case hex. */
  readonly sha256: string;
}

/** What was decided about one message, written before the message moves. */
export interface DecisionRecord {
  readonly kind: "decision";
  /** Joins it to its outcome. Absent for what gets no answer. */
  readonly call?: number | undefined;
  readonly from: Sender;
  readonly type: "request" | "notification" | "result" | "error";
  /** The id's JSON text, as the sender spelt it. */
  readonly id?: string | undefined;
  readonly method: string;
  readonly target: TargetKind;
  /** The tool's or prompt's name, the resource's URI, else the method again. */
  readonly name: string;
  /** `ask`: it is held until a person has answered; a `consent` record says what came of it. */
  readonly decision: Omit<Decision, "action"> & { readonly action: Decision["action"] | "ask" };
  /** What was found out about the world for it; with these a replay comes to the same verdict. */
  readonly facts: Facts;
  /** What was shared with other proxies, as far as the policies have to do with it; absent: it was not asked for. */
  readonly shared?: SharedState | undefined;
  /** What the server had said of the tool or prompt; a fact like those. */
  readonly surface?: SurfaceFact | undefined;
  /** The arguments as they stand in the message: validated JSON at `bytes[start, end)`. */
  readonly arguments?: JsonSpan | undefined;
  /** Keyed digest of the arguments, for those too long to be recorded. */
  readonly argumentsDigest?: string | undefined;
  /** Length of the whole message. */
  readonly bytes: number;
  /** The batch that the message came in, counted from 1 for each sender. */
  readonly batch?: number | undefined;
  readonly notes?: readonly Note[] | undefined;
  /** It stands in the answer to this call, or in the notification that this call number was given. */
  readonly within?: number | undefined;
  /** What else the message was about, and passed with it or was denied with it. */
  readonly also?: readonly Pick<Operation, "target" | "name">[] | undefined;
  /** By whose yes it passed, where a rule asks for one. With it a replay comes to the same verdict. */
  readonly consent?: RecordedConsent | undefined;
  /** Characters in it that nobody sees, by their kind; only of what the server sends. */
  readonly invisible?: InvisibleCounts | undefined;
}

/** A person's yes to one call. */
export interface RecordedConsent {
  /** `person`: asked for this call. `kept`: asked before, for the very same. `approval`: given by the command line. */
  readonly by: "person" | "kept" | "approval";
  /** The rules that asked, as `Asking.key` has them. */
  readonly rules: readonly string[];
  /** The call under which it was held. */
  readonly heldAs?: number | undefined;
}

/** What a person has said, or that nobody did. */
export interface ConsentRecord {
  readonly kind: "consent";
  /** The call that was held. */
  readonly call: number;
  readonly answer: "approved" | "declined" | "dismissed" | "unreadable" | "timeout";
  readonly durationMs: number;
  /** It came inside the call and was taken out of it: keyed digests of the message before and after. */
  readonly cut?: { readonly before: string; readonly after: string };
}

export interface JsonSpan {
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
  /** The same as text, where somebody has it already. */
  readonly source?: string | undefined;
}

/** Something unusual about a message that was passed on all the same. */
export type Note =
  | "duplicate_key"
  | "lone_surrogate"
  /** An answer to 7 with the id `"7"`, or the other way round. */
  | "id_of_other_type"
  /** Progress under the token `"7"`, where 7 was asked for, or the other way round. */
  | "token_of_other_type"
  /** A request asks for progress under a token that another one still has. */
  | "progress_token_in_use";

/** Why a message did not pass, besides what a policy says. */
export type RefusalCode =
  /** No message that could be read, or one that two readers would read differently. */
  | "malformed"
  | "too_large"
  /** A rule lets no answer of that size through. */
  | "result_too_large"
  /** It holds text that nobody sees, and the policy refuses that. */
  | "invisible_text"
  /** Too many requests wait for their answers. */
  | "in_flight"
  /** An answer to nothing, or the progress or cancellation of nothing. */
  | "unasked"
  | "cancelled"
  | "server_gone"
  | "audit_failed"
  /** An error of ours. */
  | "internal";

/** What became of a request: its answer, or that it will have none. */
export interface OutcomeRecord {
  readonly kind: "outcome";
  readonly call: number;
  /** Who answered, or who ended the wait. */
  readonly from: Sender;
  readonly type: "result" | "error" | "tool_error" | "none";
  readonly action: "forward" | "filter" | "replace" | "drop";
  readonly code?: RefusalCode | DenialCode | undefined;
  readonly durationMs: number;
  /** Length of the answer as it came; 0 where there was none. */
  readonly bytes: number;
  /** A list was cut: the names that were taken out, and keyed digests of the message before and after. */
  readonly filtered?: {
    readonly removed: readonly string[];
    readonly before: string;
    readonly after: string;
    /** It was to be shared (`cacheScope`), and is marked as private now. */
    readonly madePrivate?: boolean;
  } | undefined;
  readonly notes?: readonly Note[] | undefined;
  /** Characters in it that nobody sees, by their kind. */
  readonly invisible?: InvisibleCounts | undefined;
  /** The answer was withheld: who said so, and why. */
  readonly withheld?: { readonly policy: string; readonly rule: string; readonly reason: string } | undefined;
}

/** A message that never reached a verdict. */
export interface RefusedRecord {
  readonly kind: "refused";
  readonly from: Sender;
  readonly code: RefusalCode;
  readonly reason: string;
  /** The id's JSON text, where one could be read. */
  readonly id?: string | undefined;
  readonly method?: string | undefined;
  readonly bytes: number;
  /** The batch that the message came in, counted from 1 for each sender. */
  readonly batch?: number | undefined;
}

/** Something that happened to the session and is no message. */
export type EventRecord =
  | {
    readonly kind: "event";
    readonly name:
      | "policy_missing"
      | "server_exited"
      | "stopping"
      /** A tool, prompt, template or the instructions are not as they were locked. */
      | "surface_not_as_locked"
      /** The description of one of them holds text that nobody sees. */
      | "invisible_text"
      /** A request of our own to the server, and what came of it. */
      | "server_asked"
      | "server_answered";
    readonly detail: string;
  }
  | PolicyChangeRecord;

/**
 * Something that was seen of the policy files while the session ran. `policy_changed`: every record behind this one was
 * judged by what was found. `policy_kept`: by what was in force before, because what was found is no policy, or nothing
 * was. `policy_restored`: after such a time the files are again what is in force.
 */
export interface PolicyChangeRecord {
  readonly kind: "event";
  readonly name: "policy_changed" | "policy_kept" | "policy_restored";
  readonly detail: string;
  /** All policies of the session, in their order. */
  readonly policies: readonly {
    readonly file: string;
    /** SHA-256 of the bytes that were in force until now, lower-case hex. */
    readonly before: string;
    /** Of those that were found; absent where the file could not be read. */
    readonly found?: string | undefined;
  }[];
  /** Settings of the policies that a running server keeps as it was started with. */
  readonly atNextStart?: readonly string[] | undefined;
  /** Lists of which we told the agent that they have changed. */
  readonly announced?: readonly string[] | undefined;
}

/** The last record of a session. */
export interface EndRecord {
  readonly kind: "end";
  readonly reason: string;
  /** Exit status of the server; 128 + n where signal n ended it. */
  readonly status: number;
  readonly counts: {
    readonly forwarded: number;
    readonly denied: number;
    readonly refused: number;
  };
}
