import assert from "node:assert/strict";
import { probeContainment, wrapCommand } from "../../src/supervisor/linux.ts";
import { missingFor, root, testWith, user } from "./world.ts";

const self = root.missing === undefined ? root : user;

Deno.test("probeContainment() takes the namespace that this machine gives, bwrap before unshare", async () => {
  const report = await probeContainment("best");
  const expected = missingFor(self, "bwrap") === undefined
    ? "bwrap"
    : missingFor(self, "unshare") === undefined
    ? "unshare"
    : "watcher";
  assert.equal(report.mechanism, expected);
  assert.equal(report.by.kind, expected);
  for (const { why, hint } of report.missing) assert.ok(why !== "" && hint !== "");
});

Deno.test("probeContainment() tries no namespace where level process is wished for", async () => {
  const report = await probeContainment("process");
  assert.equal(report.level, "process");
  assert.equal(report.mechanism, "watcher");
  assert.deepEqual(report.missing, []);
});

testWith(
  missingFor(self, "bwrap"),
  "what a probe finds runs a command, and hands its status through",
  async () => {
    const { by } = await probeContainment("best");
    const [program, ...args] = wrapCommand(by, ["/bin/sh", "-c", 'exit "$1"', "sh", "23"]);
    const { code } = await new Deno.Command(program, { args }).output();
    assert.equal(code, 23);
  },
);

Deno.test("the reaper's script is constant, and a command is only ever its arguments", () => {
  const by = {
    kind: "unshare",
    unshare: "/usr/bin/unshare",
    shell: "/bin/sh",
    userNamespace: false,
  } as const;
  const hostile = ["/x; id", "$(id)", "`id`", "--user"];
  const command = wrapCommand(by, hostile);
  assert.deepEqual(command.slice(-4), hostile);
  assert.deepEqual(command.slice(-8, -4), ["/bin/sh", "-c", 'unset SHLVL OLDPWD; "$@"; exit $?', "sh"]);
});
