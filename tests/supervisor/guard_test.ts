/** What a server can do to the proxy that runs it: nothing of what its uid would allow, each line tried. */

import assert from "node:assert/strict";
import {
  holdsWithin,
  identities,
  type Identity,
  livingWith,
  mechanisms,
  type MechanismUnderTest,
  missingFor,
  openWorld,
  root,
  testWith,
  user,
} from "./world.ts";

const world = openWorld();
const path = Deno.env.get("PATH") ?? "";

/** What a server got when it reached for the proxy's /proc entries. */
interface Booty {
  readonly mem: string;
  readonly environ: string;
  readonly fd: string;
  readonly signal: string;
}

/** Lets a hostile server loose on its proxy. */
async function intrude(identity: Identity, mechanism: MechanismUnderTest): Promise<Booty> {
  const token = crypto.randomUUID();
  const standIn = await world.start(identity, {
    mechanism,
    command: "/usr/bin/env",
    args: ["node", `${world.fixtures}/intruder.mjs`],
    environment: { PATH: path, TOKEN: token },
  });
  try {
    await standIn.untilPrinted("ready");
    await standIn.tell(String(standIn.pid));
    await standIn.untilPrinted("}");
    return JSON.parse(standIn.printed("stdout").split("\n")[1]);
  } finally {
    await standIn.kill();
    assert.ok(await holdsWithin(1000, () => livingWith(token).length === 0));
  }
}

testWith(
  user.missing,
  "a user's server cannot open the proxy's memory, environment or output (watcher)",
  async () => {
    const { mem, environ, fd } = await intrude(user, "watcher");
    assert.deepEqual({ mem, environ, fd }, { mem: "EACCES", environ: "EACCES", fd: "EACCES" });
  },
);

for (const mechanism of mechanisms.filter((name) => name !== "watcher")) {
  for (const identity of identities) {
    const name =
      `a server in a namespace can neither see nor signal the proxy (${mechanism}, as ${identity.name})`;
    testWith(missingFor(identity, mechanism), name, async () => {
      const nothing = { mem: "ENOENT", environ: "ENOENT", fd: "ENOENT", signal: "ESRCH" };
      assert.deepEqual(await intrude(identity, mechanism), nothing);
    });
  }
}

/** The inspector's address, where Deno opens it on SIGUSR1. */
async function isInspectorOpen(): Promise<boolean> {
  try {
    (await Deno.connect({ hostname: "127.0.0.1", port: 9229 })).close();
    return true;
  } catch {
    return false;
  }
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

const self = root.missing === undefined ? root : user;

Deno.test("SIGUSR1, from the guard on and for two seconds, neither opens the inspector nor ends the proxy", async () => {
  assert.equal(await isInspectorOpen(), false, "something else listens on port 9229");
  const spec = { mechanism: "watcher", command: "/bin/cat", args: [], environment: { PATH: path } } as const;
  const standIn = world.begin(self, spec);
  try {
    await standIn.until("guarded");
    // Deno arms its own handler some 500 ms after the start: before, across and after that.
    for (let times = 0; times < 40; times++) {
      Deno.kill(standIn.pid, "SIGUSR1");
      await pause(50);
    }
    await pause(300);
    assert.equal(await isInspectorOpen(), false);
    await standIn.until("started");
    await standIn.tell("still here");
    await standIn.untilPrinted("still here");
  } finally {
    await standIn.kill();
  }
});

Deno.test("control: without the guard SIGUSR1 opens the inspector or ends the process", async () => {
  assert.equal(await isInspectorOpen(), false, "something else listens on port 9229");
  const child = world.deno(self, "unguarded.ts", []).spawn();
  let hasEnded = false;
  const ended = child.status.then(() => hasEnded = true);
  try {
    await pause(1500);
    child.kill("SIGUSR1");
    let isOpen = false;
    for (let look = 0; look < 50 && !hasEnded && !isOpen; look++) {
      await pause(100);
      isOpen = await isInspectorOpen();
    }
    assert.ok(isOpen || hasEnded);
  } finally {
    if (!hasEnded) child.kill("SIGKILL");
    await ended;
    await child.stdin.abort();
    await child.stdout.cancel();
  }
});
