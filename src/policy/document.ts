/** Text of a policy.yaml → a {@linkcode PolicyDocument}, or everything that is wrong with it. */

import { createHash } from "node:crypto";
import type { LilithError, TextPosition } from "../errors.ts";
import { policyBytesMax } from "../limits.ts";
import { type Diagnostic, loadError, Report } from "./document/diagnostic.ts";
import { quote } from "./sentence.ts";
import { findEndedRules } from "./document/ended_rules.ts";
import { findMisreadRules } from "./document/misread_rules.ts";
import { findOpenChecks } from "./document/open_checks.ts";
import { findOddPairs } from "./document/odd_pairs.ts";
import { findOddRules } from "./document/odd_rules.ts";
import { readExample, type RuleEffects } from "./document/read_example.ts";
import { readRule } from "./document/read_rule.ts";
import { readServer } from "./document/read_server.ts";
import { readShape } from "./document/shape_issue.ts";
import { applyVariables } from "./document/variables.ts";
import { readYaml } from "./document/yaml_text.ts";
import { entryOf, type YamlNode } from "./document/yaml_tree.ts";
import type { Example, PolicyDocument, Rule } from "./rule.ts";

export { type Diagnostic, type DiagnosticPaint, endColumn, formatDiagnostic } from "./document/diagnostic.ts";

/** A document that holds in all its parts, or the errors for which none of it holds. */
export type LoadResult =
  | {
    readonly kind: "ok";
    readonly document: PolicyDocument;
    readonly warnings: readonly Diagnostic[];
    /** The names of its variables. */
    readonly declares: readonly string[];
    /** For whoever checks the policy, not for every start. */
    readonly notes: readonly Diagnostic[];
  }
  | {
    readonly kind: "error";
    readonly errors: readonly LilithError[];
    readonly warnings: readonly Diagnostic[];
    /** As far as they could be read. */
    readonly declares: readonly string[];
  };

/** What a policy may depend on, and the file does not hold. */
export interface LoadOptions {
  /** The time in Unix milliseconds, to warn of rules that have ended; left out: nothing is said of them. */
  readonly nowMs?: number;
  /** Values for the policy's variables, by name; those that it does not declare are passed over. */
  readonly vars?: ReadonlyMap<string, string>;
}

/**
 * Reads the bytes of a policy file; `file` is its name as the user gave it, for messages.
 *
 * All errors of the file are collected, in the order of the text: `policy_too_large`, `policy_syntax`,
 * `policy_unknown_key`, `policy_wrong_type`, `policy_bad_value`, `policy_not_yet`.
 *
 * ```ts
 * import { decodeDocument } from "./document.ts";
 *
 * const loaded = decodeDocument(new TextEncoder().encode("version: 1\n"), "deny.yaml");
 * console.assert(loaded.kind === "ok" && loaded.document.default === "deny");
 * ```
 */
export function decodeDocument(bytes: Uint8Array, file: string, options: LoadOptions = {}): LoadResult {
  if (bytes.length > policyBytesMax) return tooLarge(file);
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return refuse(
      loadError(
        "policy_syntax",
        file,
        "the file is not UTF-8",
        "Save it as UTF-8",
        firstBadByte(bytes, file),
      ),
    );
  }
  return read(text, bytes, file, options);
}

/** As {@linkcode decodeDocument}, for text that is already there. */
export function loadDocument(text: string, file: string, options: LoadOptions = {}): LoadResult {
  const bytes = new TextEncoder().encode(text);
  return bytes.length > policyBytesMax ? tooLarge(file) : read(text, bytes, file, options);
}

function tooLarge(file: string): LoadResult {
  const what = `the file has more than ${policyBytesMax} bytes`;
  return refuse(loadError("policy_too_large", file, what, "Write rules with globs, or several policies"));
}

function refuse(error: LilithError): LoadResult {
  return { kind: "error", errors: [error], warnings: [], declares: [] };
}

/** Where UTF-8 ends to be UTF-8: all that comes before is decoded anew. */
function firstBadByte(bytes: Uint8Array, file: string): TextPosition {
  // A stream keeps back an unfinished character, so what is decoded up to the first bad byte is exactly what is good.
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let line = 1;
  let column = 1;
  for (let index = 0; index < bytes.length; index++) {
    let text: string;
    try {
      text = decoder.decode(bytes.subarray(index, index + 1), { stream: true });
    } catch {
      break;
    }
    if (text === "\n") {
      line++;
      column = 1;
    } else {
      column += text.length;
    }
  }
  return { file, line, column };
}

function read(
  text: string,
  bytes: Uint8Array,
  file: string,
  { nowMs, vars: given = noVariables }: LoadOptions,
): LoadResult {
  const report = new Report(file);
  const written = readYaml(text, report);
  const variables = written && applyVariables(written, given, report);
  // Without its values a text says nothing that could be judged.
  const root = report.failed ? undefined : variables?.root;
  const values = variables?.values ?? noVariables;
  const declares = [...values.keys()];
  const document = root === undefined ? undefined : readPolicy(root, bytes, file, report);
  if (document === undefined || report.failed) {
    return { kind: "error", errors: report.errors(), warnings: report.warnings(), declares };
  }
  findOddRules(document, report);
  findOddPairs(document, report);
  findMisreadRules(document, report);
  findOpenChecks(document, report);
  if (nowMs !== undefined) findEndedRules(document, nowMs, report);
  const vars = [...values].map(([name, value]) => ({ name, value: value! }));
  const effective = vars.length === 0 ? document : { ...document, vars };
  return { kind: "ok", document: effective, warnings: report.warnings(), notes: report.notes(), declares };
}

const noVariables: ReadonlyMap<string, string> = new Map();

/** `undefined` only where something is wrong; what is right is returned also then, and thrown away by the caller. */
function readPolicy(
  root: YamlNode,
  bytes: Uint8Array,
  file: string,
  report: Report,
): PolicyDocument | undefined {
  const shape = readShape("policy", "a policy", root, report);
  if (root.kind !== "map") return undefined;
  const rules = readRules(root, report);
  const examples = readExamples(root, report);
  const server = readServer(root, shape?.server, report);
  if (shape === undefined) return undefined;
  return {
    file,
    name: shape.name ?? nameOf(file),
    sha256: createHash("sha256").update(bytes).digest("hex"),
    mode: shape.mode ?? "enforce",
    default: shape.default ?? "deny",
    denials: shape.denials ?? "tool_result",
    ...(shape.max_message === undefined ? {} : { messageBytesMax: shape.max_message }),
    ...(shape.lock === undefined ? {} : { lock: shape.lock }),
    ...(shape.invisible_text === undefined ? {} : { invisibleText: shape.invisible_text }),
    rules,
    server,
    examples,
  };
}

/** The file's name without folders and ending: decisions name the policy, and the agent has no use for our paths. */
function nameOf(file: string): string {
  const base = file.slice(Math.max(file.lastIndexOf("/"), file.lastIndexOf("\\")) + 1);
  return base.replace(/\.ya?ml$/i, "") || "policy";
}

function itemsOf(root: YamlNode, key: string): readonly YamlNode[] {
  const value = entryOf(root, key)?.value;
  return value?.kind === "list" ? value.items : [];
}

function readRules(root: YamlNode, report: Report): Rule[] {
  const rules: Rule[] = [];
  const firsts = new Map<string, TextPosition>();
  for (const [index, node] of itemsOf(root, "rules").entries()) {
    const rule = readRule(node, index + 1, report);
    if (rule === undefined) continue;
    const at = entryOf(node, "id")?.value.at ?? node.at;
    const first = firsts.get(rule.id);
    if (first !== undefined) {
      report.error(
        "policy_bad_value",
        at,
        `two rules have the id ${quote(rule.id)}`,
        `The first stands in line ${first.line}`,
      );
      continue;
    }
    firsts.set(rule.id, at);
    rules.push(rule);
  }
  return rules;
}

function readExamples(root: YamlNode, report: Report): Example[] {
  const effects = ruleEffects(root);
  const examples: Example[] = [];
  for (const [index, node] of itemsOf(root, "examples").entries()) {
    const example = readExample(node, index + 1, effects, report);
    if (example !== undefined) examples.push(example);
  }
  return examples;
}

/** From the text rather than from the rules: a rule with an error of its own is there all the same. */
function ruleEffects(root: YamlNode): RuleEffects {
  const effects = new Map<string, Rule["effect"] | undefined>();
  for (const [index, node] of itemsOf(root, "rules").entries()) {
    const id = entryOf(node, "id")?.value;
    const name = id?.kind === "scalar" ? String(id.value) : `rule-${index + 1}`;
    effects.set(
      name,
      (["allow", "deny", "ask", "limit"] as const).find((effect) => entryOf(node, effect) !== undefined),
    );
  }
  return effects;
}
