/**
 * What a policy is once it is ready to judge: patterns built, roots normalized, names folded, rules indexed by what they
 * are about. `compile.ts` makes it.
 */

import type { CompiledGlob } from "./answer_glob.ts";
import type { ArgvRule } from "./argv/answer_argv.ts";
import type { Bucket } from "./limit.ts";
import type { PolicyNumber } from "./number.ts";
import type { NamedPart } from "./named_parts.ts";
import type { OwnFiles } from "./own_files.ts";
import type { PathSettings } from "./path.ts";
import type { CompiledQuota } from "./quota.ts";
import type { Pattern } from "./pattern.ts";
import type { Rule } from "./rule.ts";
import type { ScopeIndex } from "./scope.ts";
import type { SelectorStep } from "./selector.ts";
import type { UrlRule } from "./url/answer_url.ts";
import type { Trust } from "./trust.ts";

export type CompiledLiteral =
  | { readonly kind: "text"; readonly text: string; readonly folded: string }
  | { readonly kind: "number"; readonly source: string; readonly value: number }
  | { readonly kind: "constant"; readonly value: boolean | null };

export type CompiledCheck =
  | { readonly kind: "one_of"; readonly literals: readonly CompiledLiteral[] }
  | {
    readonly kind: "pattern";
    readonly whole: boolean;
    readonly source: string;
    readonly pattern: Pattern;
  }
  | { readonly kind: "glob"; readonly globs: readonly CompiledGlob[] }
  /** Normalized absolute directories. */
  | { readonly kind: "under"; readonly roots: readonly string[] }
  | { readonly kind: "url"; readonly rule: UrlRule }
  | { readonly kind: "argv"; readonly rule: ArgvRule<CompiledCheck> }
  | { readonly kind: "min"; readonly bound: PolicyNumber }
  | { readonly kind: "max"; readonly bound: PolicyNumber }
  | { readonly kind: "max_length"; readonly length: number }
  | { readonly kind: "present"; readonly present: boolean };

export interface CompiledArgument {
  readonly selector: string;
  /** The argument, at whose name a path begins. */
  readonly name: string;
  readonly foldedName: string;
  /** The steps of a path below the argument; undefined: the argument itself. */
  readonly below: readonly SelectorStep[] | undefined;
  /** The selector `"**"`. */
  readonly everywhere: boolean;
  readonly checks: readonly CompiledCheck[];
}

export interface CompiledRule {
  readonly id: string;
  /** Place in the document, from 0. */
  readonly order: number;
  readonly scope: Rule["scope"];
  readonly observes: boolean;
  readonly reason: string | undefined;
  readonly arguments: readonly CompiledArgument[];
  /** `others: none`. */
  readonly closed: boolean;
  /** The arguments that selectors name, for `closed`. */
  readonly names: ReadonlySet<string>;
  /** What they name inside the arguments, for `closed`; undefined where none is a path. */
  readonly parts: NamedPart | undefined;
  /** Whether a check needs facts. */
  readonly looksAtDisk: boolean;
  /** `schema: declared`. */
  readonly schema: boolean;
  /** `max_result`. */
  readonly resultBytesMax: number | undefined;
  /** When the rule ends, in Unix milliseconds; undefined: never. */
  readonly untilMs: number | undefined;
  /** Only on what denies and asks: it is there only while the session has all of these labels. */
  readonly ifTainted: readonly string[] | undefined;
}

/** It has a bucket or a quota. */
export interface CompiledLimit extends CompiledRule {
  readonly bucket: Bucket | undefined;
  readonly quota: CompiledQuota | undefined;
}

/** A rule that allows or asks, as what it brings in is concerned. */
export interface CompiledTaint extends CompiledRule {
  readonly labels: readonly string[];
}

export interface CompiledAsk extends CompiledRule {
  /** Unique over all policies of the session. */
  readonly key: string;
  readonly approvedForMs: number;
}

/** The asking rules, by what surely is theirs and by what could be. */
export interface CompiledAsks {
  readonly surely: ScopeIndex<CompiledAsk>;
  /** As a deny with the same words would cover. */
  readonly perhaps: ScopeIndex<CompiledAsk>;
}

export interface CompiledDocument {
  readonly name: string;
  /** Names what is in force: the digest of the policy file, and the variables that it was given. */
  readonly edition: string;
  readonly mode: "enforce" | "observe";
  readonly default: "allow" | "deny";
  readonly denials: "tool_result" | "protocol_error";
  readonly deny: ScopeIndex<CompiledRule>;
  readonly limit: ScopeIndex<CompiledLimit>;
  /** Undefined where no rule asks. */
  readonly ask: CompiledAsks | undefined;
  readonly allow: ScopeIndex<CompiledRule>;
  /** Rules that bring labels in, covering as denies do; undefined where none does. */
  readonly taint: ScopeIndex<CompiledTaint> | undefined;
  /** Rules that bound answers, covering as denies do; undefined where none does. */
  readonly bounds: ScopeIndex<CompiledRule> | undefined;
  /** Rules that count over sessions and windows, and that bring labels in or look at them; undefined where none does. */
  readonly shared: ScopeIndex<CompiledRule> | undefined;
}

/** All policies of a session. Opaque: made by `compilePolicies`, asked by `needs`, `decide`, `couldAllow`. */
export interface CompiledPolicy {
  /** At least one. */
  readonly documents: readonly CompiledDocument[];
  readonly paths: PathSettings;
  /** Normalized absolute paths of files that no call may name. */
  readonly ownFiles: OwnFiles;
  /** Every bucket of every limit by its id. */
  readonly buckets: ReadonlyMap<string, Bucket>;
  /** Whether any rule, ours included, needs facts. */
  readonly rulesLookAtDisk: boolean;
  /** When rules end, the first first, in Unix milliseconds; see `policy_at.ts`. */
  readonly endings: readonly number[];
  /** Whether any rule bounds the answers to what it lets through. */
  readonly boundsResults: boolean;
  /** What is expected of what the server says of itself; undefined where nothing is. */
  readonly trust: Trust | undefined;
  /** Whether any rule brings labels in. */
  readonly rulesTaint: boolean;
  /** Whether what is earned and used up is shared with other proxies, so that decisions need it as a fact. */
  readonly sharesState: boolean;
}
