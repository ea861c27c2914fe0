import assert from "node:assert/strict";
import {
  approvalArgumentsCharactersMax,
  approvalsPendingMax,
  approvalWaitMs,
  stateBytesMax,
} from "../../src/limits.ts";
import type { ApprovalQuery } from "../../src/policy/facts.ts";
import { answerApproval, consultApprovals, currentApprovals } from "../../src/state/approvals.ts";
import {
  decodeContent,
  emptyContent,
  encodeContent,
  type StateContent,
} from "../../src/state/state_content.ts";

const query: ApprovalQuery = {
  key: "ab".repeat(32),
  kind: "approval",
  server: "server --flag",
  from: "downstream",
  target: "tool",
  name: "remove",
  method: "tools/call",
  argumentsJson: '{"path":"/tmp/a"}',
  asks: [{ policy: "team", rule: "remove", reason: "it is gone then" }],
  approvedForMs: 600_000,
};

/** One look, and the content after it. */
function consult(content: StateContent, asked: ApprovalQuery, nowMs: number) {
  const { content: next = content, result } = consultApprovals(content, asked, nowMs);
  return { content: decodeContent(encodeContent(next))!, result };
}

Deno.test("a call that is asked for waits under a name, once", () => {
  const first = consult(emptyContent, query, 1_000);
  assert.deepEqual(first.result, { kind: "pending", id: "abababab", isNew: true });
  const second = consultApprovals(first.content, query, 2_000);
  assert.deepEqual(second, { result: { kind: "pending", id: "abababab", isNew: false } });
});

Deno.test("an answer holds for that very call and for as long as the rule says", () => {
  for (const answer of ["approved", "denied"] as const) {
    let { content } = consult(emptyContent, query, 0);
    ({ content } = consult(content, { ...query, key: "cd".repeat(32) }, 0));
    const answered = answerApproval(content, "abababab", answer, 5_000);
    assert.equal(answered.result?.status, answer);
    ({ content } = { content: answered.content! });
    assert.deepEqual(consult(content, query, 605_000).result, { kind: answer, id: "abababab" });
    assert.equal(consult(content, query, 605_001).result.kind, "pending");
    assert.equal(consult(content, { ...query, key: "cd".repeat(32) }, 605_000).result.kind, "pending");
  }
});

Deno.test("an answer can be changed, and nothing by an unknown name can be answered", () => {
  let { content } = consult(emptyContent, query, 0);
  content = answerApproval(content, "abababab", "denied", 0).content!;
  content = answerApproval(content, "abababab", "approved", 0).content!;
  assert.equal(consult(content, query, 1).result.kind, "approved");
  for (const id of ["", "abababa", "abababab ", query.key]) {
    assert.deepEqual(answerApproval(content, id, "approved", 0), { result: undefined });
  }
});

Deno.test("what has waited too long is asked for anew, and cannot be approved any more", () => {
  const { content } = consult(emptyContent, query, 0);
  assert.equal(answerApproval(content, "abababab", "approved", approvalWaitMs + 1).result, undefined);
  assert.deepEqual(consult(content, query, approvalWaitMs + 1).result, {
    kind: "pending",
    id: "abababab",
    isNew: true,
  });
});

Deno.test("a flood of calls fills neither the list nor the file", () => {
  let content = emptyContent;
  for (let n = 0; n < approvalsPendingMax; n++) {
    const key = n.toString(16).padStart(64, "0").split("").reverse().join("");
    const long = "\u0001".repeat(100_000);
    ({ content } = consult(content, { ...query, key, name: long, server: long, argumentsJson: long }, 0));
  }
  assert.equal(consult(content, query, 0).result.kind, "unavailable");
  assert.ok(encodeContent(content).length < stateBytesMax);
  const [entry] = currentApprovals(content, 0);
  assert.equal(entry.argumentsJson?.length, approvalArgumentsCharactersMax);
  assert.equal(entry.argumentsCut?.characters, 100_000);
  assert.match(entry.argumentsCut!.sha256, /^[0-9a-f]{64}$/);
});

Deno.test("two calls whose keys begin alike have two names", () => {
  let { content } = consult(emptyContent, query, 0);
  ({ content } = consult(content, { ...query, key: `${"ab".repeat(31)}cd` }, 0));
  const ids = currentApprovals(content, 0).map(({ id }) => id);
  assert.equal(new Set(ids).size, 2);
});

Deno.test("an entry that is not of our making approves nothing", () => {
  const strange = { ...emptyContent, approvals: [{ key: query.key, status: "approved", untilMs: 1e15 }] };
  assert.equal(consultApprovals(strange, query, 0).result.kind, "pending");
});
