/**
 * A policy made ready to judge: patterns built once, roots normalized, names folded, rules indexed by what they are
 * about. What the loader lets through and the engine could not keep is refused here, with its position.
 */

import { LilithError } from "../errors.ts";
import { builtInPolicy } from "./built_in.ts";
import { approvedForMsDefault } from "../limits.ts";
import { type Bucket, bucketOf } from "./limit.ts";
import type { Lock } from "./lock.ts";
import { prepareOwnFiles } from "./own_files.ts";
import { normalizePath, type PathSettings } from "./path.ts";
import { compileQuota } from "./quota.ts";
import type { PatternEngine } from "./pattern.ts";
import { endingsOf } from "./policy_at.ts";
import type { PolicyDocument } from "./rule.ts";
import { ScopeIndex } from "./scope.ts";
import { quote } from "./sentence.ts";
import type { Trust } from "./trust.ts";
import { isDrivePath, normalizeWindowsPath } from "./windows_path.ts";
import type {
  CompiledAsk,
  CompiledDocument,
  CompiledLimit,
  CompiledPolicy,
  CompiledRule,
  CompiledTaint,
} from "./compiled.ts";
import { compileRule, demandRootsOf, refuse, summedPath } from "./compile_rule.ts";

/** What a policy means depends on it, but it is not in the file. */
export interface CompileOptions {
  /** The server's working directory, absolute. */
  readonly workingDirectory: string;
  /** Other directories in which the server could begin relative paths, absolute; absent: none. */
  readonly namedDirectories?: readonly string[];
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
    ...(options.namedDirectories === undefined || options.namedDirectories.length === 0 ? {} : {
      namedDirectories: options.namedDirectories.map((one) => demandAbsolute(one, "directory", style)),
    }),
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
    bounds: undefined,
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
  const bounds: CompiledRule[] = [];
  const shared: CompiledRule[] = [];
  document.rules.forEach((rule, order) => {
    const compiled = compileRule(rule, order, document, engine);
    if (rule.taint !== undefined && rule.mode === "enforce") taint.push({ ...compiled, labels: rule.taint });
    if (rule.resultBytesMax !== undefined && rule.mode === "enforce") bounds.push(compiled);
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
    bounds: bounds.length === 0 ? undefined : new ScopeIndex(bounds, "deny"),
    shared: shared.length === 0 ? undefined : new ScopeIndex(shared, "deny"),
  };
}

function demandAbsolute(path: string, what: string, style: PathSettings["style"]): string {
  if (style === "windows" && isDrivePath(path)) return normalizeWindowsPath(path);
  if (style === "posix" && path.startsWith("/")) return normalizePath(path);
  throw new LilithError("internal", {
    message: `Cannot compile the policy: the ${what} ${quote(path)} is not absolute`,
  });
}
