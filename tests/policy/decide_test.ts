import assert from "node:assert/strict";
import fc from "fast-check";
import { recordTextCharactersMax } from "../../src/limits.ts";
import type { Operation } from "../../src/mcp/operation.ts";
import type { CompiledPolicy } from "../../src/policy/compiled.ts";
import { decide } from "../../src/policy/decide.ts";
import type { Decision } from "../../src/policy/decision.ts";
import { noFacts } from "../../src/policy/facts.ts";
import type { PolicyDocument, Rule } from "../../src/policy/rule.ts";
import { advance, initialState, type PolicyState } from "../../src/policy/state.ts";
import { anyDocument, anyOperation, anyRuleThat, disk, ownFile, taintLabels } from "./support/arbitrary.ts";
import {
  call,
  compile,
  document,
  equals,
  finds,
  matches,
  max,
  maxLength,
  min,
  number,
  oneOf,
  operation,
  present,
  rule,
  under,
} from "./support/build.ts";

function judge(documents: PolicyDocument | readonly PolicyDocument[], asked = call("read")): Decision {
  const policy = compile(documents);
  return decide(policy, initialState(policy), asked, disk().all(), 0);
}

/** Decides the same call again and again, each time after the last was carried out. */
function judgeSeries(
  policy: CompiledPolicy,
  asked: Operation,
  timesMs: readonly number[],
): readonly Decision[] {
  let state = initialState(policy);
  return timesMs.map((nowMs) => {
    const decision = decide(policy, state, asked, noFacts, nowMs);
    state = advance(state, policy, decision, nowMs);
    return decision;
  });
}

const allow = rule("allow", "*");
const deny = rule("deny", "*");
const limit = rule("limit", "*", { to: { calls: 1, perMs: 60_000, burst: 1 } });
const ping = operation({ method: "ping", housekeeping: true });

Deno.test("decide() allows what a rule allows", () => {
  assert.deepEqual(judge(document([allow])), {
    verdict: "allow",
    action: "forward",
    policy: "team",
    rule: "allow",
    reason: 'rule "allow" allows tool "read"',
    observed: [],
    charges: [],
    denials: "tool_result",
  });
});

Deno.test("decide() denies what no rule allows", () => {
  assert.deepEqual(judge(document([rule("allow", "write")])), {
    verdict: "deny",
    action: "deny",
    code: "default",
    policy: "team",
    rule: "default",
    reason: 'no rule allows tool "read"',
    observed: [],
    charges: [],
    denials: "tool_result",
  });
});

Deno.test("decide() allows by default where the policy says so", () => {
  const { verdict, rule, reason } = judge(document([], { default: "allow" }));
  assert.deepEqual([verdict, rule, reason], ["allow", "default", 'no rule denies tool "read"']);
});

Deno.test("deny comes before limit, limit before allow, allow before default", () => {
  const policy = compile(document([allow, limit]));
  const [first, second] = judgeSeries(policy, call("read"), [0, 0]);
  assert.deepEqual([first.verdict, first.rule, second.verdict, second.rule], [
    "allow",
    "allow",
    "limit",
    "limit",
  ]);
  const denied = judgeSeries(compile(document([allow, limit, deny])), call("read"), [0, 0]);
  assert.deepEqual(denied.map(({ verdict, code }) => [verdict, code]), [["deny", "rule"], ["deny", "rule"]]);
});

Deno.test("a limit also stands before the default", () => {
  const policy = compile(document([limit]));
  const full = { buckets: { "1/limit": { tokens: 0, atMs: 0 } }, taints: [], used: {}, calls: 1 };
  assert.equal(decide(policy, full, call("read"), noFacts, 0).verdict, "limit");
  assert.equal(decide(policy, initialState(policy), call("read"), noFacts, 0).code, "default");
});

Deno.test("a limited call is told how long to wait, for the slowest limit that has no room", () => {
  const fast = rule("limit", "*", { id: "fast", to: { calls: 1, perMs: 1_000, burst: 1 } });
  const roomy = rule("limit", "*", { id: "roomy", to: { calls: 1, perMs: 3_600_000, burst: 9 } });
  const policy = compile([document([allow, fast, roomy]), document([allow, limit])]);
  const [, second, third] = judgeSeries(policy, call("read"), [0, 400, 30_000]);
  assert.deepEqual(second, {
    verdict: "limit",
    action: "deny",
    code: "limit",
    policy: "team",
    rule: "fast",
    reason: 'rule "fast" lets 1 call per second through',
    retryAfterMs: 59_600,
    observed: [],
    charges: [],
    denials: "tool_result",
  });
  assert.deepEqual([third.rule, third.retryAfterMs], ["limit", 30_000]);
});

Deno.test("a limit covers a call when no check of it says no", () => {
  const pace = rule("limit", "*", { args: { path: [equals("x")] } });
  const charges = (argumentsJson: string) =>
    judge(document([allow, pace]), call("read", argumentsJson)).charges;
  assert.deepEqual(charges('{"path":"x"}'), [{ bucket: "1/limit", tokens: 1 }]);
  assert.deepEqual(charges('{"path":"X"}'), [{ bucket: "1/limit", tokens: 1 }]);
  assert.deepEqual(charges('{"path":["x"]}'), [{ bucket: "1/limit", tokens: 1 }]);
  assert.deepEqual(charges('{"path":"y"}'), []);
});

Deno.test("housekeeping passes unless a deny fires on it", () => {
  const passed = judge(document([deny]), ping);
  assert.deepEqual([passed.verdict, passed.rule], ["allow", "protocol"]);
  assert.equal(judge(document([rule("deny", { methods: ["ping"] })]), ping).code, "rule");
  assert.equal(judge(document([rule("deny", { methods: ["*"] })]), ping).code, "rule");
  assert.equal(judge(document([rule("allow", { methods: ["ping"] })]), ping).rule, "allow");
});

Deno.test("a limit leaves housekeeping alone unless it names methods", () => {
  assert.deepEqual(judge(document([limit]), ping).charges, []);
  const strange = { ...ping, target: "tool" as const, name: "ping" };
  assert.deepEqual(judge(document([limit]), strange).charges, []);
  const byMethod = document([rule("limit", { methods: ["ping"] })]);
  assert.equal(judge(byMethod, ping).charges.length, 1);
  assert.deepEqual(judgeSeries(compile(byMethod), ping, [0, 0]).map(({ verdict }) => verdict), [
    "allow",
    "limit",
  ]);
});

Deno.test("other methods follow the default, in both directions", () => {
  for (const from of ["downstream", "upstream"] as const) {
    const asked = operation({ from, method: "sampling/createMessage" });
    assert.equal(judge(document([allow]), asked).code, "default");
    assert.equal(judge(document([deny], { default: "allow" }), asked).verdict, "allow");
  }
});

Deno.test("of several policies the strictest wins, and the first of equals speaks", () => {
  const company = document([deny], { name: "company", denials: "protocol_error" });
  const team = document([allow], { name: "team" });
  const strict = judge([team, company]);
  assert.deepEqual([strict.verdict, strict.policy, strict.rule, strict.denials], [
    "deny",
    "company",
    "deny",
    "protocol_error",
  ]);
  assert.equal(judge([document([deny], { name: "first" }), company]).policy, "first");
  assert.equal(judge([team, document([allow], { name: "second" })]).policy, "team");
  const limited = judgeSeries(compile([document([allow, limit]), company]), call("read"), [0, 0]);
  assert.deepEqual(limited.map(({ verdict }) => verdict), ["deny", "deny"]);
});

Deno.test("a denied call charges nothing, also where another policy would have let it through", () => {
  const policy = compile([document([allow, limit]), document([])]);
  const [first, second] = judgeSeries(policy, call("read"), [0, 0]);
  assert.deepEqual([first.charges, second.code], [[], "default"]);
});

Deno.test("a policy that observes denies nothing, and says what it would have done", () => {
  const decision = judge(document([deny], { mode: "observe" }));
  const { verdict, action, code, rule, observed } = decision;
  assert.deepEqual({ verdict, action, code, rule }, {
    verdict: "deny",
    action: "forward",
    code: "rule",
    rule: "deny",
  });
  assert.deepEqual(observed, [{ policy: "team", rule: "deny", verdict: "deny", reason: decision.reason }]);
  const byDefault = judge(document([], { mode: "observe" }));
  assert.deepEqual([byDefault.action, byDefault.rule, byDefault.observed.length], ["forward", "default", 1]);
});

Deno.test("a limit that is observed is charged while it has room, and then only noted", () => {
  const policy = compile(document([allow, limit], { mode: "observe" }));
  const decisions = judgeSeries(policy, call("read"), [0, 0, 60_000]);
  assert.deepEqual(decisions.map(({ action }) => action), ["forward", "forward", "forward"]);
  assert.deepEqual(decisions.map(({ verdict }) => verdict), ["allow", "limit", "allow"]);
  assert.deepEqual(decisions.map(({ charges }) => charges.length), [1, 0, 1]);
  assert.deepEqual(decisions.map(({ retryAfterMs }) => retryAfterMs), [undefined, 60_000, undefined]);
});

Deno.test("a rule that observes is noted where it would have been stricter", () => {
  const watching = { ...deny, id: "watch", mode: "observe" as const, reason: "we are thinking about it" };
  const passed = judge(document([allow, watching]));
  assert.deepEqual([passed.verdict, passed.action], ["allow", "forward"]);
  assert.deepEqual(passed.observed, [
    { policy: "team", rule: "watch", verdict: "deny", reason: "we are thinking about it" },
  ]);
  assert.deepEqual(judge(document([watching])).observed, []);
  const slow = { ...limit, id: "slow", mode: "observe" as const };
  const [, second] = judgeSeries(compile(document([allow, slow])), call("read"), [0, 0]);
  assert.deepEqual(second.observed.map(({ rule, verdict }) => [rule, verdict]), [["slow", "limit"]]);
  assert.equal(second.action, "forward");
});

Deno.test("an allow that observes allows nothing", () => {
  assert.equal(judge(document([{ ...allow, mode: "observe" }])).code, "default");
});

Deno.test("a policy that enforces speaks before one that observes", () => {
  const watching = document([deny], { name: "watching", mode: "observe" });
  const enforcing = document([], { name: "enforcing" });
  const denied = judge([watching, enforcing]);
  assert.deepEqual([denied.action, denied.policy, denied.observed], ["deny", "enforcing", []]);
  const passed = judge([document([allow], { name: "enforcing" }), watching]);
  assert.deepEqual([passed.action, passed.verdict, passed.policy], ["forward", "deny", "watching"]);
  assert.deepEqual(passed.observed.map(({ policy }) => policy), ["watching"]);
});

Deno.test("a limit in force and a deny that is observed are both told", () => {
  const watching = document([deny], { name: "watching", mode: "observe" });
  const [first, second] = judgeSeries(compile([document([allow, limit]), watching]), call("read"), [0, 0]);
  assert.deepEqual([first.action, first.verdict, first.charges.length], ["forward", "deny", 1]);
  assert.deepEqual([second.action, second.verdict, second.observed.map(({ verdict }) => verdict)], [
    "deny",
    "limit",
    ["deny"],
  ]);
});

Deno.test("decide() turns an exception into a denial, also in a policy that observes", () => {
  const broken = Object.defineProperty(operation({ name: "read" }), "arguments", {
    get() {
      throw new Error("secret detail");
    },
  });
  const documents = document([rule("allow", "*", { args: { a: [equals("x")] } })], {
    mode: "observe",
    denials: "protocol_error",
  });
  assert.deepEqual(judge(documents, broken), {
    verdict: "deny",
    action: "deny",
    code: "error",
    policy: "built-in",
    rule: "error",
    reason: "the policy could not be applied, so nothing passes",
    observed: [],
    charges: [],
    denials: "protocol_error",
  });
});

Deno.test("decide() denies when there is no time to decide by", () => {
  const policy = compile(document([allow]));
  for (const nowMs of [NaN, Infinity, -Infinity]) {
    assert.equal(decide(policy, initialState(policy), call("read"), noFacts, nowMs).code, "error");
  }
});

Deno.test("decide() denies when its own parts are broken", () => {
  const policy = { ...compile(document([allow])), documents: null } as unknown as CompiledPolicy;
  const decision = decide(policy, { buckets: {}, taints: [], used: {}, calls: 0 }, call("read"), noFacts, 0);
  assert.equal(decision.action, "deny");
});

// ——— reasons ———

/** The reason for which a call is denied. */
function reasonOf(rules: readonly Rule[], argumentsJson?: string, tool = "read"): string {
  const { reason, action } = judge(document(rules), call(tool, argumentsJson));
  assert.equal(action, "deny");
  return reason;
}

Deno.test("a rule's own reason is the reason", () => {
  assert.equal(reasonOf([{ ...deny, reason: "not part of the task" }]), "not part of the task");
  const [, second] = judgeSeries(compile(document([allow, { ...limit, reason: "slowly" }])), call("read"), [
    0,
    0,
  ]);
  assert.equal(second.reason, "slowly");
});

Deno.test("without one the reason says what was denied and by which rule", () => {
  assert.equal(reasonOf([{ ...deny, id: "no" }]), 'tool "read" is denied by rule "no"');
  const denyX = rule("deny", "*", { id: "no-x", args: { path: [equals("x")] } });
  assert.equal(
    reasonOf([denyX], '{"path":"x"}'),
    'tool "read" with these arguments is denied by rule "no-x"',
  );
  const denyEtc = rule("deny", "*", { id: "no-etc", args: { path: [under("/etc")] } });
  for (const path of ["/etc/passwd", "/etc/new", "/tmp/out/passwd"]) {
    assert.equal(
      reasonOf([denyEtc], JSON.stringify({ path })),
      'tool "read" with these arguments is denied by rule "no-etc"',
    );
  }
  assert.equal(
    reasonOf([denyX], '{"path":["x"]}'),
    'rule "no-x" denies tool "read" because its arguments cannot be told apart from what it denies',
  );
});

Deno.test("the reason of a limit says how many calls in which time", () => {
  for (
    const [calls, perMs, said] of [
      [1, 60_000, "1 call per minute"],
      [5, 86_400_000, "5 calls per day"],
      [2, 7_200_000, "2 calls per 2 hours"],
      [9, 90_000, "9 calls per 90 seconds"],
      [9, 1_500, "9 calls per 1500 milliseconds"],
    ] as const
  ) {
    const pace = rule("limit", "*", { id: "pace", to: { calls, perMs, burst: 1 } });
    const [, second] = judgeSeries(compile(document([allow, pace])), call("read"), [0, 0]);
    assert.equal(second.reason, `rule "pace" lets ${said} through`);
  }
});

Deno.test("where an allow is about the call, the reason says which of its checks does not hold", () => {
  const cases: readonly (readonly [Parameters<typeof rule>[2], string, string])[] = [
    [{ args: { a: [under("/tmp")] } }, '{"a":"/etc"}', 'argument "a" must be under /tmp'],
    [
      { args: { a: [under("/tmp", "/var")] } },
      '{"a":"~/x"}',
      'argument "a" must be under /tmp or /var, and it begins with ~',
    ],
    [
      { args: { a: [under("/tmp")] } },
      '{"a":"/tmp/gone"}',
      'argument "a" must be under /tmp, and it could not be told where it leads',
    ],
    [
      { args: { a: [under("/tmp")] } },
      '{"a":"/tmp/a\\\\b"}',
      'argument "a" must be under /tmp, and it holds a backslash',
    ],
    [{ args: { a: [equals("x")] } }, '{"a":"y"}', 'argument "a" must be "x"'],
    [{ args: { a: [equals("x")] } }, '{"a":null}', 'argument "a" must be "x", and it is null'],
    [{ args: { a: [equals("x")] } }, '{"a":["x"]}', 'argument "a" must be "x", and it is an array'],
    [
      { args: { a: [oneOf("x", number("5"), true)] } },
      '{"a":{}}',
      'argument "a" must be one of "x" or 5 or true, and it is an object',
    ],
    [
      { args: { a: [oneOf("1", "2", "3", "4", "5")] } },
      '{"a":"6"}',
      'argument "a" must be one of "1", "2", "3" or 2 more',
    ],
    [{ args: { a: [matches("[a-z]+")] } }, '{"a":"A"}', 'argument "a" must match "[a-z]+"'],
    [
      { args: { a: [finds("x")] } },
      '{"a":5}',
      'argument "a" must contain a match of "x", and it is a number',
    ],
    [{ args: { a: [min(1), max(5)] } }, '{"a":9}', 'argument "a" must be at most 5'],
    [{ args: { a: [min(1)] } }, '{"a":"9"}', 'argument "a" must be at least 1, and it is a text'],
    [
      { args: { a: [max(5)] } },
      '{"a":-1e400}',
      'argument "a" must be at most 5, and it is a number that servers read differently',
    ],
    [{ args: { a: [maxLength(2)] } }, '{"a":"abc"}', 'argument "a" must be no longer than 2'],
    [{ args: { a: [present(false)] } }, '{"a":1}', 'argument "a" must be absent'],
    [{ args: { a: [equals("x")] } }, "{}", 'argument "a" is missing'],
    [{ args: { a: [equals("x")] } }, "[]", "the arguments must be an object"],
    [{ args: { a: [equals("x")] } }, '{"A":"x"}', 'argument "A" could be taken for argument "a"'],
    [{ args: { a: [equals("x")] }, others: "none" }, '{"a":"x","b":1}', 'argument "b" is not expected'],
    [{ args: { a: [equals("x")] }, others: "none" }, '{"a":"y"}', 'argument "a" must be "x"'],
    [{ others: "none" }, "null", "the arguments must be an object"],
    [{ args: { "**": [matches("[a-z]+")] } }, '{"a":"A"}', 'every text in the arguments must match "[a-z]+"'],
  ];
  for (const [parts, argumentsJson, why] of cases) {
    assert.equal(
      reasonOf([rule("allow", "read", parts)], argumentsJson),
      `no rule allows tool "read" with these arguments: ${why}`,
    );
  }
});

Deno.test("a reason quotes a foreign name cut and without anything invisible", () => {
  assert.equal(
    reasonOf([], undefined, 'a"b\\c\n\u202e\u200b\u2028d'),
    'no rule allows tool "a\\"b\\\\c\\u{a}\\u{202e}\\u{200b}\\u{2028}d"',
  );
  const long = reasonOf([], undefined, "😀".repeat(10_000));
  assert.equal(long, `no rule allows tool "${"😀".repeat(49)}…"`);
});

Deno.test("a reason is never longer than a record takes, whatever it quotes", () => {
  const hostile = "\u202e".repeat(10_000);
  const rules = [
    rule("allow", "*", { args: { [hostile]: [equals(hostile), oneOf(hostile, hostile, hostile)] } }),
  ];
  const reason = reasonOf(rules, JSON.stringify({ [hostile]: "x" }), hostile);
  assert.equal(reason.length, recordTextCharactersMax);
  assert.ok(reason.endsWith("…"));
  const verbose = reasonOf([{ ...deny, reason: "x".repeat(10_000) }]);
  assert.equal(verbose.length, recordTextCharactersMax);
});

// ——— laws ———

const anyDocuments = fc.array(anyDocument, { minLength: 1, maxLength: 3 });
const anyState = fc.tuple(fc.constantFrom(1, 0.5, 0), fc.subarray(taintLabels)).map((
  [tokens, labels],
) =>
(policy: CompiledPolicy): PolicyState => ({
  ...initialState(policy),
  buckets: Object.fromEntries([...policy.buckets.keys()].map((id) => [id, { tokens, atMs: 1_000 }])),
  taints: labels.map((label) => ({ label, by: "an earlier call" })),
}));
const permissive = { allow: 3, ask: 2, limit: 1, deny: 0 };

Deno.test("decide() is total, deterministic and well-formed", () => {
  fc.assert(
    fc.property(anyDocuments, anyOperation, anyState, (documents, asked, stateOf) => {
      const policy = compile(documents, { ownFiles: [ownFile] });
      const state = stateOf(policy);
      const decision = decide(policy, state, asked, disk().all(), 1_000);
      assert.deepEqual(
        decide(compile(documents, { ownFiles: [ownFile] }), state, asked, disk().all(), 1_000),
        decision,
      );
      assert.notEqual(decision.code, "error");
      assert.equal(decision.code === undefined, decision.verdict === "allow");
      if (decision.retryAfterMs !== undefined) assert.equal(decision.verdict, "limit");
      if (decision.verdict === "allow") assert.equal(decision.action, "forward");
      if (decision.action === "deny") assert.deepEqual(decision.charges, []);
      if (decision.action === "forward" && decision.verdict !== "allow") {
        assert.ok(decision.observed.length > 0);
      }
      assert.ok(decision.reason.length > 0 && decision.reason.length <= recordTextCharactersMax);
    }),
    { numRuns: 1_000 },
  );
});

Deno.test("the order of rules makes no difference to what is done", () => {
  const shuffled = anyDocument.chain((one) =>
    fc.shuffledSubarray([...one.rules], { minLength: one.rules.length }).map((
      rules,
    ) => [one, { ...one, rules }])
  );
  const outcome = (
    { verdict, action, code, retryAfterMs, observed, charges, uses, taints }: Decision,
  ) => ({
    verdict,
    action,
    // (Which of two denies speaks is a matter of order, and so is whether it is one that waits for labels.)
    code: code === "taint" ? "rule" : code,
    retryAfterMs,
    observed: observed.map(({ verdict }) => verdict).sort(),
    charges: charges.map(({ bucket }) => bucket).sort(),
    uses: uses?.map(({ quota }) => quota).sort(),
    taints,
  });
  fc.assert(
    fc.property(shuffled, anyOperation, anyState, ([one, other], asked, stateOf) => {
      const [left, right] = [compile(one), compile(other)];
      assert.deepEqual(
        outcome(decide(left, stateOf(left), asked, disk().all(), 1_000)),
        outcome(decide(right, stateOf(right), asked, disk().all(), 1_000)),
      );
    }),
    { numRuns: 1_000 },
  );
});

/** Compares what is done without and with one more rule in the first policy. */
function assertNeverAllowsMore(effect: Rule["effect"], runs: number): void {
  fc.assert(
    fc.property(
      anyDocuments,
      anyRuleThat(effect),
      anyOperation,
      anyState,
      (documents, added, asked, stateOf) => {
        const [first, ...others] = documents;
        const policy = compile(documents);
        const stricter = compile([{ ...first, rules: [...first.rules, added] }, ...others]);
        const before = decide(policy, stateOf(policy), asked, disk().all(), 1_000);
        const after = decide(stricter, stateOf(stricter), asked, disk().all(), 1_000);
        assert.ok(permissive[after.verdict] <= permissive[before.verdict]);
        if (before.action === "deny") assert.equal(after.action, "deny");
      },
    ),
    { numRuns: runs },
  );
}

Deno.test("adding a deny never allows more", () => {
  assertNeverAllowsMore("deny", 1_000);
});

Deno.test("another policy never allows more", () => {
  fc.assert(
    fc.property(anyDocuments, anyDocument, anyOperation, anyState, (documents, added, asked, stateOf) => {
      const policy = compile(documents);
      const stricter = compile([...documents, { ...added, mode: "enforce" }]);
      const before = decide(policy, stateOf(policy), asked, disk().all(), 1_000);
      const after = decide(stricter, stateOf(stricter), asked, disk().all(), 1_000);
      if (before.action === "deny") assert.equal(after.action, "deny");
    }),
    { numRuns: 1_000 },
  );
});

Deno.test("no allow opens what a deny closed", () => {
  fc.assert(
    fc.property(anyDocument, anyRuleThat("allow"), anyOperation, (one, added, asked) => {
      const before = judge(one, asked);
      if (before.code !== "rule" || before.action !== "deny") return;
      const after = judge({ ...one, rules: [added, ...one.rules] }, asked);
      assert.deepEqual([after.verdict, after.action], ["deny", "deny"]);
    }),
    { numRuns: 1_000 },
  );
});

Deno.test("a deny covers a name in every reading, also of a library that stops at a NUL", () => {
  const policy = document([rule("deny", "delete*"), rule("deny", "rm")], { default: "allow" });
  for (const name of ["rm\0", "rm\0x", "rm%00", "RM\0", "Delete\0", `delete${"\u0301\u0316".repeat(20)}`]) {
    assert.equal(judge(policy, call(name)).action, "deny", JSON.stringify(name));
  }
  assert.equal(judge(policy, call("r\0m")).action, "forward");
});

Deno.test("a deny sees through white space and quotes around a text, and an allow takes it as it stands", () => {
  const about = { args: { path: [equals("/etc/shadow")] } };
  const whole = { args: { path: [matches("/etc/.*")] } };
  for (
    const path of [
      " /etc/shadow",
      "/etc/shadow\n",
      '"/etc/shadow"',
      "'/etc/shadow'",
      "\u00a0/ETC/shadow",
      "%20/etc/shadow",
    ]
  ) {
    const asked = call("read", JSON.stringify({ path }));
    const judge = (effect: "allow" | "deny", parts: typeof about | typeof whole) => {
      const policy = compile(
        document([rule(effect, "read", parts)], { default: effect === "allow" ? "deny" : "allow" }),
      );
      return decide(policy, initialState(policy), asked, noFacts, 0).verdict;
    };
    assert.deepEqual([judge("deny", about), judge("allow", about)], ["deny", "deny"], path);
    if (!path.includes("ETC")) assert.equal(judge("deny", whole), "deny", path);
  }
});
