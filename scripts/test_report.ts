/** What a run of `deno test` did, read from its JUnit report: real counts, and the names of what was skipped. */

/** Counts of whole tests; their steps count with them. */
export interface TestReport {
  readonly passed: number;
  readonly failed: number;
  /** Each skipped test or step. */
  readonly skipped: readonly { readonly file: string; readonly name: string }[];
  /** The files that ran at least one test, as `deno test` names them: "./tests/wire/json_test.ts". */
  readonly files: ReadonlySet<string>;
}

/**
 * Reads a report; null where it cannot be read for certain, which counts as a failure.
 *
 * A module that throws while it loads is not in the report at all: see which of the expected `files` are missing.
 *
 * ```ts
 * import { readTestReport } from "./test_report.ts";
 *
 * const report = readTestReport(`<testsuites name="deno test" tests="1">
 *   <testsuite name="./a_test.ts"><testcase name="adds"></testcase></testsuite>
 * </testsuites>`);
 * console.assert(report?.passed === 1 && report.failed === 0);
 * ```
 */
export function readTestReport(xml: string): TestReport | null {
  const total = /<testsuites name="deno test" tests="(\d+)"/.exec(xml);
  if (total === null || !xml.trimEnd().endsWith("</testsuites>")) return null;

  const report = {
    passed: 0,
    failed: 0,
    skipped: [] as { file: string; name: string }[],
    files: new Set<string>(),
  };
  let cases = 0;
  for (const [, suite, body] of xml.matchAll(/<testsuite name="([^"]*)"[^>]*>([\s\S]*?)<\/testsuite>/g)) {
    const file = unescapeXml(suite);
    const names = new Set<string>();
    for (
      const [, attribute, outcome] of body.matchAll(/<testcase name="([^"]*)"[^>]*>([\s\S]*?)<\/testcase>/g)
    ) {
      const name = unescapeXml(attribute);
      cases += 1;
      names.add(name);
      report.files.add(file);
      if (/<skipped\b/.test(outcome)) report.skipped.push({ file, name });
      // A step stands as "test > step", behind its test, and fails together with it.
      else if (isStep(name, names)) continue;
      else if (/<(?:failure|error)\b/.test(outcome)) report.failed += 1;
      else report.passed += 1;
    }
  }
  return cases === Number(total[1]) ? report : null;
}

function isStep(name: string, names: ReadonlySet<string>): boolean {
  for (let at = name.indexOf(" > "); at !== -1; at = name.indexOf(" > ", at + 1)) {
    if (names.has(name.slice(0, at))) return true;
  }
  return false;
}

function unescapeXml(text: string): string {
  const characters: Record<string, string> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };
  return text.replace(/&(amp|lt|gt|quot|apos);/g, (_, name: string) => characters[name]);
}
