/** The promise itself: SIGKILL of the proxy, and within a second nothing of the server's is left. */

import assert from "node:assert/strict";
import {
  childrenOf,
  holdsWithin,
  identities,
  type Identity,
  isAlive,
  livingWith,
  mechanisms,
  type MechanismUnderTest,
  missingFor,
  openWorld,
  readProc,
  type StandIn,
  testWith,
} from "./world.ts";

const world = openWorld();
const runs = 20;
/** Runs at one time: each is four processes or so. */
const width = 4;
/** What the promise allows. */
const graceMs = 1000;
/** How long a server may take to be there, on a busy machine. */
const upMs = 10_000;

interface Case {
  readonly name: string;
  readonly command: readonly [string, ...string[]];
  /** How many processes of the server's there must be before the kill, or the case proves nothing. */
  readonly atLeast: number;
  readonly mechanisms: readonly MechanismUnderTest[];
}

const cases: readonly Case[] = [
  {
    name: "a server that ignores EOF, TERM and HUP",
    command: ["/bin/sh", `${world.fixtures}/stubborn.sh`],
    atLeast: 2,
    mechanisms,
  },
  {
    name: "such a server behind a wrapper, as npx is one",
    command: ["/bin/sh", "-c", 'node "$1"; exit $?', "npx", `${world.fixtures}/stubborn.mjs`],
    atLeast: 2,
    mechanisms,
  },
  {
    name: "such a server in a process group of its own, as `timeout` makes one",
    command: ["/bin/sh", "-c", 'timeout 1000 sh "$1"; exit $?', "sh", `${world.fixtures}/stubborn.sh`],
    atLeast: 4,
    mechanisms,
  },
  {
    name: "a server that has daemonised a grandchild",
    command: ["/bin/sh", `${world.fixtures}/daemon_maker.sh`],
    atLeast: 3,
    mechanisms: ["bwrap", "unshare"], // level `process` says that it cannot
  },
];

function environmentWith(token: string): Record<string, string> {
  return { PATH: Deno.env.get("PATH") ?? "", TOKEN: token, READY_FILE: world.scratch("ready") };
}

/** Starts a proxy and its server, kills the proxy, and looks. */
async function killOnce(
  identity: Identity,
  mechanism: MechanismUnderTest,
  { command, atLeast }: Case,
): Promise<void> {
  const token = crypto.randomUUID();
  const standIn = await world.start(identity, {
    mechanism,
    command: command[0],
    args: command.slice(1),
    environment: environmentWith(token),
  });
  try {
    assert.equal(standIn.started.event, "started", standIn.started.message);
    await standIn.untilPrinted("ready");
    const isUp = await holdsWithin(upMs, () => livingWith(token).length >= atLeast);
    assert.ok(isUp, `only ${livingWith(token).length} processes are there to be killed`);
    const watchers = childrenOf(standIn.pid, "lilith-zero-watcher");
    assert.equal(watchers.length, 1);
    await standIn.kill();
    const isGone = () => livingWith(token).length === 0 && !watchers.some(isAlive);
    assert.ok(await holdsWithin(graceMs, isGone), `still there: ${livingWith(token)}`);
  } finally {
    killAllWith(token);
  }
}

/** Tidies up after a failure, so that it is one failure and not more. */
function killAllWith(token: string): void {
  for (const pid of livingWith(token)) {
    try {
      Deno.kill(pid, "SIGKILL");
    } catch {
      // gone with one of the others
    }
  }
}

/** Does something a number of times, some at once. */
async function repeat(times: number, act: (run: number) => Promise<void>): Promise<void> {
  const remaining = Array.from({ length: times }, (_, run) => run);
  const worker = async () => {
    for (let run = remaining.pop(); run !== undefined; run = remaining.pop()) await act(run);
  };
  await Promise.all(Array.from({ length: width }, worker));
}

for (const testCase of cases) {
  for (const identity of identities) {
    for (const mechanism of testCase.mechanisms) {
      const name =
        `SIGKILL of the proxy leaves nothing of ${testCase.name} (${mechanism}, as ${identity.name}, ${runs} runs)`;
      testWith(missingFor(identity, mechanism), name, async () => {
        await repeat(runs, () => killOnce(identity, mechanism, testCase));
      });
    }
  }
}

/** Kills a proxy while its server is being started, at a moment that `arrive` waits for, and looks. */
async function killDuringStart(
  identity: Identity,
  mechanism: MechanismUnderTest,
  arrive: (standIn: StandIn) => Promise<void>,
): Promise<void> {
  const token = crypto.randomUUID();
  const standIn = world.begin(identity, {
    mechanism,
    command: "/bin/sh",
    args: ["-c", 'sh "$1"; exit $?', "sh", `${world.fixtures}/stubborn.sh`],
    environment: environmentWith(token),
  });
  try {
    await arrive(standIn);
    await standIn.kill();
    assert.ok(
      await holdsWithin(graceMs, () => livingWith(token).length === 0),
      `still there: ${livingWith(token)}`,
    );
  } finally {
    killAllWith(token);
  }
}

const moments = 60;
for (const identity of identities) {
  for (const mechanism of mechanisms) {
    const name = `SIGKILL of the proxy leaves nothing at any moment of its start`;
    testWith(
      missingFor(identity, mechanism),
      `${name} (${mechanism}, as ${identity.name}, ${moments} runs)`,
      async () => {
        await repeat(moments, (moment) =>
          killDuringStart(identity, mechanism, async (standIn) => {
            // Two milliseconds further each time: the probe, the spawn, the stage, the first steps of the server.
            await standIn.until("guarded");
            await new Promise((resolve) => setTimeout(resolve, 2 * moment));
          }));
      },
    );
  }

  for (const mechanism of mechanisms.filter((name) => name !== "watcher")) {
    const name = `SIGKILL of the proxy leaves nothing while the helper makes the namespace`;
    testWith(
      missingFor(identity, mechanism),
      `${name} (${mechanism}, as ${identity.name}, ${moments} runs)`,
      async () => {
        await repeat(moments, (moment) =>
          killDuringStart(identity, mechanism, async (standIn) => {
            const { pid = 0 } = await standIn.until("started");
            const isHelper = () => readProc(pid, "comm").startsWith(mechanism);
            assert.ok(
              await holdsWithin(upMs, isHelper, 0),
              `no ${mechanism}: ${JSON.stringify(standIn.events)}`,
            );
            // Without leaving the thread: it is a matter of microseconds between the helper's start and its readiness.
            for (const end = performance.now() + moment * 0.05; performance.now() < end;);
          }));
      },
    );
  }
}

for (const { name, command, atLeast } of cases) {
  Deno.test(`control: without a supervisor ${name} outlives a SIGKILL of its parent`, async () => {
    const token = crypto.randomUUID();
    const parent = world.deno(identities[1].missing ? identities[0] : identities[1], "bare_parent.ts", [
      JSON.stringify({ command, environment: environmentWith(token) }),
    ]).spawn();
    try {
      const reader = parent.stdout.getReader();
      await reader.read(); // it is ready
      assert.ok(await holdsWithin(upMs, () => livingWith(token).length >= atLeast));
      parent.kill("SIGKILL");
      await parent.status;
      await parent.stdin.abort();
      await reader.cancel();
      assert.equal(await holdsWithin(graceMs, () => livingWith(token).length === 0), false);
    } finally {
      killAllWith(token);
    }
  });
}
