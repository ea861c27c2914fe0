/**
 * Runs the tests in groups and ends with one line of real counts: `N passed, N failed` (and `, N skipped`).
 *
 *     deno run -A scripts/run_tests.ts [GROUP…]        # all groups without an argument
 *
 * Exits 1 when a test failed, a file ran no test, a group has no test or could not be read; where `CI` is set also when a
 * test was skipped that is not on the list below.
 */

import { readTestReport } from "./test_report.ts";

interface Group {
  readonly name: string;
  readonly flags: readonly string[];
  /** What is handed to `deno test`, with the test files to choose from. */
  readonly paths: (files: readonly string[]) => readonly string[];
}

/** `yaml` reads two variables, its own debugging switches, whenever it parses; without permission that would throw. */
const noPermission = ["--no-prompt", "--ignore-env=LOG_TOKENS,LOG_STREAM"];
const allPermissions = ["-A", "--no-prompt"];

/** Tests of these folders drive processes, pipes and files: every file in them runs with permissions. */
const foldersWithEffects = ["tests/cli/", "tests/contracts/", "tests/supervisor/", "tests/transport/"];

/** Pure files in those folders, named so that their tests run without permission all the same. */
const pureAllTheSame = ["tests/supervisor/containment_test.ts", "tests/transport/channel_test.ts"];

const groups: readonly Group[] = [
  // What is pure is proved pure: no permission at all.
  { name: "core", flags: noPermission, paths: (files) => files.filter((file) => groupOf(file) === "core") },
  // The examples in the docstrings. Unchecked: the runner adds imports of its own to each, which the strict options
  // then call unused.
  {
    name: "docs",
    flags: [...noPermission, "--doc", "--no-check", "--preload=scripts/strict_examples.ts"],
    paths: () => ["mod.ts", "src", "scripts"],
  },
  // Parts that touch the system, each alone.
  {
    name: "parts",
    flags: allPermissions,
    paths: (files) => files.filter((file) => groupOf(file) === "parts"),
  },
  // The program as a user starts it, with servers and clients that are not ours.
  { name: "e2e", flags: allPermissions, paths: (files) => files.filter((file) => groupOf(file) === "e2e") },
];

/** Tests that may be skipped where `CI` is set, by name, each with the reason. */
const skipsAllowedInCi: Readonly<Record<string, string>> = {};

/** A group that hangs is ended: the last line must come before the time of the whole run is up. */
const groupTimeoutMs = 20 * 60_000;

/** In which group a test file runs: by its folder, or by its name. Pure unless it says otherwise. */
export function groupOf(file: string): "core" | "parts" | "e2e" {
  if (file.startsWith("tests/e2e/")) return "e2e";
  if (pureAllTheSame.includes(file)) return "core";
  if (file.endsWith("_io_test.ts")) return "parts";
  return foldersWithEffects.some((folder) => file.startsWith(folder)) ? "parts" : "core";
}

interface Outcome {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  /** What is not a failed test and yet a failure, for the reader. */
  readonly complaints: readonly string[];
}

async function runGroup(group: Group, files: readonly string[], inCi: boolean): Promise<Outcome> {
  const paths = group.paths(files);
  if (paths.length === 0) {
    return { passed: 0, failed: 1, skipped: 0, complaints: [`${group.name}: has no test`] };
  }

  const folder = await Deno.makeTempDir({ prefix: "lilith-test-" });
  try {
    const reportPath = `${folder}/report.xml`;
    const args = ["test", ...group.flags, `--junit-path=${reportPath}`];
    console.log(`\n── ${group.name}: deno ${["test", ...group.flags].join(" ")}`);
    const child = new Deno.Command(Deno.execPath(), {
      args: [...args, ...paths],
      stdin: "null",
      stdout: "inherit",
      stderr: "inherit",
      ...(inCi ? { env: { NO_COLOR: "1" } } : {}),
    }).spawn();
    const timer = setTimeout(() => child.kill("SIGKILL"), groupTimeoutMs);
    const { code } = await child.status.finally(() => clearTimeout(timer));
    const report = await Deno.readTextFile(reportPath).then(readTestReport, () => null);
    if (report === null) {
      return {
        passed: 0,
        failed: 1,
        skipped: 0,
        complaints: [`${group.name}: ended with ${code} and left no report`],
      };
    }

    const complaints: string[] = [];
    // A file that throws while it loads, or holds no test, does not appear in the report.
    for (const path of paths.filter((path) => path.endsWith("_test.ts") && !report.files.has(`./${path}`))) {
      complaints.push(`${path}: ran no test`);
    }
    if (report.files.size === 0) complaints.push(`${group.name}: ran no test`);
    const forbidden = report.skipped.filter(({ name }) => inCi && !Object.hasOwn(skipsAllowedInCi, name));
    for (const { file, name } of forbidden) {
      complaints.push(`${file}: skipped, which CI does not allow: ${name}`);
    }
    // Leaks and late errors fail a run without failing a test.
    if (code !== 0 && report.failed + complaints.length === 0) {
      complaints.push(`${group.name}: ended with ${code}`);
    }
    return {
      passed: report.passed,
      failed: report.failed + complaints.length,
      skipped: report.skipped.length - forbidden.length,
      complaints,
    };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Every test file below tests/, sorted. */
function findTestFiles(): string[] {
  const files: string[] = [];
  const walk = (folder: string): void => {
    for (const entry of Deno.readDirSync(folder)) {
      const path = `${folder}/${entry.name}`;
      if (entry.isDirectory) walk(path);
      else if (entry.name.endsWith("_test.ts")) files.push(path);
    }
  };
  walk("tests");
  return files.sort();
}

if (import.meta.main) {
  const unknown = Deno.args.filter((name) => !groups.some((group) => group.name === name));
  if (unknown.length > 0) {
    console.error(`Cannot run "${unknown[0]}": the groups are ${groups.map(({ name }) => name).join(", ")}`);
    Deno.exit(2);
  }
  const inCi = !["", "false"].includes(Deno.env.get("CI") ?? "");
  const files = findTestFiles();
  const outcomes: Outcome[] = [];
  for (const group of groups) {
    if (Deno.args.length > 0 && !Deno.args.includes(group.name)) continue;
    outcomes.push(await runGroup(group, files, inCi));
  }

  const sum = (count: (outcome: Outcome) => number): number =>
    outcomes.reduce((total, one) => total + count(one), 0);
  const [passed, failed, skipped] = [
    sum((one) => one.passed),
    sum((one) => one.failed),
    sum((one) => one.skipped),
  ];
  console.log("");
  for (const complaint of outcomes.flatMap((one) => one.complaints)) console.log(`FAILED ${complaint}`);
  console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`);
  if (failed > 0 || passed === 0) Deno.exit(1);
}
