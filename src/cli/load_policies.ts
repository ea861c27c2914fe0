/** The policies of a session: read, checked, and compiled for this machine; or an error, and nothing is started. */

import { LilithError } from "../errors.ts";
import { compilePolicies } from "../policy/compile.ts";
import type { CompiledPolicy } from "../policy/compiled.ts";
import { denyAll } from "../policy/deny_all.ts";
import type { Lock } from "../policy/lock.ts";
import { loadPatternEngine, usesPatterns } from "../policy/pattern.ts";
import type { PolicyDocument, Rule } from "../policy/rule.ts";
import { readPolicyFile } from "./policy_file.ts";
import { demandDeclared, type GivenVariables } from "./variables.ts";

/**
 * Loads every file; none named: the built-in policy that denies every call. Findings go to `say`, formatted with the
 * line they speak of; `vars` are values for their variables. Throws if any file is wrong: half a policy is not enforced.
 */
export async function loadPolicies(
  files: readonly string[],
  say: (finding: string) => void,
  vars: GivenVariables = new Map(),
): Promise<readonly PolicyDocument[]> {
  if (files.length === 0) {
    say(
      "warning: no policy was given, so every tool call is denied\n" +
        "  hint: add --policy FILE; policies/filesystem.yaml is one to begin with",
    );
    demandDeclared(vars, []);
    return [denyAll()];
  }
  const documents: PolicyDocument[] = [];
  for (const file of files) documents.push(await loadPolicy(file, say, vars));
  demandDeclared(vars, documents.flatMap((document) => (document.vars ?? []).map(({ name }) => name)));
  return documents;
}

async function loadPolicy(
  file: string,
  say: (finding: string) => void,
  vars: GivenVariables,
): Promise<PolicyDocument> {
  const bytes = await readPolicyFile(file);
  // Loaded late: the YAML reader and the schema are the slowest part of a start, and not needed without a policy.
  const { decodeDocument, formatDiagnostic } = await import("../policy/document.ts");
  const text = new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
  const loaded = decodeDocument(bytes, file, { nowMs: Date.now(), vars });
  for (const warning of loaded.warnings) say(formatDiagnostic(warning, text));
  if (loaded.kind === "ok") {
    if (loaded.document.mode === "observe") say(`warning: policy "${file}" blocks nothing (mode: observe)`);
    return loaded.document;
  }
  for (const error of loaded.errors) say(formatDiagnostic(error, text));
  throw new LilithError(loaded.errors[0].code, {
    message: `Cannot start: policy "${file}" has ${
      loaded.errors.length === 1 ? "an error" : `${loaded.errors.length} errors`
    }`,
    hint: `lilith-zero policy check ${file}`,
  });
}

/** What policies are compiled for. */
export interface CompileSettings {
  /** The server's working directory, absolute. */
  readonly workingDirectory: string;
  /** Directories that the server was told of, where relative paths may begin as well; left out: none. */
  readonly namedDirectories?: readonly string[];
  /** What the server said of itself when it was approved; left out where it was not locked. */
  readonly lock?: Lock | undefined;
  /** Whether other proxies share what is counted and seen; left out: they do not. */
  readonly sharesState?: boolean;
}

/** Makes the policies ready to judge calls of the server that the settings speak of. */
export async function compileFor(
  documents: readonly PolicyDocument[],
  ownFiles: readonly string[],
  settings: CompileSettings,
): Promise<CompiledPolicy> {
  const engine = usesPatterns(documents) ? await loadPatternEngine() : undefined;
  return compilePolicies(documents, { ...settings, pathCase: "exact", ownFiles }, engine);
}

/** Makes the same of any policies that {@linkcode compileFor} makes of those of the start; all is loaded that they may need. */
export async function openCompiler(
  settings: CompileSettings,
): Promise<(documents: readonly PolicyDocument[], ownFiles: readonly string[]) => CompiledPolicy> {
  const engine = await loadPatternEngine();
  return (documents, ownFiles) => {
    demandLock(documents, settings.lock);
    demandState(documents, settings.sharesState === true);
    return compilePolicies(documents, { ...settings, pathCase: "exact", ownFiles }, engine);
  };
}

/** Refuses policies that count over hours and days where nothing outlasts this process. Throws `policy_bad_value`. */
export function demandState(documents: readonly PolicyDocument[], hasState: boolean): void {
  if (hasState) return;
  for (const document of documents) {
    const rule = document.rules.find(needsState);
    if (rule === undefined) continue;
    throw new LilithError("policy_bad_value", {
      message: `Cannot start: rule "${rule.id}" of policy "${document.file}" limits per ${
        rule.quota!.per
      }, and without a state nothing is counted beyond this process`,
      hint: "Add --state FILE to run; all proxies with the same file count together",
      at: { ...rule.at, file: document.file },
    });
  }
}

/** Whether what a rule counts outlasts a session. */
function needsState({ quota }: Rule): boolean {
  return quota !== undefined && quota.per !== "session";
}

/** Refuses policies that demand a lock where there is none. Throws `lock_missing`. */
export function demandLock(documents: readonly PolicyDocument[], lock: Lock | undefined): void {
  const demanding = documents.find((document) => document.lock === "required");
  if (demanding === undefined || lock !== undefined) return;
  throw new LilithError("lock_missing", {
    message: `Cannot start: policy "${demanding.file}" demands a lock (lock: required), and none was given`,
    hint:
      "Make one with: lilith-zero lock --output lilith.lock -- COMMAND…, and add --lock lilith.lock to run",
  });
}
