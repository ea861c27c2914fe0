import assert from "node:assert/strict";
import fc from "fast-check";
import { decide } from "../../src/policy/decide.ts";
import { noFacts } from "../../src/policy/facts.ts";
import { type CheckTrace, explain, type PolicyTrace } from "../../src/policy/explain.ts";
import { needs } from "../../src/policy/needs.ts";
import { advance, initialState } from "../../src/policy/state.ts";
import { anyDocument, anyOperation, disk } from "./support/arbitrary.ts";
import { readFlagRule } from "../../src/policy/argv/flag_rule.ts";
import {
  at,
  call,
  compile,
  document,
  equals,
  finds,
  matches,
  max,
  oneOf,
  rule,
  under,
} from "./support/build.ts";
import { FakeDisk } from "./support/fake_disk.ts";

/** What a policy says by its trace and nothing else. */
function verdictOf(
  { rules, default: fallback }: PolicyTrace,
  isHousekeeping: boolean,
): readonly [string, string] {
  const inForce = rules.filter(({ observes }) => !observes);
  const first = (says: string) => inForce.find((one) => one.says === says)?.id;
  const denied = first("denies");
  if (denied !== undefined) return ["deny", denied];
  const limited = first("limits");
  if (limited !== undefined) return ["limit", limited];
  const asked = first("asks");
  if (asked !== undefined) return ["ask", asked];
  const allowed = first("allows");
  if (allowed !== undefined) return ["allow", allowed];
  return isHousekeeping ? ["allow", "protocol"] : [fallback, "default"];
}

/** What a rule's checks come to together. */
function leastOf(checks: readonly CheckTrace[]): string {
  const answers = checks.map(({ answer }) => answer);
  return answers.includes("no") ? "no" : answers.includes("unknown") ? "unknown" : "yes";
}

Deno.test("what is explained is what decide says, and the trace alone leads to the same verdict", () => {
  const said = new Set<string>();
  fc.assert(
    fc.property(
      fc.array(anyDocument, { minLength: 1, maxLength: 2 }),
      fc.array(anyOperation, { minLength: 1, maxLength: 4 }),
      (documents, operations) => {
        const policy = compile(documents, { ownFiles: ["/wd/lilith/policy.yaml"] });
        let state = initialState(policy);
        for (const operation of operations) {
          const facts = disk().answer(needs(policy, operation));
          const decision = decide(policy, state, operation, facts, 1_000);
          const explained = explain(policy, state, operation, facts, 1_000);
          assert.deepEqual(explained.decision, decision);
          for (const trace of explained.policies) {
            assert.deepEqual([trace.verdict, trace.rule], verdictOf(trace, operation.housekeeping));
            const decisive = trace.rules.filter((one) => one.decisive).map(({ id }) => id);
            assert.deepEqual(decisive, ["default", "protocol"].includes(trace.rule) ? [] : [trace.rule]);
            for (const { says, answer, checks } of trace.rules) {
              said.add(says);
              if (answer === undefined) assert.equal(says, "elsewhere");
              // `"**"` and `[*]` ask all their checks of one place; alone, each may find another.
              else if (!checks.some(({ argument }) => /\*/.test(argument))) {
                assert.equal(leastOf(checks), answer);
              }
            }
          }
          state = advance(state, policy, decision, 1_000);
        }
      },
    ),
    { numRuns: 1_000 },
  );
  for (const one of ["elsewhere", "does_not_apply", "denies", "limits", "has_room", "asks", "allows"]) {
    assert.ok(said.has(one as never), `nothing ${one}`);
  }
});

/** The trace of the only policy. */
function traceOf(rules: Parameters<typeof document>[0], operation: ReturnType<typeof call>, files = disk()) {
  const policy = compile(document(rules));
  const facts = files.answer(needs(policy, operation));
  const { policies, ...rest } = explain(policy, initialState(policy), operation, facts, 0);
  return { ...rest, rules: policies[0].rules };
}

Deno.test("explain() names the value and the place that it leads to", () => {
  const files = new FakeDisk({ "/tmp": "directory", "/tmp/out": { link: "/etc" }, "/etc": "directory" });
  const rules = [rule("allow", "read", { args: { path: [under("/tmp")] } })];
  const { rules: [allow], wouldTake } = traceOf(rules, call("read", '{"path":"/tmp/out/passwd"}'), files);
  assert.equal(allow.says, "does_not_apply");
  assert.deepEqual(allow.checks, [{
    argument: "path",
    must: "be under /tmp",
    answer: "no",
    because: 'it is "/tmp/out/passwd": by name "/tmp/out/passwd", on disk "/etc/passwd" (does not exist)',
  }]);
  assert.deepEqual(wouldTake, ['allow "allow": argument "path" must be under /tmp']);
});

Deno.test("explain() names the reading by which a deny is met", () => {
  const rules = [rule("deny", "read", { args: { path: [finds("^/etc/")] } })];
  const because = (text: string) =>
    traceOf(rules, call("read", JSON.stringify({ path: text }))).rules[0].checks[0].because;
  assert.equal(because("/etc/passwd"), 'it is "/etc/passwd"');
  assert.equal(because("%2fetc%2fpasswd"), 'it is "%2fetc%2fpasswd", which can be read as "/etc/passwd"');
  const mode = [rule("deny", "read", { args: { mode: [equals("rw")] } })];
  assert.equal(
    traceOf(mode, call("read", '{"mode":"RW"}')).rules[0].checks[0].because,
    'it is "RW", which can be read as the same but for case',
  );
});

Deno.test("explain() says what is missing, mistakable, of another type or one of many", () => {
  const rules = [
    rule("allow", "read", { others: "none", args: { n: [max(5)], mode: [oneOf("r", "rw")] } }),
    rule("deny", "read", { args: { "**": [matches("secret")] } }),
  ];
  const told = (json: string) =>
    traceOf(rules, call("read", json)).rules.flatMap(({ checks }) =>
      checks.map(({ argument, answer, because }) => `${argument || "others"} ${answer}: ${because}`)
    );
  assert.deepEqual(told('{"n":"7","Mode":"r","x":1}'), [
    "** no: 6 texts looked at",
    'others no: argument "Mode" is not expected',
    'n unknown: it is "7", which cannot be told',
    'mode unknown: "Mode" could be taken for it',
  ]);
  assert.deepEqual(told('{"n":5,"x":["secret"]}'), [
    '** yes: one of 4 texts is "secret"',
    'others no: argument "x" is not expected',
    "n yes: it is 5",
    "mode no: it is missing",
  ]);
});

Deno.test("explain() says what a rule is about that is about something else", () => {
  const { rules, wouldTake } = traceOf([rule("allow", ["a", "b*"])], call("c"));
  assert.equal(rules[0].elsewhere, 'it is about tool "a" or "b*"; this is "c" (tools/call)');
  assert.deepEqual(wouldTake, ['a rule that allows tool "c"']);
});

Deno.test("explain() says what a limit has left and when there is room again", () => {
  const policy = compile(
    document([rule("limit", "*", { to: { calls: 2, perMs: 1_000, burst: 2 } }), rule("allow", "*")]),
  );
  const operation = call("read");
  let state = initialState(policy);
  const limit = () => explain(policy, state, operation, noFacts, 0).policies[0].rules[0];
  assert.deepEqual([limit().says, limit().limit], ["has_room", { left: 2, holds: 2, waitMs: 0 }]);
  for (let i = 0; i < 2; i++) {
    state = advance(state, policy, decide(policy, state, operation, noFacts, 0), 0);
  }
  assert.deepEqual([limit().says, limit().limit], ["limits", { left: 0, holds: 2, waitMs: 500 }]);
});

Deno.test("explain() of a built-in denial asks no policy", () => {
  const policy = compile(document([rule("allow", "*")]), { ownFiles: ["/wd/lilith/policy.yaml"] });
  const operation = call("read", '{"path":"/wd/lilith/policy.yaml"}');
  const facts = disk().answer(needs(policy, operation));
  const { decision, policies } = explain(policy, initialState(policy), operation, facts, 0);
  assert.equal(decision.code, "own_file");
  assert.deepEqual(policies, []);
});

Deno.test("of the places that a path selects, the one that decided is shown", () => {
  const because = (effect: "allow" | "deny", text: string) => {
    const policy = compile(document([rule(effect, "t", { args: { "a[*].b": [equals("x")] } })]));
    const { policies } = explain(policy, initialState(policy), call("t", text), noFacts, 0);
    return policies[0].rules[0].checks[0].because;
  };
  assert.equal(because("allow", '{"a":[{"b":"x"},{"b":"y"}]}'), 'it is "y"');
  assert.equal(because("allow", '{"a":[{"b":"x"},{}]}'), "it is missing");
  assert.equal(because("allow", '{"a":[{"b":"x"},5]}'), '"a[*]" is not an object');
  assert.equal(
    because("deny", '{"a":[{"b":"y"},{"b":"X"}]}'),
    'it is "X", which can be read as the same but for case',
  );
});

Deno.test("explain() says of a rule whose time is over that it has ended", () => {
  const policy = compile(
    document([rule("deny", "*", { id: "freeze", untilMs: Date.UTC(2026, 0, 1) }), rule("allow", "*")]),
  );
  const at = (nowMs: number) =>
    explain(policy, initialState(policy), call("read"), noFacts, nowMs).policies[0].rules.map((one) =>
      `${one.id} ${one.elsewhere ?? one.says}`
    );
  assert.deepEqual(at(0), ["freeze denies", "allow allows"]);
  assert.deepEqual(at(Date.UTC(2026, 0, 1)), ["allow allows", "freeze it ended at 2026-01-01T00:00:00.000Z"]);
});

Deno.test("an ask that cannot be told for an allow asks, though a deny with its words would not fire", () => {
  const documentOf = (fallback: "allow" | "deny") =>
    document([rule("ask", "t", { args: { path: [under("/tmp")] } })], { default: fallback });
  for (const fallback of ["allow", "deny"] as const) {
    const policy = compile(documentOf(fallback));
    const operation = call("t", '{"path":"C:/x"}');
    const facts = new FakeDisk({ "/wd": "directory", "/tmp": "directory" }).answer(needs(policy, operation));
    const { decision, policies: [trace] } = explain(policy, initialState(policy), operation, facts, 0);
    assert.equal(decision.verdict, fallback === "allow" ? "ask" : "deny");
    assert.equal(trace.rules[0].says, fallback === "allow" ? "asks" : "does_not_apply");
    assert.equal(trace.rules[0].answer, "unknown");
  }
});

Deno.test("explain() says which part of a URL or command does not pass", () => {
  const argv = readFlagRule("-l");
  assert.ok(!("kind" in argv));
  const policy = compile(document([
    rule("allow", "run", {
      id: "ls",
      args: { x: [{ kind: "argv", rule: { programs: [["ls"]], flags: [argv] }, at }] },
    }),
    rule("deny", "run", {
      id: "inside",
      args: { x: [{ kind: "url", rule: { hosts: [{ kind: "below", name: "internal" }] }, at }] },
    }),
  ]));
  const because = (rule: string, x: string) => {
    const { policies: [{ rules }] } = explain(
      policy,
      initialState(policy),
      call("run", JSON.stringify({ x })),
      noFacts,
      0,
    );
    return rules.find(({ id }) => id === rule)!.checks[0].because;
  };
  assert.equal(because("ls", "ls -R"), 'it is "ls -R": it may not have the flag "-R"');
  assert.equal(because("ls", "ls;id"), 'it is "ls;id": it holds a ; which shells interpret');
  assert.equal(because("ls", "ls -l"), 'it is "ls -l"');
  assert.match(because("inside", "https:a.internal"), /^it is "https:a\.internal": it is no absolute URL/);
  assert.equal(because("inside", "https://a.internal"), 'it is "https://a.internal"');
  assert.equal(because("inside", "https://b.example"), 'it is "https://b.example"');
});
