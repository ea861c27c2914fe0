import assert from "node:assert/strict";
import { answerOne, listApprovals } from "../../src/cli/approvals.ts";
import { LilithError } from "../../src/errors.ts";
import type { ApprovalQuery } from "../../src/policy/facts.ts";
import { consultApprovals } from "../../src/state/approvals.ts";
import { openStateFile } from "../../src/state/state_file.ts";

const query: ApprovalQuery = {
  key: "ab".repeat(32),
  kind: "approval",
  server: "server \x1b[31mred",
  from: "downstream",
  target: "tool",
  name: "re\u200bmove\u202e",
  method: "tools/call",
  argumentsJson: '{"to":"ada@example.com","text":"\u001b]0;x\u0007"}',
  asks: [{ policy: "team", rule: "remove", reason: "it is gone then" }],
  approvedForMs: 600_000,
};

function inState(act: (state: string) => void): void {
  const folder = Deno.makeTempDirSync();
  try {
    act(`${folder}/state`);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

function fill(path: string): void {
  const file = openStateFile(path);
  file.update((content) => consultApprovals(content, query, 0));
  file.close();
}

function printed(act: (out: (line: string) => void) => number): { text: string; status: number } {
  const lines: string[] = [];
  const status = act((line) => lines.push(line));
  return { text: lines.join("\n"), status };
}

Deno.test("approvals list shows what waits, masked, with nothing that a terminal would obey", () => {
  inState((state) => {
    fill(state);
    const { text } = printed((out) => listApprovals({ state, json: false, show: false }, 120_000, out));
    for (const part of ["abababab  WAITS  tool", "2 minutes ago", "‹email›", "rule remove of policy team"]) {
      assert.ok(text.includes(part), `${part} in\n${text}`);
    }
    assert.ok(!/(?!\n)\p{C}/u.test(text), JSON.stringify(text));
    assert.ok(text.includes("re\\u200bmove\\u202e"));
    const shown = printed((out) => listApprovals({ state, json: false, show: true }, 120_000, out));
    assert.ok(shown.text.includes("ada@example.com"));
    const json = JSON.parse(printed((out) => listApprovals({ state, json: true, show: false }, 0, out)).text);
    assert.deepEqual([json[0].id, json[0].status, json[0].argumentsJson], ["abababab", "pending", undefined]);
    assert.ok(json[0].arguments.includes("‹email›"));
  });
});

Deno.test("approvals approve and deny write the answer down", () => {
  inState((state) => {
    fill(state);
    for (const answer of ["denied", "approved"] as const) {
      const { status } = printed((out) => answerOne("abababab", answer, { state, json: false }, 0, out));
      assert.equal(status, 0);
      const file = openStateFile(state);
      assert.equal(file.update((content) => consultApprovals(content, query, 0)).kind, answer);
      file.close();
    }
  });
});

Deno.test("approvals says what is wrong with a name or a file, and makes no file", () => {
  inState((state) => {
    assert.throws(() => listApprovals({ state, json: false, show: false }, 0), /there is none/);
    assert.throws(() => Deno.statSync(state), Deno.errors.NotFound);
    fill(state);
    assert.throws(
      () => answerOne("zz\x1b[0m", "approved", { state, json: false }, 0),
      (error) =>
        error instanceof LilithError && error.code === "approval_unknown" && !error.message.includes("\x1b"),
    );
  });
});
