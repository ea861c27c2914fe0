/** `lilith-zero policy check FILE…`: says everything that is wrong or odd in policies, and runs their examples. */

import { LilithError, type TextPosition } from "../errors.ts";
import { compilePolicies } from "../policy/compile.ts";
import type { CompiledPolicy } from "../policy/compiled.ts";
import {
  decodeDocument,
  type Diagnostic,
  type DiagnosticPaint,
  endColumn,
  formatDiagnostic,
} from "../policy/document.ts";
import { type ExampleResult, runExamples } from "../policy/examples.ts";
import { findOddPatterns } from "../policy/document/odd_patterns.ts";
import { loadPatternEngine, type PatternEngine, usesPatterns } from "../policy/pattern.ts";
import type { PolicyDocument } from "../policy/rule.ts";
import { quote } from "../policy/sentence.ts";
import { paintWith } from "./paint.ts";
import { readPolicyFile } from "./policy_file.ts";
import { mergeServerSettings } from "./server_settings.ts";
import { demandDeclared, type GivenVariables, readVariables } from "./variables.ts";

/** Exit status: all in order; an example failed; no file named; a policy is wrong. */
export type CheckStatus = 0 | 1 | 2 | 3;

export interface CheckOptions {
  /** For a terminal; left out: no. */
  readonly colour?: boolean;
  /** One JSON object on stdout, and nothing on stderr. */
  readonly json: boolean;
  /** `NAME=VALUE`, as they were given; left out: none. */
  readonly vars?: readonly string[];
  /** The command of a server that the policies are held against; left out: none. */
  readonly server?: readonly string[];
}

/** Where the words go; a line each, without its line feed. */
export interface CheckOutput {
  out(line: string): void;
  err(line: string): void;
}

/** What was found in one file. */
interface FileReport {
  readonly file: string;
  /** As far as it could be read, for the lines in diagnostics. */
  readonly text: string | undefined;
  readonly document: PolicyDocument | undefined;
  /** The names of its variables. */
  readonly declares: readonly string[];
  readonly errors: readonly LilithError[];
  readonly warnings: readonly Diagnostic[];
  readonly notes: readonly Diagnostic[];
  readonly examples: readonly ExampleResult[];
}

/** stdout carries no protocol in this command. */
const terminal: CheckOutput = { out: (line) => console.log(line), err: (line) => console.error(line) };

/**
 * Checks each file by itself and prints what it found: a line per file on stdout, errors, warnings and failed examples
 * on stderr. Returns the exit status; the worst of all files.
 */
export async function policyCheck(
  files: readonly string[],
  options: CheckOptions,
  output: CheckOutput = terminal,
): Promise<CheckStatus> {
  if (files.length === 0) {
    output.err("error: Cannot check policies: no file was named\n  hint: lilith-zero policy check FILE…");
    return 2;
  }
  const vars = readVariables(options.vars ?? []);
  const reports: FileReport[] = [];
  for (const file of files) reports.push(await checkFile(file, vars));
  demandDeclared(vars, reports.flatMap(({ declares }) => declares));
  const failure = options.server === undefined ? undefined : await holdAgainst(options.server, reports);
  const status = Math.max(...reports.map(statusOf)) as CheckStatus;
  if (options.json) output.out(JSON.stringify({ status, files: reports.map(toJson) }, null, 2));
  else for (const report of reports) print(report, output, paintDiagnostics(options.colour === true));
  if (failure !== undefined) throw failure;
  return status;
}

function byPlace(a: Diagnostic, b: Diagnostic): number {
  return a.at.line - b.at.line || a.at.column - b.at.column;
}

/** Adds to the reports what a server makes of the policies; gives the error where it could not be asked. */
async function holdAgainst(
  server: readonly string[],
  reports: FileReport[],
): Promise<LilithError | undefined> {
  const { askServer } = await import("./ask_server.ts");
  const { findServerOddities } = await import("../policy/document/server_findings.ts");
  const documents = reports.flatMap(({ document }) => document ?? []);
  try {
    const settings = mergeServerSettings(documents.map((document) => document.server));
    const offer = await askServer({ command: server, settings, containment: "best" });
    reports.forEach((report, i) => {
      if (report.document === undefined) return;
      reports[i] = {
        ...report,
        warnings: [...report.warnings, ...findServerOddities(report.document, offer)].sort(byPlace),
      };
    });
    return undefined;
  } catch (error) {
    if (error instanceof LilithError) return error;
    throw error;
  }
}

async function checkFile(file: string, vars: GivenVariables): Promise<FileReport> {
  const nothing = {
    file,
    text: undefined,
    document: undefined,
    declares: [],
    errors: [],
    warnings: [],
    notes: [],
    examples: [],
  };
  let bytes: Uint8Array;
  try {
    bytes = await readPolicyFile(file);
  } catch (error) {
    if (!(error instanceof LilithError)) throw error;
    return { ...nothing, errors: [error] };
  }
  // Bytes that are no UTF-8 are an error of their own; to show the line, a replacement character will do.
  const text = new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
  const loaded = decodeDocument(bytes, file, { nowMs: Date.now(), vars });
  const { warnings, declares } = loaded;
  if (loaded.kind === "error") return { ...nothing, text, declares, errors: loaded.errors, warnings };
  const { document, notes } = loaded;
  const engine = usesPatterns([document]) ? await loadPatternEngine() : undefined;
  const compiled = compileAlone(document, engine);
  if (compiled.kind === "error") {
    return { ...nothing, text, declares, warnings, notes, errors: compiled.errors };
  }
  const odd = document.rules.some(({ args }) => args.length > 0) ? await findOddPatterns(document) : [];
  return {
    file,
    text,
    document,
    declares,
    warnings: [...warnings, ...odd].sort(byPlace),
    notes: [...notes, ...await findMissingDirectories(document)].sort(byPlace),
    errors: [],
    examples: runExamples(document, compiled.policy),
  };
}

/** A root that is not there covers nothing: mostly a slip, sometimes another machine's. Told once for each. */
async function findMissingDirectories(document: PolicyDocument): Promise<readonly Diagnostic[]> {
  const found: Diagnostic[] = [];
  const told = new Set<string>();
  for (const { args } of document.rules) {
    for (const { checks, at } of args) {
      for (const root of checks.flatMap((check) => check.kind === "under" ? check.roots : [])) {
        if (told.has(root)) continue;
        told.add(root);
        const why = await absenceOf(root);
        if (why === undefined) continue;
        const message = `the directory ${quote(root)} ${why}`;
        const hint = "Calls are judged by where a path leads on the machine that the server runs on";
        found.push({ severity: "note", code: "missing_directory", message, hint, at });
      }
    }
  }
  return found;
}

/** Why a path is no directory here; undefined where it is one, or where nobody can say. */
async function absenceOf(path: string): Promise<string | undefined> {
  try {
    return (await Deno.stat(path)).isDirectory ? undefined : "is no directory here";
  } catch (error) {
    return error instanceof Deno.errors.NotFound ? "does not exist here" : undefined;
  }
}

type Compiled =
  | { readonly kind: "ok"; readonly policy: CompiledPolicy }
  | { readonly kind: "error"; readonly errors: readonly LilithError[] };

/** Compiles without a machine: no working directory but the policy's own, no files of ours, no folding disk. */
function compileAlone(document: PolicyDocument, engine: PatternEngine | undefined): Compiled {
  const workingDirectory = document.server.directory ?? "/";
  const compile = (rules: PolicyDocument["rules"]) =>
    compilePolicies([{ ...document, rules }], { workingDirectory, pathCase: "exact", ownFiles: [] }, engine);
  try {
    return { kind: "ok", policy: compile(document.rules) };
  } catch (first) {
    if (!(first instanceof LilithError)) throw first;
    // The compiler stops at the first thing it cannot keep; an author wants to see them all.
    const errors = document.rules.flatMap((rule) => {
      try {
        compile([rule]);
        return [];
      } catch (error) {
        if (error instanceof LilithError) return [error];
        throw error;
      }
    });
    return { kind: "error", errors: errors.length > 0 ? errors : [first] };
  }
}

function statusOf({ errors, examples }: FileReport): 0 | 1 | 3 {
  if (errors.length > 0) return 3;
  return examples.every(({ passed }) => passed) ? 0 : 1;
}

function paintDiagnostics(colour: boolean): DiagnosticPaint {
  const { bold, dim, red, yellow } = paintWith(colour);
  const colours = { error: red, warning: yellow, note: bold };
  return { place: bold, aside: dim, severity: (text, severity) => colours[severity](text) };
}

function print(report: FileReport, output: CheckOutput, paint: DiagnosticPaint): void {
  const { file, text, document, errors, warnings, notes, examples } = report;
  for (const diagnostic of [...errors, ...warnings, ...notes]) {
    output.err(formatDiagnostic(diagnostic, text, paint));
  }
  const failed = examples.filter(({ passed }) => !passed);
  for (const result of failed) output.err(formatDiagnostic(exampleError(result), text, paint));
  const found = warnings.length > 0 ? `, ${count(warnings.length, "warning")}` : "";
  if (document === undefined) {
    output.out(`${file}: wrong, ${count(errors.length, "error")}${found}`);
    return;
  }
  const rules = count(document.rules.length, "rule");
  const told = examples.length === 0
    ? "no examples"
    : failed.length === 0
    ? `${count(examples.length, "example")} passed`
    : `${failed.length} of ${count(examples.length, "example")} failed`;
  const blocks = document.mode === "observe" ? ", blocks nothing (mode: observe)" : "";
  output.out(`${file}: ${rules}, ${told}${blocks}${found}`);
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}

/** A failed example as a person reads it. */
function exampleError({ number, example, outcome }: ExampleResult): LilithError {
  const expected = describe(example.expect, example.expectRule);
  const got = describe(outcome.verdict, outcome.rule);
  return new LilithError("policy_bad_value", {
    message: `example ${number} expects ${expected}, and it is ${got}: ${outcome.reason}`,
    at: example.at,
  });
}

function describe(verdict: string, rule: string | undefined): string {
  return rule === undefined ? verdict : `${verdict} by ${rule}`;
}

/** The shape that machines read; keys are only ever added. */
function toJson({ file, text, document, errors, warnings, notes, examples }: FileReport): unknown {
  return {
    file,
    name: document?.name,
    sha256: document?.sha256,
    rules: document?.rules.length,
    diagnostics: [
      ...errors.map(({ code, message, hint, at }) => ({
        severity: "error",
        code,
        message,
        hint,
        ...place(at, text),
      })),
      ...[...warnings, ...notes].map(({ severity, code, message, hint, at }) => ({
        severity,
        code,
        message,
        hint,
        ...place(at, text),
      })),
    ],
    examples: examples.map(({ number, example, passed, outcome }) => ({
      number,
      ...place(example.at, text),
      passed,
      expected: { verdict: example.expect, rule: example.expectRule },
      got: outcome,
    })),
  };
}

/** `endColumn` is the one behind what is meant, in the same line. */
function place(
  at: TextPosition | undefined,
  text: string | undefined,
): { line?: number; column?: number; endColumn?: number } {
  if (at === undefined) return {};
  const { line, column } = at;
  return { line, column, ...(text === undefined ? {} : { endColumn: endColumn(text, at) }) };
}
