import assert from "node:assert/strict";
import fc from "fast-check";
import { holdsMask } from "../../src/audit/recorded.ts";
import { readRecorded } from "../../src/audit/recorded.ts";
import { Replay, type Replayed } from "../../src/audit/replay.ts";
import type { Operation } from "../../src/mcp/operation.ts";
import { decide } from "../../src/policy/decide.ts";
import { type Facts, noFacts, withConsents, withShared, withSurface } from "../../src/policy/facts.ts";
import { needs } from "../../src/policy/needs.ts";
import { advance, initialState } from "../../src/policy/state.ts";
import { isJsonArray, isJsonNumber, isJsonObject, type JsonValue } from "../../src/wire/json_value.ts";
import { anyDocument, disk } from "../policy/support/arbitrary.ts";
import { call, compile, document, equals, finds, oneOf, rule, under } from "../policy/support/build.ts";
import { anySteps, MemoryLog, write } from "./support/memory_log.ts";

Deno.test("a log that is replayed under the policy that wrote it gives the same verdicts", () => {
  const seen = new Set<string>();
  fc.assert(
    fc.property(
      fc.array(anyDocument, { minLength: 1, maxLength: 2 }),
      anySteps,
      (documents, steps) => {
        const policy = compile(documents);
        const log = new MemoryLog();
        let state = initialState(policy);
        let nowMs = 1_000_000;
        const said = steps.map(({ operation, passedMs }) => {
          nowMs += passedMs;
          const facts = disk().answer(needs(policy, operation));
          const decision = decide(policy, state, operation, facts, nowMs);
          state = advance(state, policy, decision, nowMs);
          log.decided(operation, decision, facts, nowMs);
          const { verdict, action, policy: by, rule } = decision;
          return { verdict, action, rule, policy: by };
        });
        const replayed = log.replay(policy);
        assert.equal(replayed.length, said.length);
        let isOpen = false;
        const asksForSchemas = documents.some(({ rules }) => rules.some((one) => one.schema !== undefined));
        replayed.forEach(({ after, before }, index) => {
          assert.deepEqual(before, said[index]);
          const isMasked = holdsMask(new TextDecoder().decode(log.lines[index + 1]));
          if (isMasked) isOpen = true;
          // From here on limits may have been charged for what cannot be told.
          if (isOpen && after.kind === "undecidable") return;
          // (What the server declares is in no log here.)
          if (asksForSchemas && after.kind === "undecidable") return;
          assert.equal(after.kind, "decided", JSON.stringify(after));
          if (after.kind !== "decided") return;
          const { verdict, action, rule, policy: by } = after;
          // Of several that say so, which of them is named first may hang on what is masked.
          if (isOpen || asksForSchemas) {
            assert.deepEqual([verdict, action], [said[index].verdict, said[index].action]);
          } else assert.deepEqual({ verdict, action, rule, policy: by }, said[index]);
          seen.add(verdict);
        });
      },
    ),
    { numRuns: 500 },
  );
  assert.deepEqual([...seen].sort(), ["allow", "ask", "deny", "limit"]);
});

/** The same JSON with each text in it masked or not, as a bit each says; and with what was masked put back. */
function maskSome(value: JsonValue, bits: number): string {
  let at = 0;
  const hide = (): boolean => ((bits >> (at++ % 30)) & 1) === 1;
  const masked = (text: string): string => hide() ? JSON.stringify("‹email›") : text;
  const walk = (one: JsonValue): string => {
    if (isJsonNumber(one)) return masked(one.source);
    if (typeof one === "string") return masked(JSON.stringify(one));
    if (isJsonArray(one)) return `[${one.map(walk).join(",")}]`;
    if (isJsonObject(one)) {
      return `{${
        [...one].map(([key, member], index) => {
          const shown = hide() && hide() ? `‹email›${index}` : key;
          return `${JSON.stringify(shown)}:${walk(member)}`;
        }).join(",")
      }}`;
    }
    return JSON.stringify(one);
  };
  return walk(value);
}

Deno.test("what a replay tells of masked arguments is what it would have told of the whole", () => {
  const counts = { decided: 0, undecidable: 0 };
  fc.assert(
    fc.property(
      fc.array(anyDocument, { minLength: 1, maxLength: 2 }),
      fc.array(anyDocument, { minLength: 1, maxLength: 2 }),
      anySteps,
      fc.array(fc.nat(), { minLength: 6, maxLength: 6 }),
      (oldDocuments, newDocuments, steps, masks) => {
        const before = compile(oldDocuments);
        const after = compile(newDocuments);
        const log = new MemoryLog();
        let state = initialState(before);
        let newState = initialState(after);
        let nowMs = 1_000_000;
        const truth = steps.map(({ operation, passedMs }, index) => {
          nowMs += passedMs;
          const facts = disk().answer(needs(before, operation));
          const decision = decide(before, state, operation, facts, nowMs);
          state = advance(state, before, decision, nowMs);
          const { arguments: args } = operation;
          log.decided(
            operation,
            decision,
            facts,
            nowMs,
            args === undefined ? undefined : maskSome(args, masks[index]),
          );
          // What would have been said then: with the whole disk and the whole call.
          const wholeFacts = disk().answer(needs(after, operation));
          const really = decide(after, newState, operation, wholeFacts, nowMs);
          newState = advance(newState, after, really, nowMs);
          return really;
        });
        log.replay(after).forEach((replayed, index) => {
          counts[replayed.after.kind]++;
          if (replayed.after.kind !== "decided") return;
          const { verdict, action } = replayed.after;
          assert.deepEqual([verdict, action], [truth[index].verdict, truth[index].action]);
        });
      },
    ),
    { numRuns: 1_500 },
  );
  // It is worth something only where it does not give up.
  assert.ok(counts.decided > counts.undecidable, JSON.stringify(counts));
  assert.ok(counts.undecidable > 100, JSON.stringify(counts));
});

/** One call decided by an allow of everything, replayed under other rules. */
function replayOne(
  operation: Operation,
  rules: Parameters<typeof document>[0],
  json?: string,
): Replayed["after"] {
  const open = compile(document([rule("allow", "*", { id: "open" })]));
  const log = new MemoryLog();
  const facts: Facts = new Map();
  const decision = decide(open, initialState(open), operation, facts, 0);
  log.decided(operation, decision, facts, 0, json ?? write(operation.arguments));
  return log.replay(compile(document(rules)))[0].after;
}

/** `verdict rule`, or the gaps. */
function told(after: Replayed["after"]): string {
  return after.kind === "decided" ? `${after.verdict} ${after.rule}` : after.because.join(" ");
}

Deno.test("a rule that looks at no mask is told, and one that does is not", () => {
  const send = call("send", '{"to":"ada@example.com","mode":"plain"}');
  assert.equal(
    told(replayOne(send, [rule("allow", "send", { args: { mode: [equals("plain")] } })])),
    "allow allow",
  );
  assert.equal(
    told(replayOne(send, [rule("allow", "send", { args: { to: [finds("@example")] } })])),
    "masked",
  );
  // Whatever the mask hides, another part of the rule says no.
  const both = { args: { to: [finds("@example")], mode: [equals("html")] } };
  assert.equal(told(replayOne(send, [rule("allow", "send", both)])), "deny default");
  // A deny that is certain needs no other.
  const denied = [
    rule("deny", "send", { id: "stop" }),
    rule("allow", "send", { args: { to: [oneOf("x")] } }),
  ];
  assert.equal(told(replayOne(send, denied)), "deny stop");
  assert.equal(
    told(replayOne(send, [rule("deny", "*", { args: { "**": [finds("x{9}")] } })])),
    "deny default or deny",
  );
});

Deno.test("a path that nobody looked up then is not guessed", () => {
  const read = call("read", '{"path":"/tmp/a"}');
  assert.equal(told(replayOne(read, [rule("allow", "read", { args: { path: [under("/tmp")] } })])), "fact");
  // By its name alone it is outside.
  assert.equal(
    told(replayOne(read, [rule("allow", "read", { args: { path: [under("/srv")] } })])),
    "deny default",
  );
});

Deno.test("a masked name, and arguments that are not recorded, leave open what depends on them", () => {
  const odd = call("write to ada@example.com", "{}");
  assert.equal(told(replayOne(odd, [rule("deny", "*")])), "name");
  const long = call("read", JSON.stringify({ text: "x".repeat(70_000) }));
  assert.equal(told(replayOne(long, [rule("allow", "read", { args: { text: [finds("y")] } })])), "omitted");
  assert.equal(told(replayOne(long, [rule("allow", "read")])), "allow allow");
});

Deno.test("calls that could not be told leave open whether a limit has room, and only that", () => {
  const open = compile(document([rule("allow", "*")]));
  const log = new MemoryLog();
  const facts: Facts = new Map();
  const made = (operation: Operation, nowMs: number) =>
    log.decided(operation, decide(open, initialState(open), operation, facts, nowMs), facts, nowMs);
  made(call("send", '{"to":"ada@example.com"}'), 0);
  made(call("send", '{"to":"plain"}'), 1);
  made(call("read", "{}"), 2);
  made(call("send", '{"to":"plain"}'), 60_001);
  made(call("send", '{"to":"plain"}'), 60_002);
  const policy = compile(document([
    rule("allow", "send", { args: { to: [finds("example|plain")] } }),
    rule("allow", "read", { id: "read" }),
    rule("limit", "send", { id: "pace", to: { calls: 1, perMs: 60_000, burst: 1 } }),
  ]));
  assert.deepEqual(log.replay(policy).map(({ after }) => told(after)), [
    "masked",
    "state",
    "allow read",
    "allow allow",
    "limit pace",
  ]);
});

Deno.test("a built-in denial stays what it was, and a session without its beginning may have spent everything", () => {
  const log = new MemoryLog();
  const read = call("read", "{}");
  const denied = {
    verdict: "deny",
    action: "deny",
    code: "own_file",
    policy: "built-in",
    rule: "own-files",
    reason: "x",
    observed: [],
    charges: [],
    denials: "tool_result",
  } as const;
  const open = compile(document([rule("allow", "*"), rule("limit", "*", { id: "pace" })]));
  log.decided(read, denied, new Map(), 0);
  log.decided(read, decide(open, initialState(open), read, new Map(), 0), new Map(), 0);
  assert.deepEqual(log.replay(open).map(({ after }) => told(after)), ["deny own-files", "allow allow"]);
  log.lines.shift();
  assert.deepEqual(log.replay(open).map(({ after }) => told(after)), ["deny own-files", "state"]);
});

Deno.test("a call that waited for a person is decided with their yes, and costs no more than once", () => {
  const policy = compile(document([
    rule("ask", "send", { id: "confirm" }),
    rule("limit", "send", { id: "pace", to: { calls: 1, perMs: 60_000, burst: 1 } }),
  ]));
  const log = new MemoryLog();
  const send = call("send", "{}");
  const held = decide(policy, initialState(policy), send, noFacts, 0);
  assert.equal(held.verdict, "ask");
  log.decided(send, { ...held, action: "ask" }, noFacts, 0);
  const consents = new Set([held.asks![0].key]);
  const released = decide(policy, initialState(policy), send, withConsents(noFacts, consents), 1);
  log.decided(send, released, noFacts, 1, undefined, { by: "person", rules: [...consents], heldAs: 1 });
  log.decided(send, held, noFacts, 60_001);
  assert.deepEqual(log.replay(policy).map(({ after }) => told(after)), [
    "ask confirm",
    "allow confirm",
    "ask confirm",
  ]);
  // Without the ask both lines let the same call through; the limit may have been charged for one of them alone.
  const open = compile(document([
    rule("allow", "send", { id: "send" }),
    rule("limit", "send", { id: "pace", to: { calls: 1, perMs: 60_000, burst: 1 } }),
  ]));
  assert.deepEqual(log.replay(open).map(({ after }) => told(after)), [
    "allow send",
    "state",
    "allow send",
  ]);
});

Deno.test("what other proxies used up is told under the policy that shared it, and open under another", () => {
  const documents = document([
    rule("allow", "pay", { id: "pay" }),
    rule("limit", "pay", { id: "budget", quota: { per: "day", max: 100, sum: "amount" } }),
  ]);
  const { to: _, ...budget } = documents.rules[1];
  const policy = compile({ ...documents, rules: [documents.rules[0], budget] });
  const log = new MemoryLog();
  const pay = call("pay", '{"amount":10}');
  const window = "2026-11-20";
  const nowMs = Date.UTC(2026, 10, 20, 12);
  const said = ["80", "95"].map((used) => {
    const taken = [{ policy: "team", rule: "budget", window, used }];
    const facts = withShared(noFacts, { kind: "known", taints: [], used: taken });
    const decision = decide(policy, initialState(policy), pay, facts, nowMs);
    log.decided(pay, decision, facts, nowMs);
    return `${decision.verdict} ${decision.rule}`;
  });
  assert.deepEqual(said, ["allow pay", "limit budget"]);
  assert.deepEqual(log.replay(policy, [{ sha256: "0".repeat(64) }]).map(({ after }) => told(after)), said);
  assert.deepEqual(log.replay(policy, [{ sha256: "1".repeat(64) }]).map(({ after }) => told(after)), [
    "state",
    "state",
  ]);
});

Deno.test("what other proxies had seen and used up is replayed as it was recorded", () => {
  const quota = { per: "day" as const, max: 10, sum: "amount" };
  const policy = compile(
    document([
      rule("allow", "*"),
      rule("deny", "send", { ifTainted: ["private"] }),
      rule("limit", "pay", { quota }),
    ]),
    { sharesState: true },
  );
  const seen = { label: "private", by: 'tool "read"' };
  const used = [{ policy: "team", rule: "limit", window: "1970-01-01", used: "7.5" }];
  const facts = withShared(noFacts, { kind: "known", taints: [seen], used });
  const log = new MemoryLog();
  for (const asked of [call("send"), call("pay", '{"amount":3}'), call("pay", '{"amount":2.5}')]) {
    log.decided(asked, decide(policy, initialState(policy), asked, facts, 1_000), facts, 1_000);
  }
  const again = compile(document(
    [rule("allow", "*"), rule("deny", "send", { ifTainted: ["private"] }), rule("limit", "pay", { quota })],
  ));
  const said = log.replay(again, [{ sha256: "0".repeat(64) }]).map(({ after }) =>
    after.kind === "decided" ? after.verdict : after.kind
  );
  assert.deepEqual(said, ["deny", "limit", "allow"]);
});

Deno.test("what was shared counts only where the variables of the policy had the same values", () => {
  const quota = { per: "day" as const, max: 10, sum: "amount" };
  const policy = compile(document([rule("allow", "*"), rule("limit", "pay", { quota })]));
  const used = [{ policy: "team", rule: "limit", window: "1970-01-01", used: "7.5" }];
  const facts = withShared(noFacts, { kind: "known", taints: [], used });
  const pay = call("pay", '{"amount":3}');
  const verdicts = (recorded: Record<string, string>, loaded: Record<string, string>) => {
    const [before, vars] = [recorded, loaded].map((values) =>
      Object.entries(values).map(([name, value]) => ({ name, value }))
    );
    const log = new MemoryLog("one", "/wd", before);
    log.decided(pay, decide(policy, initialState(policy), pay, facts, 1_000), facts, 1_000);
    return log.replay(policy, [{ sha256: "0".repeat(64), vars }]).map(({ after }) => told(after));
  };
  assert.deepEqual(verdicts({ tenant: "a" }, { tenant: "a" }), ["limit limit"]);
  assert.deepEqual(verdicts({ tenant: "a" }, { tenant: "b" }), ["state"]);
  assert.deepEqual(verdicts({ tenant: "a" }, {}), ["state"]);
  // What was masked may have been anything.
  assert.deepEqual(verdicts({ token: "hunter2-hunter2" }, { token: "hunter2-hunter2" }), ["state"]);
});

Deno.test("what a server declared is replayed as it was recorded, and open where nobody asked", () => {
  const policy = compile(document([rule("allow", "read", { id: "read", schema: "declared" })]));
  const read = call("read", '{"path":"/a"}');
  const log = new MemoryLog();
  for (const answer of ["yes", "no", "unknown"] as const) {
    const facts = withSurface(noFacts, { standing: "unlocked", schema: { answer, why: "type" } });
    log.decided(read, decide(policy, initialState(policy), read, facts, 0), facts, 0);
  }
  const open = compile(document([rule("allow", "*")]));
  log.decided(read, decide(open, initialState(open), read, noFacts, 1), noFacts, 1);
  assert.deepEqual(log.replay(policy).map(({ after }) => told(after)), [
    "allow read",
    "deny default",
    "deny default",
    "fact",
  ]);
});

Deno.test("relative paths are replayed in every directory that the server was told of", () => {
  const log = new MemoryLog("one", "/wd", undefined, ["/srv", "/home/ada@example.com"]);
  const asked: (readonly [string, readonly string[]])[] = [];
  const replay = new Replay({
    compile(directory, namedDirectories) {
      asked.push([directory, namedDirectories]);
      return compile([], { workingDirectory: directory, namedDirectories });
    },
    directory: "/",
    policies: [],
  });
  replay.take(readRecorded(log.lines[0])!, 1);
  assert.deepEqual(asked, [["/wd", ["/srv"]]]); // what was masked cannot be told
});
