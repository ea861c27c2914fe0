/**
 * A policy made ready to judge: patterns built once, roots normalized, names folded, rules indexed by what they are
 * about. What the loader lets through and the engine could not keep is refused here, with its position.
 */

import { type CompiledGlob, compileGlob } from "./answer_glob.ts";
import { LilithError, type TextPosition } from "../errors.ts";
import { type ArgvRule, operandChecks } from "./argv/answer_argv.ts";
import { builtInPolicy } from "./built_in.ts";
import { approvedForMsDefault } from "../limits.ts";
import { type Bucket, bucketOf } from "./limit.ts";
import type { Lock } from "./lock.ts";
import { type PolicyNumber, policyNumber } from "./number.ts";
import { type NamedPart, nameParts } from "./named_parts.ts";
import { type OwnFiles, prepareOwnFiles } from "./own_files.ts";
import { normalizePath, type PathSettings } from "./path.ts";
import { type CompiledQuota, compileQuota } from "./quota.ts";
import type { Pattern, PatternEngine } from "./pattern.ts";
import { endingsOf } from "./policy_at.ts";
import type { ArgumentRule, Check, Literal, PolicyDocument, Quota, Rule } from "./rule.ts";
import { ScopeIndex } from "./scope.ts";
import type { SelectedPath } from "./select.ts";
import { parseSelector, type SelectorStep } from "./selector.ts";
import type { UrlRule } from "./url/answer_url.ts";
import { quote } from "./sentence.ts";
import { foldText } from "./text_readings.ts";
import type { Trust } from "./trust.ts";
import { isDrivePath, normalizeWindowsPath } from "./windows_path.ts";

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
  /** Rules that count over sessions and windows, and that bring labels in or look at them; undefined where none does. */
  readonly shared: ScopeIndex<CompiledRule> | undefined;
}

/** All policies of a session. Opaque: made by {@linkcode compilePolicies}, asked by `needs`, `decide`, `couldAllow`. */
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

/** What a policy means depends on it, but it is not in the file. */
export interface CompileOptions {
  /** The server's working directory, absolute. */
  readonly workingDirectory: string;
  /** Whether the file system tells `A` from `a`. */
  readonly pathCase: "exact" | "fold";
  /** Whose paths they are; absent: `posix`. */
  readonly pathStyle?: PathSettings["style"];
  /** Canonical absolute paths of our policy files, audit log and the like. */
  readonly ownFiles: readonly string[];
  /** What the server said of itself when it was approved; left out where it was not locked. */
  readonly lock?: Lock | undefined;
  /** What sessions and windows have used up is shared with other proxies; left out: it is not. */
  readonly sharesState?: boolean;
}

/**
 * Compiles the policies of one session. No documents are one that denies.
 *
 * Errors: `policy_bad_value` for a pattern, rate or directory that cannot be kept, `internal` where the caller broke
 * the contract (a relative path in the options, patterns without an engine).
 *
 * ```ts
 * import { compilePolicies } from "./compile.ts";
 *
 * const policy = compilePolicies([], { workingDirectory: "/srv", pathCase: "exact", ownFiles: [] }, undefined);
 * console.assert(policy.documents[0].default === "deny");
 * ```
 */
export function compilePolicies(
  documents: readonly PolicyDocument[],
  options: CompileOptions,
  engine: PatternEngine | undefined,
): CompiledPolicy {
  const style = options.pathStyle ?? "posix";
  const paths: PathSettings = {
    workingDirectory: demandAbsolute(options.workingDirectory, "working directory", style),
    pathCase: options.pathCase,
    style,
  };
  for (const document of documents) demandRootsOf(style, document);
  const ownFiles = prepareOwnFiles(
    // (On Windows nothing looks for our files yet, so that none may be taken for guarded.)
    options.ownFiles.map((file) => demandAbsolute(file, "file of ours", "posix")),
    options.pathCase,
  );
  const buckets = new Map<string, Bucket>();
  const compiled = documents.map((document, index) => compileDocument(document, index + 1, engine, buckets));
  const rulesLookAtDisk = compiled.some(({ deny, limit, ask, allow }) =>
    [deny.rules, limit.rules, ask?.surely.rules ?? [], allow.rules].some((rules) =>
      rules.some((rule) => rule.looksAtDisk)
    )
  );
  return {
    documents: compiled.length > 0 ? compiled : [denyAll()],
    paths,
    ownFiles,
    buckets,
    rulesLookAtDisk,
    endings: endingsOf(documents.flatMap(({ rules }) => rules)),
    rulesTaint: compiled.some(({ taint }) => taint !== undefined),
    sharesState: options.sharesState === true && compiled.some(({ shared }) => shared !== undefined),
    boundsResults: documents.some(({ rules }) => rules.some((rule) => rule.resultBytesMax !== undefined)),
    trust: trustOf(documents, options.lock, engine),
  };
}

function trustOf(
  documents: readonly PolicyDocument[],
  lock: Lock | undefined,
  engine: PatternEngine | undefined,
): Trust | undefined {
  const refusesInvisible = documents.some(({ mode, invisibleText }) =>
    mode === "enforce" && invisibleText === "refuse"
  );
  const usesSchemas = documents.some(({ rules }) => rules.some(({ schema }) => schema === "declared"));
  if (usesSchemas && engine === undefined) {
    throw new LilithError("internal", {
      message: "Cannot compile the policy: it uses schemas, and no engine for their patterns was loaded",
    });
  }
  return lock === undefined && !refusesInvisible && !usesSchemas
    ? undefined
    : { lock, refusesInvisible, engine: usesSchemas ? engine : undefined };
}

function denyAll(): CompiledDocument {
  return {
    name: builtInPolicy,
    edition: "",
    mode: "enforce",
    default: "deny",
    denials: "tool_result",
    deny: new ScopeIndex<CompiledRule>([], "deny"),
    limit: new ScopeIndex<CompiledLimit>([], "deny"),
    ask: undefined,
    allow: new ScopeIndex<CompiledRule>([], "allow"),
    taint: undefined,
    shared: undefined,
  };
}

function compileDocument(
  document: PolicyDocument,
  number: number,
  engine: PatternEngine | undefined,
  buckets: Map<string, Bucket>,
): CompiledDocument {
  const deny: CompiledRule[] = [];
  const limit: CompiledLimit[] = [];
  const ask: CompiledAsk[] = [];
  const allow: CompiledRule[] = [];
  const taint: CompiledTaint[] = [];
  const shared: CompiledRule[] = [];
  document.rules.forEach((rule, order) => {
    const compiled = compileRule(rule, order, document, engine);
    if (rule.taint !== undefined && rule.mode === "enforce") taint.push({ ...compiled, labels: rule.taint });
    if ((rule.taint ?? rule.ifTainted ?? rule.quota) !== undefined) shared.push(compiled);
    switch (rule.effect) {
      case "deny":
        deny.push(compiled);
        break;
      case "allow":
        allow.push(compiled);
        break;
      case "ask":
        ask.push({
          ...compiled,
          key: `${number}/${rule.id}`,
          approvedForMs: rule.approvedForMs ?? approvedForMsDefault,
        });
        break;
      case "limit": {
        // The number keeps the buckets of two policies apart, even of two with one name.
        const id = `${number}/${rule.id}`;
        const bucket = rule.to && bucketOf(id, rule.to);
        const quota = rule.quota &&
          compileQuota(id, document.name, rule.id, rule.quota, summedPath(rule.quota));
        if (bucket === undefined && quota === undefined) {
          throw refuse(document, rule.at, `the rate of rule ${quote(rule.id)} cannot be kept`, {
            hint: "Give a whole number of calls and a period, as in 60 calls/minute, or a maximum above 0",
          });
        }
        if (limit.some((other) => other.id === rule.id)) {
          throw refuse(document, rule.at, `two limits are called ${quote(rule.id)}`, {
            hint: "Give each rule an id of its own",
          });
        }
        if (bucket !== undefined) buckets.set(id, bucket);
        limit.push({ ...compiled, bucket, quota });
      }
    }
  });
  return {
    name: document.name,
    edition: document.vars === undefined
      ? document.sha256
      : JSON.stringify([document.sha256, ...document.vars.map(({ name, value }) => [name, value])]),
    mode: document.mode,
    default: document.default,
    denials: document.denials,
    deny: new ScopeIndex(deny, "deny"),
    limit: new ScopeIndex(limit, "deny"),
    ask: ask.length === 0
      ? undefined
      : { surely: new ScopeIndex(ask, "allow"), perhaps: new ScopeIndex(ask, "deny") },
    allow: new ScopeIndex(allow, "allow"),
    taint: taint.length === 0 ? undefined : new ScopeIndex(taint, "deny"),
    shared: shared.length === 0 ? undefined : new ScopeIndex(shared, "deny"),
  };
}

function compileRule(
  rule: Rule,
  order: number,
  document: PolicyDocument,
  engine: PatternEngine | undefined,
): CompiledRule {
  const paths: (readonly SelectorStep[])[] = [];
  const compiled = rule.args.map((argument): CompiledArgument => {
    const checks = argument.checks.map((check) => compileCheck(check, argument, document, engine));
    const { selector } = argument;
    const parsed = parseSelector(selector);
    switch (parsed.kind) {
      case "everywhere":
        return { selector, name: "", foldedName: "", below: undefined, everywhere: true, checks };
      case "problem":
        throw refuse(document, argument.at, parsed.what, parsed);
      case "path": {
        paths.push(parsed.steps);
        return { selector, ...argumentOf(parsed.steps), everywhere: false, checks };
      }
    }
  });
  const isClosed = rule.others === "none";
  return {
    id: rule.id,
    order,
    scope: rule.scope,
    observes: rule.mode === "observe",
    reason: rule.reason,
    arguments: compiled,
    closed: isClosed,
    names: new Set(compiled.filter((argument) => !argument.everywhere).map((argument) => argument.name)),
    parts: isClosed && paths.some((steps) => steps.length > 1) ? nameParts(paths) : undefined,
    looksAtDisk: compiled.some((argument) => argument.checks.some(looksAtDisk)),
    schema: rule.schema === "declared",
    resultBytesMax: rule.resultBytesMax,
    untilMs: rule.untilMs,
    ifTainted: rule.ifTainted,
  };
}

function looksAtDisk(check: CompiledCheck): boolean {
  return check.kind === "under" || (check.kind === "argv" && operandChecks(check.rule).some(looksAtDisk));
}

function compileCheck(
  check: Check,
  argument: ArgumentRule,
  document: PolicyDocument,
  engine: PatternEngine | undefined,
): CompiledCheck {
  switch (check.kind) {
    case "equals":
      return { kind: "one_of", literals: [compileLiteral(check.value)] };
    case "one_of":
      return { kind: "one_of", literals: check.values.map(compileLiteral) };
    case "matches":
    case "finds":
      return {
        kind: "pattern",
        whole: check.kind === "matches",
        source: check.pattern,
        pattern: compilePattern(check.pattern, check.at, document, engine),
      };
    case "glob":
      return { kind: "glob", globs: check.globs.map(compileGlob) };
    case "under":
      return { kind: "under", roots: check.roots.map((root) => compileRoot(root, argument, document)) };
    case "url":
      return { kind: "url", rule: check.rule };
    case "argv": {
      const { operands, ...rest } = check.rule;
      if (operands === undefined || operands === "none") {
        return { kind: "argv", rule: operands === undefined ? rest : { ...rest, operands } };
      }
      const checks = operands.checks.map((one) => compileCheck(one, argument, document, engine));
      return { kind: "argv", rule: { ...rest, operands: { ...operands, checks } } };
    }
    case "min":
    case "max":
      return { kind: check.kind, bound: policyNumber(check.bound) };
    case "max_length":
      return { kind: "max_length", length: check.length };
    case "present":
      return { kind: "present", present: check.present };
  }
}

/** Where the amounts of a quota stand; undefined where calls are counted, and for what selects no one place. */
function summedPath({ sum }: Quota): SelectedPath | undefined {
  const parsed = sum === undefined ? undefined : parseSelector(sum);
  return parsed?.kind === "path" ? argumentOf(parsed.steps) : undefined;
}

/** A selector's path as it is looked up: its argument, and the steps below. The first step is always a name. */
export function argumentOf(steps: readonly SelectorStep[]): SelectedPath {
  const [first, ...below] = steps;
  if (first?.kind !== "member") {
    throw new LilithError("internal", { message: "Cannot use a selector: it begins without a name" });
  }
  const { name, foldedName } = first;
  return { name, foldedName, below: below.length === 0 ? undefined : below };
}

function compileLiteral(literal: Literal): CompiledLiteral {
  if (typeof literal === "string") return { kind: "text", text: literal, folded: foldText(literal) };
  if (typeof literal === "object" && literal !== null) {
    return { kind: "number", source: literal.source, value: literal.value };
  }
  return { kind: "constant", value: literal };
}

function compilePattern(
  source: string,
  at: TextPosition,
  document: PolicyDocument,
  engine: PatternEngine | undefined,
): Pattern {
  if (engine === undefined) {
    throw new LilithError("internal", {
      message: "Cannot compile the policy: it has patterns, and no engine for them was loaded",
    });
  }
  try {
    return engine.compile(source);
  } catch (cause) {
    if (!(cause instanceof LilithError)) throw cause;
    throw new LilithError(cause.code, {
      message: cause.message,
      ...(cause.hint === undefined ? {} : { hint: cause.hint }),
      at: withFile(at, document),
      cause,
    });
  }
}

function compileRoot(root: string, argument: ArgumentRule, document: PolicyDocument): string {
  if (isDrivePath(root)) return normalizeWindowsPath(root);
  if (!root.startsWith("/")) {
    throw refuse(document, argument.at, `${quote(root)} is no absolute directory`, {
      hint: "Begin the directory of `under` with a /",
    });
  }
  return normalizePath(root);
}

/** Directories as the policy has them, which must be those of the system that it is for. */
function demandRootsOf(style: PathSettings["style"], document: PolicyDocument): void {
  for (const rule of document.rules) {
    for (const { at, checks } of rule.args) {
      for (const root of checks.flatMap(rootsOf)) {
        if (isDrivePath(root) === (style === "windows")) continue;
        throw refuse(document, at, `${quote(root)} is no directory of this system`, {
          hint: style === "windows" ? "Write C:\\like\\this" : "Directories are written /like/this here",
        });
      }
    }
  }
}

function rootsOf(check: Check): readonly string[] {
  if (check.kind === "argv") return operandChecks(check.rule).flatMap(rootsOf);
  return check.kind === "under" ? check.roots : [];
}

function demandAbsolute(path: string, what: string, style: PathSettings["style"]): string {
  if (style === "windows" && isDrivePath(path)) return normalizeWindowsPath(path);
  if (style === "posix" && path.startsWith("/")) return normalizePath(path);
  throw new LilithError("internal", {
    message: `Cannot compile the policy: the ${what} ${quote(path)} is not absolute`,
  });
}

function refuse(
  document: PolicyDocument,
  at: TextPosition,
  seen: string,
  more: { readonly hint: string },
): LilithError {
  return new LilithError("policy_bad_value", {
    message: `Cannot use policy ${quote(document.name)}: ${seen}`,
    hint: more.hint,
    at: withFile(at, document),
  });
}

function withFile(at: TextPosition, document: PolicyDocument): TextPosition {
  return at.file === undefined ? { ...at, file: document.file } : at;
}
