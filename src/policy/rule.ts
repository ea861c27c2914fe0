/** A policy after loading: every word understood, every pattern still text. What `document.ts` makes and `compile.ts` takes. */

import type { TextPosition } from "../errors.ts";
import type { ArgvRule } from "./argv/answer_argv.ts";
import type { UrlRule } from "./url/answer_url.ts";

/** A literal that an argument may equal. Numbers keep their spelling (exact comparison above 2^53). */
export type Literal = string | boolean | null | {
  readonly kind: "number";
  readonly source: string;
  readonly value: number;
};

/** One thing to be checked about one value. A check says yes, no or unknown; see `match.ts`. */
export type Check =
  | { readonly kind: "equals"; readonly value: Literal }
  | { readonly kind: "one_of"; readonly values: readonly Literal[] }
  /** The whole string. RE2 syntax. */
  | { readonly kind: "matches"; readonly pattern: string; readonly at: TextPosition }
  /** Anywhere in the string. RE2 syntax. */
  | { readonly kind: "finds"; readonly pattern: string; readonly at: TextPosition }
  /** The whole string, one of these: `*` any run without `/`, `**` any run, `?` one character but `/`. */
  | { readonly kind: "glob"; readonly globs: readonly string[] }
  /** Inside one of these directories (absolute, as written in the policy). */
  | { readonly kind: "under"; readonly roots: readonly string[] }
  /** A URL with these parts. */
  | { readonly kind: "url"; readonly rule: UrlRule; readonly at: TextPosition }
  /** One plain command. */
  | { readonly kind: "argv"; readonly rule: ArgvRule<Check>; readonly at: TextPosition }
  | { readonly kind: "min"; readonly bound: number }
  | { readonly kind: "max"; readonly bound: number }
  /** Characters (UTF-16 code units) of a string, elements of an array. */
  | { readonly kind: "max_length"; readonly length: number }
  | { readonly kind: "present"; readonly present: boolean };

/** All checks on one argument: they hold together. */
export interface ArgumentRule {
  /**
   * A path to values of the arguments (`path`, `options.depth`, `edits[*].file`), see `selector.ts`; or `"**"`: any
   * string, key or spelt number, anywhere in the arguments.
   */
  readonly selector: string;
  readonly checks: readonly Check[];
  readonly at: TextPosition;
}

/** Names or globs (`*` any run of characters, `?` one) per kind of target. A rule covers what any of its lists covers. */
export interface Scope {
  readonly tools: readonly string[];
  /** URI globs. */
  readonly resources: readonly string[];
  readonly prompts: readonly string[];
  /** Match the method of any operation, tool calls included, in both directions. */
  readonly methods: readonly string[];
}

/** `60 calls/minute`: a token bucket that holds `burst` and refills evenly. */
export interface Rate {
  readonly calls: number;
  readonly perMs: number;
  readonly burst: number;
}

/** What a quota counts over. Hours and days are those of UTC. */
export type Window = "session" | "hour" | "day";

/** `{ calls: 100, per: session }`, `{ sum: amount, max: 50000, per: day }`. */
export interface Quota {
  readonly per: Window;
  /** Above zero. */
  readonly max: number;
  /** The argument that is summed up; absent: calls are counted. */
  readonly sum?: string;
}

export interface Rule {
  /** Unique in the file; `rule-N` (counted from 1) where the author gave none. */
  readonly id: string;
  readonly effect: "allow" | "deny" | "ask" | "limit";
  readonly scope: Scope;
  readonly args: readonly ArgumentRule[];
  /** `none`: arguments that no selector names do not pass. */
  readonly others: "any" | "none";
  /** Only on `limit`, which has it or `quota`. */
  readonly to?: Rate;
  readonly quota?: Quota;
  /** Labels that the session gets when a call that the rule covers is let through. Only on `allow` and `ask`. */
  readonly taint?: readonly string[];
  /** The rule is there only while the session has all of these labels. Only on `deny` and `ask`. */
  readonly ifTainted?: readonly string[];
  /** Only on `ask`: for how long an approval holds for the very same call. */
  readonly approvedForMs?: number;
  /** Only on `allow` and `ask`: the arguments must satisfy the schema that the server declares for the tool. */
  readonly schema?: "declared";
  /** Only on `allow` and `ask`: a larger answer is not passed on. */
  readonly resultBytesMax?: number;
  readonly reason?: string;
  /** When it ends, in Unix milliseconds: from that moment on it is not there. Absent: never. */
  readonly untilMs?: number;
  /** `observe`: what this rule alone would have done is recorded, not done. */
  readonly mode: "enforce" | "observe";
  readonly at: TextPosition;
}

/** How the server process is to be kept. */
export interface ServerSettings {
  readonly memoryBytesMax?: number;
  readonly processesMax?: number;
  readonly openFilesMax?: number;
  readonly fileBytesMax?: number;
  readonly cpuSecondsMax?: number;
  readonly stopTimeoutMs?: number;
  /** Names of variables; absent: everything the client gave, less our own and the loader's variables. */
  readonly passEnv?: readonly string[];
  /** Working directory; absent: ours. */
  readonly directory?: string;
  /** The least containment level that the author accepts. */
  readonly containment?: "namespace" | "process";
}

/** A call as examples write it. */
export interface ExampleCall {
  readonly target: "tool" | "resource" | "prompt" | "method";
  readonly name: string;
  /** As JSON text, so that number spellings stay; absent: no arguments. */
  readonly argumentsJson?: string;
  readonly from: "downstream" | "upstream";
}

/** A call with the verdict that the author expects. */
export interface Example extends ExampleCall {
  /** How often the same call was made before, at the same moment: what shows a limit. Absent: never. */
  readonly after?: number;
  /** Other calls that were let through before, at the same moment: what shows a flow. Absent: none. */
  readonly afterCalls?: readonly ExampleCall[];
  readonly expect: "allow" | "deny" | "ask" | "limit";
  /** The rule that must have decided, or `default`; absent: any. */
  readonly expectRule?: string;
  readonly at: TextPosition;
}

export interface PolicyDocument {
  /** The file's name as the user gave it, or `built-in`. */
  readonly file: string;
  readonly name: string;
  /** SHA-256 of the file's bytes, lower-case hex. */
  readonly sha256: string;
  /** The values that were put in for its variables; absent where it declares none. */
  readonly vars?: readonly { readonly name: string; readonly value: string }[];
  readonly mode: "enforce" | "observe";
  readonly default: "allow" | "deny";
  readonly denials: "tool_result" | "protocol_error";
  readonly messageBytesMax?: number;
  /** It may be enforced only beside a lock of the server. */
  readonly lock?: "required";
  /** Text that nobody sees, in descriptions and results: absent means `note`. */
  readonly invisibleText?: "note" | "refuse";
  readonly rules: readonly Rule[];
  readonly server: ServerSettings;
  readonly examples: readonly Example[];
}
