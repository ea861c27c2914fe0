import assert from "node:assert/strict";
import { readTestReport } from "../../scripts/test_report.ts";
import { groupOf } from "../../scripts/run_tests.ts";

function suite(file: string, cases: string): string {
  return `    <testsuite name="${file}" tests="1" disabled="0" errors="0" failures="0">\n${cases}\n    </testsuite>\n`;
}

function report(tests: number, suites: string): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="deno test" tests="${tests}" failures="0" errors="0" time="0.1">\n${suites}</testsuites>\n`;
}

const passes = (name: string) => `<testcase name="${name}" time="0.000" line="1" col="6">\n</testcase>`;
const fails = (name: string) =>
  `<testcase name="${name}"><failure message="x">at &lt;a&gt;</failure></testcase>`;
const isCancelled = (name: string) => `<testcase name="${name}"><error message="Cancelled"/></testcase>`;
const isSkipped = (name: string) => `<testcase name="${name}">\n<skipped/>\n</testcase>`;

Deno.test("readTestReport() counts what passed, failed, was cancelled and was skipped", () => {
  const found = readTestReport(report(
    5,
    suite("./tests/a_test.ts", passes("a") + fails("b") + isSkipped("c &lt; &quot;d&quot;")) +
      suite("./tests/b_test.ts", isCancelled("e") + passes("a")),
  ));
  assert.deepEqual(found, {
    passed: 2,
    failed: 2,
    skipped: [{ file: "./tests/a_test.ts", name: 'c < "d"' }],
    files: new Set(["./tests/a_test.ts", "./tests/b_test.ts"]),
  });
});

Deno.test("readTestReport() counts a test with its steps once, and each skipped step", () => {
  const found = readTestReport(report(
    5,
    suite(
      "./a_test.ts",
      fails("t") + passes("a &gt; b") + passes("t &gt; one") + fails("t &gt; two") +
        isSkipped("t &gt; three"),
    ),
  ));
  assert.equal(found?.passed, 1);
  assert.equal(found?.failed, 1);
  assert.deepEqual(found?.skipped, [{ file: "./a_test.ts", name: "t > three" }]);
});

Deno.test("readTestReport() says of an empty run that no file ran a test", () => {
  const found = readTestReport(report(0, ""));
  assert.deepEqual(found, { passed: 0, failed: 0, skipped: [], files: new Set() });
});

Deno.test("readTestReport() gives null for a report that is cut, unknown or does not add up", () => {
  const whole = report(1, suite("./a_test.ts", passes("a")));
  assert.notEqual(readTestReport(whole), null);
  assert.equal(readTestReport(""), null);
  assert.equal(readTestReport(whole.slice(0, -20)), null);
  assert.equal(readTestReport(whole.replace("deno test", "other")), null);
  assert.equal(readTestReport(report(2, suite("./a_test.ts", passes("a")))), null);
});

Deno.test("groupOf() takes a test for pure unless its folder or its name says otherwise", () => {
  assert.equal(groupOf("tests/wire/json_test.ts"), "core");
  assert.equal(groupOf("tests/limits_test.ts"), "core");
  assert.equal(groupOf("tests/new_folder/a_test.ts"), "core");
  assert.equal(groupOf("tests/supervisor/containment_test.ts"), "core");
  assert.equal(groupOf("tests/audit/sink_io_test.ts"), "parts");
  assert.equal(groupOf("tests/supervisor/child_test.ts"), "parts");
  assert.equal(groupOf("tests/e2e/servers_test.ts"), "e2e");
  assert.equal(groupOf("tests/e2e/servers_io_test.ts"), "e2e");
});
