import assert from "node:assert/strict";
import { processesMentioning } from "../../scripts/demo/processes.ts";
import { buildPackage } from "../../scripts/package.ts";
import { testWith, user } from "../supervisor/world.ts";
import { allowAll, call, Run, type RunOptions, Scratch, unpack } from "./support/program.ts";

const runs = 20;

/** A server behind a wrapper (as npx is one) that ignores the end of input, TERM and HUP. */
function stubbornServer(token: string, daemon: boolean): string[] {
  const daemonise = daemon
    ? `(setsid sh -c 'trap "" TERM HUP; while :; do sleep 1; done # ${token}' </dev/null >/dev/null 2>&1 &);`
    : "";
  const inner =
    `trap "" TERM HUP; ${daemonise} while read -r line; do echo "$line" >&2; done; while :; do sleep 1; done # ${token}`;
  return ["sh", "-c", 'sh -c "$1" "$2"; exit $?', "wrapper", inner, token];
}

/** Waits until `count` processes are there, or none is left; gives how many there are in the end. */
async function waitFor(
  token: string,
  wanted: (count: number) => boolean,
  timeoutMs: number,
): Promise<number> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const count = (await processesMentioning(token)).length;
    if (wanted(count) || Date.now() > deadline) return count;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

async function killProxy(
  scratch: Scratch,
  containment: "best" | "process",
  daemon: boolean,
  how: RunOptions = {},
): Promise<void> {
  const policy = await scratch.write("policy.yaml", allowAll);
  for (let i = 0; i < runs; i++) {
    const token = `lilith-token-${crypto.randomUUID()}`;
    const server = stubbornServer(token, daemon);
    const run = new Run(["run", "-p", policy, "--containment", containment, "--", ...server], how);
    // The proxy itself has the token in its arguments too.
    const before = await waitFor(token, (count) => count >= (daemon ? 4 : 3), 20_000);
    assert.ok(before >= (daemon ? 4 : 3), `only ${before} processes came up`);
    run.kill("SIGKILL");
    const left = await waitFor(token, (count) => count === 0, 1000);
    for (const pid of left > 0 ? await processesMentioning(token) : []) Deno.kill(pid, "SIGKILL");
    assert.equal(left, 0, `run ${i + 1} of ${runs}: ${left} processes are left a second after SIGKILL`);
    await run.finish();
  }
}

Deno.test(`after SIGKILL of the proxy nothing of a stubborn, wrapped server is left (level process, ${runs} runs)`, async () => {
  await using scratch = await Scratch.make();
  await killProxy(scratch, "process", false);
});

Deno.test(`after SIGKILL of the proxy not even a daemon of the server's is left (best level, ${runs} runs)`, async () => {
  await using scratch = await Scratch.make();
  await killProxy(scratch, "best", true);
});

testWith(
  user.missing,
  `the same for an ordinary user, who runs the archive (both levels, ${runs} runs each)`,
  async () => {
    await using scratch = await Scratch.make();
    await Deno.chmod(scratch.path, 0o755);
    const { path } = await buildPackage(scratch.file("dist"), Deno.execPath());
    const program = [`${await unpack(path, scratch.path)}/lilith-zero`];
    await killProxy(scratch, "process", false, { program, prefix: user.prefix, cwd: "/" });
    await killProxy(scratch, "best", true, { program, prefix: user.prefix, cwd: "/" });
  },
);

Deno.test("the same server survives when nobody supervises it", async () => {
  const token = `lilith-token-${crypto.randomUUID()}`;
  const [command, ...args] = stubbornServer(token, true);
  const parent = new Deno.Command("sh", {
    args: ["-c", '"$@" & wait', "parent", command, ...args],
    stdin: "piped",
    stdout: "null",
    stderr: "null",
  }).spawn();
  await waitFor(token, (count) => count >= 4, 5000);
  parent.kill("SIGKILL");
  await parent.stdin.close();
  await parent.status;
  await new Promise((resolve) => setTimeout(resolve, 1000));
  const left = await processesMentioning(token);
  for (const pid of left) Deno.kill(pid, "SIGKILL");
  assert.ok(left.length >= 2, "the fixture proves nothing: it goes by itself");
});

Deno.test("SIGUSR1 neither opens the inspector nor ends the proxy", async () => {
  await using scratch = await Scratch.make();
  const policy = await scratch.write("policy.yaml", allowAll);
  for (const delayMs of [100, 2000]) {
    const run = new Run(["run", "-p", policy, "--", "cat"]);
    await new Promise((resolve) => setTimeout(resolve, delayMs));
    run.kill("SIGUSR1");
    await new Promise((resolve) => setTimeout(resolve, 700));
    await assert.rejects(Deno.connect({ hostname: "127.0.0.1", port: 9229 }), Deno.errors.ConnectionRefused);
    const answer = await run.ask("nonsense\n");
    assert.equal(answer.error.code, -32700);
    const { stderr } = await run.finish();
    assert.doesNotMatch(stderr, /[Dd]ebugger listening/);
  }
});

Deno.test("the server gets the client's environment without the proxy's own variables", async () => {
  await using scratch = await Scratch.make();
  const policy = await scratch.write("policy.yaml", allowAll);
  const out = scratch.file("env.txt");
  const run = new Run([
    "run",
    "-p",
    policy,
    "--",
    "sh",
    "-c",
    'env > "$0"; pwd >> "$0"; cat > /dev/null',
    out,
  ], {
    cwd: scratch.path,
    env: { LILITH_TEST: "x", LD_PRELOAD_NOT: "y", GIVEN: "z", DENO_TEST: "w" },
  });
  await run.finish();
  const text = await Deno.readTextFile(out);
  assert.match(text, /^GIVEN=z$/m);
  assert.doesNotMatch(text, /^(LILITH_|DENO_|OTEL_)/m);
  assert.match(text, new RegExp(`^${scratch.path}$`, "m"));
});

Deno.test("calls go on after the permissions were dropped, path facts and patterns included", async () => {
  await using scratch = await Scratch.make();
  await Deno.symlink("/etc/hostname", scratch.file("link"));
  await scratch.write("a.txt", "x");
  const policy = await scratch.write(
    "policy.yaml",
    `version: 1
rules:
  - allow: echo
    args: { path: { under: "${scratch.path}" }, mode: { matches: "r[wx]?" } }
    others: none
`,
  );
  const server = new URL("./fixtures/recording_server.mjs", import.meta.url).pathname;
  const run = new Run(["run", "-p", policy, "--", "node", server, scratch.file("seen.txt")]);
  const verdict = async (args: object) => (await run.ask(call(1, "echo", args))).result.isError !== true;
  assert.equal(await verdict({ path: scratch.file("a.txt"), mode: "rw" }), true);
  assert.equal(await verdict({ path: scratch.file("new.txt"), mode: "r" }), true);
  assert.equal(await verdict({ path: scratch.file("link"), mode: "r" }), false);
  assert.equal(await verdict({ path: scratch.file("a.txt"), mode: "rwx" }), false);
  assert.equal(await verdict({ path: scratch.file("a.txt"), mode: "r", more: 1 }), false);
  await run.finish();
});
