import assert from "node:assert/strict";
import type { Use } from "../../src/policy/quota.ts";
import { findClient, goneClients } from "../../src/state/client_process.ts";
import { openSharedAccess, pruneSessions } from "../../src/state/shared_state.ts";
import { openStateFile, type StateFile } from "../../src/state/state_file.ts";

async function withFile(act: (file: StateFile) => void | Promise<void>): Promise<void> {
  const folder = await Deno.realPath(await Deno.makeTempDir());
  const file = openStateFile(`${folder}/state`);
  try {
    await act(file);
  } finally {
    file.close();
    await Deno.remove(folder, { recursive: true });
  }
}

const nowMs = Date.UTC(2026, 10, 20, 12);

function use(amount: string, parts: Partial<Use> = {}): Use {
  return { quota: "1/r", policy: "p", rule: "r", window: "", amount, max: "1", ...parts };
}

const today = { window: "2026-11-20" };
const private_ = { label: "private", by: 'tool "read"' };
const quiet = () => {};

Deno.test("what one proxy of a client shares, another reads; other clients see only the windows", () =>
  withFile((file) => {
    const [one, other] = [openSharedAccess(file, "a", quiet), openSharedAccess(file, "a", quiet)];
    const stranger = openSharedAccess(file, "b", quiet);
    assert.equal(one.share({ uses: [use("0.1"), use("0.2", today)], taints: [private_] }, nowMs), undefined);
    assert.equal(other.share({ uses: [use("0.3"), use("0.3", today)], taints: [] }, nowMs), undefined);
    const windows = [{ policy: "p", rule: "r", window: "2026-11-20", used: "0.5" }];
    const used = [{ policy: "p", rule: "r", used: "0.4", window: "" }, ...windows];
    assert.deepEqual(one.read(), { kind: "known", taints: [private_], used });
    assert.deepEqual(stranger.read(), { kind: "known", taints: [], used: windows });
  }));

Deno.test("what there is no room for any more is not taken, none of it, and what is there is told", () =>
  withFile((file) => {
    const [one, other] = [openSharedAccess(file, "a", quiet), openSharedAccess(file, "b", quiet)];
    assert.equal(one.share({ uses: [use("0.7", today)], taints: [] }, nowMs), undefined);
    const refused = other.share({ uses: [use("0.1"), use("0.4", today)], taints: [private_] }, nowMs);
    assert.deepEqual(refused, {
      kind: "known",
      taints: [],
      used: [{ policy: "p", rule: "r", window: "2026-11-20", used: "0.7" }],
    });
    assert.deepEqual(other.read(), refused);
    assert.equal(other.share({ uses: [use("0.3", today)], taints: [] }, nowMs), undefined);
  }));

Deno.test("two uses of one limit in one message need room together", () =>
  withFile((file) => {
    const access = openSharedAccess(file, "a", quiet);
    assert.notEqual(access.share({ uses: [use("0.6"), use("0.6")], taints: [] }, nowMs), undefined);
    assert.equal(access.share({ uses: [use("0.6"), use("0.4")], taints: [] }, nowMs), undefined);
  }));

Deno.test("a new window begins at nothing, takes the place of the one before, and is not left for it again", () =>
  withFile((file) => {
    const access = openSharedAccess(file, "a", quiet);
    const tomorrow = { window: "2026-11-21" };
    assert.equal(access.share({ uses: [use("1", today)], taints: [] }, nowMs), undefined);
    assert.equal(access.share({ uses: [use("1", tomorrow)], taints: [] }, nowMs), undefined);
    assert.notEqual(access.share({ uses: [use("0.1", today)], taints: [] }, nowMs), undefined);
    file.update(({ windows }) => {
      assert.deepEqual(windows.map(({ window }) => window), ["2026-11-21"]);
      return { result: undefined };
    });
  }));

Deno.test("what was taken can be given back, and no more; labels stay", () =>
  withFile((file) => {
    const access = openSharedAccess(file, "a", quiet);
    const change = { uses: [use("0.4"), use("0.5", today)], taints: [private_] };
    access.share(change, nowMs);
    access.giveBack(change, nowMs);
    access.giveBack(change, nowMs);
    const shared = access.read();
    assert.ok(shared.kind === "known");
    assert.deepEqual(shared.used.map(({ used }) => used), ["0", "0"]);
    assert.deepEqual(shared.taints, [private_]);
  }));

Deno.test("windows that are over for long are taken out", () =>
  withFile((file) => {
    const access = openSharedAccess(file, "a", quiet);
    access.share({
      uses: [use("1", { rule: "old", window: "2026-10-01" }), use("1", { window: "2026-10-01T13" })],
      taints: [],
    }, nowMs);
    access.share({ uses: [use("1", { rule: "new", ...today })], taints: [] }, nowMs);
    file.update(({ windows }) => {
      assert.deepEqual(windows.map(({ rule }) => rule), ["new"]);
      return { result: undefined };
    });
  }));

Deno.test("a file that cannot be used is unknown to readers and writers, who say so", () =>
  withFile((file) => {
    const said: string[] = [];
    const access = openSharedAccess(file, "a", (problem) => said.push(problem));
    Deno.removeSync(file.path);
    assert.equal(access.read().kind, "unknown");
    assert.equal(access.share({ uses: [use("0.1")], taints: [] }, nowMs)?.kind, "unknown");
    access.giveBack({ uses: [use("0.1")], taints: [] }, nowMs);
    assert.equal(said.length, 3);
    assert.match(said[0], /removed or replaced/);
    Deno.writeTextFileSync(file.path, "");
  }));

Deno.test("pruneSessions() takes out the sessions of processes that are gone, and no others", async () => {
  const child = new Deno.Command("sleep", { args: ["60"] }).spawn();
  const keyOf = (pid: number): string => {
    const [boot, space] = findClient().key.split("/");
    const stat = Deno.readTextFileSync(`/proc/${pid}/stat`);
    return `${boot}/${space}/${pid}/${stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19]}`;
  };
  const [alive, gone] = [keyOf(Deno.pid), keyOf(child.pid)];
  const again = `${alive}0`; // the number was given to another process
  const elsewhere = "another-boot/pid:[1]/7/7";
  const longAgo = "another-boot/pid:[1]/8/8";
  await withFile(async (file) => {
    for (const client of [alive, gone, again, elsewhere]) {
      openSharedAccess(file, client, quiet).share({ uses: [], taints: [private_] }, nowMs);
    }
    openSharedAccess(file, longAgo, quiet).share({ uses: [], taints: [private_] }, nowMs - 1_001);
    const left = () => file.update(({ sessions }) => ({ result: sessions.map(({ client }) => client) }));
    assert.equal(pruneSessions(file, goneClients(nowMs, 1_000)), 2);
    assert.deepEqual(left(), [alive, gone, elsewhere]);
    child.kill();
    await child.status;
    assert.equal(pruneSessions(file, goneClients(nowMs, 1_000)), 1);
    assert.deepEqual(left(), [alive, elsewhere]);
  });
});

Deno.test("findClient() finds the process beyond shells, the same for all that it starts", async () => {
  const module = new URL("../../src/state/client_process.ts", import.meta.url).href;
  const script = `console.log((await import("${module}")).findClient().key)`;
  const ask = async (...prefix: readonly string[]): Promise<string> => {
    const [command, ...args] = [...prefix, Deno.execPath(), "eval", script];
    const { stdout } = await new Deno.Command(command, { args, stderr: "inherit" }).output();
    return new TextDecoder().decode(stdout).trim();
  };
  const direct = await ask();
  assert.ok(direct.split("/").includes(String(Deno.pid)), direct);
  assert.equal(await ask("sh", "-c", '"$@"; exit $?', "sh"), direct);
  assert.equal(await ask("sh", "-c", 'env "$@"; exit $?', "sh", "sh", "-c", '"$@"; exit $?', "sh"), direct);
  // As the package of Deno on npm does it. Any other script may be a client.
  const folder = await Deno.makeTempDir();
  await Deno.mkdir(`${folder}/deno`);
  for (const name of ["deno/bin.cjs", "client.cjs"]) {
    await Deno.writeTextFile(
      `${folder}/${name}`,
      'const [, , program, ...args] = process.argv; require("child_process").spawnSync(program, args, { stdio: "inherit" });',
    );
  }
  assert.equal(await ask("node", `${folder}/deno/bin.cjs`), direct);
  assert.notEqual(await ask("node", `${folder}/client.cjs`), direct);
  await Deno.remove(folder, { recursive: true });
});
