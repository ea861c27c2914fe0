/** A server's life under each mechanism: what it is started with, how it ends, how it is taken down. */

import assert from "node:assert/strict";
import {
  childrenOf,
  holdsWithin,
  livingWith,
  mechanisms,
  missingFor,
  openWorld,
  root,
  type StandIn,
  testWith,
  user,
} from "./world.ts";
import type { StandInSpec } from "./fixtures/stand_in.ts";

const world = openWorld();
/** The tests of the life use one identity; where it matters who one is, both are named. */
const self = Deno.uid() === 0 ? root : user;
const path = Deno.env.get("PATH") ?? "";

async function withServer(
  spec: Partial<StandInSpec>,
  use: (standIn: StandIn) => Promise<void>,
  identity = self,
): Promise<void> {
  const token = crypto.randomUUID();
  const standIn = await world.start(identity, {
    mechanism: "best",
    command: "/bin/sh",
    args: [],
    ...spec,
    environment: { PATH: path, ...spec.environment, TOKEN: token },
  });
  try {
    await use(standIn);
  } finally {
    await standIn.kill();
    assert.ok(await holdsWithin(1000, () => livingWith(token).length === 0), "the server outlived its test");
  }
}

const shell = (script: string): Pick<StandInSpec, "command" | "args"> => ({
  command: "/bin/sh",
  args: ["-c", script, "server", world.fixtures],
});

/** From here on descriptors are a shell's own: that is where it moves the script that it reads. */
const shellDescriptors = 10;

/** The sections of what `inspect.sh` printed. */
async function inspect(spec: Partial<StandInSpec>, identity = self): Promise<Record<string, string[]>> {
  const sections: Record<string, string[]> = {};
  await withServer(
    { command: "/bin/sh", args: [`${world.fixtures}/inspect.sh`], ...spec },
    async (standIn) => {
      await standIn.untilPrinted("# inspected");
      let lines: string[] = [];
      for (const line of standIn.printed("stdout").trimEnd().split("\n")) {
        if (line.startsWith("# ")) sections[line.slice(2)] = lines = [];
        else lines.push(line);
      }
    },
    identity,
  );
  return sections;
}

for (const mechanism of mechanisms) {
  const test = (name: string, run: () => Promise<void>) =>
    testWith(missingFor(self, mechanism), `${name} (${mechanism})`, run);

  for (
    const [script, status, signal] of [
      ["exit 0", 0, undefined],
      ["exit 42", 42, undefined],
      ["kill -ABRT $$", 134, "SIGABRT"],
      ["kill -KILL $$", 137, "SIGKILL"],
      ["kill -TERM $$", 143, "SIGTERM"],
    ] as const
  ) {
    test(`a server that does \`${script}\` ends with status ${status}`, async () => {
      await withServer({ mechanism, ...shell(script) }, async (standIn) => {
        const exit = await standIn.until("exited");
        assert.equal(exit.status, status);
        if (mechanism === "watcher") assert.equal(exit.signal, signal);
      });
    });
  }

  test("a server leaves at the end of its input, before any signal", async () => {
    await withServer({ mechanism, ...shell("echo ready; cat; echo farewell; exit 5") }, async (standIn) => {
      await standIn.untilPrinted("ready");
      await standIn.tell("hello");
      await standIn.tell("stop");
      const { status } = await standIn.until("stopped");
      assert.equal(status, 5);
      await standIn.until("stdoutEnd");
      assert.equal(standIn.printed("stdout"), "ready\nhello\nfarewell\n");
    });
  });

  test("stop() sends SIGTERM to a server that does not mind the end of its input", async () => {
    const spec = { mechanism, command: "/bin/sh", args: [`${world.fixtures}/polite.sh`] };
    await withServer(spec, async (standIn) => {
      await standIn.untilPrinted("ready");
      await standIn.tell("stop");
      const { status } = await standIn.until("stopped");
      assert.equal(status, 7);
      await standIn.until("stdoutEnd");
      assert.match(standIn.printed("stdout"), /got TERM/);
    });
  });

  test("stop() kills a server that ignores both, and settles once, however often it is called", async () => {
    const spec = { mechanism, command: "/bin/sh", args: [`${world.fixtures}/stubborn.sh`] };
    await withServer(spec, async (standIn) => {
      await standIn.untilPrinted("ready");
      await standIn.tell("stop");
      await standIn.tell("stop");
      const { status } = await standIn.until("stopped");
      assert.equal(status, 137);
    });
  });

  test("stop() settles when nothing is left, a daemonised grandchild included", async () => {
    const token = crypto.randomUUID();
    const spec = {
      mechanism,
      command: "/bin/sh",
      args: [`${world.fixtures}/daemon_maker.sh`],
      environment: { DAEMON_TOKEN: token, READY_FILE: world.scratch("daemon") },
    };
    await withServer(spec, async (standIn) => {
      await standIn.untilPrinted("ready");
      assert.ok(livingWith(token).length >= 3);
      await standIn.tell("stop");
      await standIn.until("stopped");
      assert.deepEqual(livingWith(token), []);
    });
  });

  test("what a server leaves behind when it ends by itself is killed", async () => {
    const token = crypto.randomUUID();
    const script = 'sh "$1/stubborn.sh" & until [ -s "$READY_FILE" ]; do sleep 0.02; done; exit 3';
    const environment = { LEFT_TOKEN: token, READY_FILE: world.scratch("left") };
    await withServer({ mechanism, ...shell(script), environment }, async (standIn) => {
      const { status } = await standIn.until("exited");
      assert.equal(status, 3);
      assert.ok(await holdsWithin(1000, () => livingWith(token).length === 0));
    });
  });

  test("killNow() kills the whole tree at once", async () => {
    const spec = { mechanism, command: "/bin/sh", args: [`${world.fixtures}/stubborn.sh`] };
    await withServer(spec, async (standIn) => {
      await standIn.untilPrinted("ready");
      await standIn.tell("killNow");
      assert.equal((await standIn.until("exited")).status, 137);
    });
  });

  test("a proxy that ends in the ordinary way takes the server with it", async () => {
    const token = crypto.randomUUID();
    const standIn = await world.start(self, {
      mechanism,
      command: "/bin/sh",
      args: [`${world.fixtures}/stubborn.sh`],
      environment: { PATH: path, TOKEN: token },
    });
    await standIn.untilPrinted("ready");
    await standIn.end();
    assert.ok(await holdsWithin(1000, () => livingWith(token).length === 0));
  });

  test("a server gets the environment exactly as given, and PWD", async () => {
    const given = {
      PATH: path,
      EMPTY: "",
      TEXT: "tab\tequals=quote\"'$(echo no)`",
      "npm_config_@scope:registry": "https://example.org",
      "dotted.name": "ü ✓",
      IFS: "x",
      OPTIND: "7",
    };
    const { environ } = await inspect({ mechanism, environment: given, directory: "/usr" });
    const seen = environ.filter((line) => !line.startsWith("TOKEN="));
    const expected = Object.entries({ ...given, PWD: "/usr" }).map(([name, value]) => `${name}=${value}`);
    assert.deepEqual(seen.sort(), expected.sort());
  });

  test("a server gets an ordinary environment exactly, without a second stage", async () => {
    const given = { PATH: path, HOME: "/nowhere", LANG: "C", http_proxy: "http://127.0.0.1:1" };
    const { environ } = await inspect({ mechanism, environment: given });
    // Where sh is bash it names itself what it starts last.
    const seen = environ.filter((line) => !/^(TOKEN|_)=/.test(line));
    const expected = Object.entries({ ...given, PWD: "/" }).map(([name, value]) => `${name}=${value}`);
    assert.deepEqual(seen.sort(), expected.sort());
  });

  test("a server begins in the directory that was named", async () => {
    const { directory } = await inspect({ mechanism, directory: "/usr/lib" });
    assert.deepEqual(directory, ["/usr/lib"]);
  });

  test("the caps stand in the server itself, with no core dump and no new privileges", async () => {
    const limits = {
      memoryBytesMax: 96 * 1024 * 1024,
      cpuSecondsMax: 60,
      openFilesMax: 77,
      fileBytesMax: 123_456,
    };
    const { limits: lines, status } = await inspect({ mechanism, limits });
    const limitOf = (name: string) =>
      lines.find((line) => line.startsWith(name))?.slice(name.length).trim().split(/\s+/).slice(0, 2);
    assert.deepEqual(limitOf("Max data size"), ["100663296", "100663296"]);
    assert.deepEqual(limitOf("Max cpu time"), ["60", "62"]);
    assert.deepEqual(limitOf("Max open files"), ["77", "77"]);
    assert.deepEqual(limitOf("Max file size"), ["123456", "123456"]);
    assert.deepEqual(limitOf("Max core file size"), ["0", "0"]);
    assert.ok(status.includes("NoNewPrivs:\t1"));
  });

  test("without a cap a server gets the usual soft limit of open files, not Deno's", async () => {
    const { limits } = await inspect({ mechanism });
    const line = limits.find((text) => text.startsWith("Max open files"));
    assert.match(line ?? "", /^Max open files\s+1024\s/);
  });

  test("a server inherits no descriptor, no ignored signal, no mask and no session of the client's", async () => {
    // A client that leaves two descriptors open and ignores what the background ignores.
    const careless = {
      ...self,
      prefix: [
        ...self.prefix,
        "/bin/sh",
        "-c",
        'trap "" INT QUIT HUP; exec 7</dev/null 8>/dev/null; exec "$@"',
        "sh",
      ],
    };
    const { descriptors, status, pid } = await inspect({ mechanism }, careless);
    const numbers = descriptors.map((line) => Number(line.split(" ")[0]));
    assert.deepEqual(numbers.filter((number) => number < shellDescriptors), [0, 1, 2]);
    for (const line of descriptors.filter((text) => /^[012] /.test(text))) assert.match(line, /^[012] pipe:/);
    const mask = (name: string) =>
      BigInt(`0x${status.find((line) => line.startsWith(name))?.split("\t")[1]}`);
    const ordinary = (1n << 31n) - 1n; // signals 1 to 31; C libraries keep 32 and 33 for themselves
    assert.equal(mask("SigBlk:"), 0n);
    assert.equal(mask("SigIgn:") & ordinary, 0n);
    // In the namespace the session began outside, which reads as 0.
    const session = status.find((line) => line.startsWith("NSsid:"))?.split("\t").at(-1);
    assert.equal(session, mechanism === "watcher" ? pid[0] : "0");
  });

  test("a server whose directory is gone is refused with a message and status 126", async () => {
    const directory = world.scratch("gone");
    await withServer({ mechanism, ...shell("echo ran"), directory }, async (standIn) => {
      assert.equal((await standIn.until("exited")).status, 126);
      await standIn.untilSeen("a message", () => standIn.printed("stderr").includes(`"${directory}"`));
      assert.equal(standIn.printed("stdout"), "");
    });
  });

  test("a script without an interpreter line is the shell's", async () => {
    const script = world.scratch("bare");
    await Deno.writeTextFile(script, "echo run by the shell: $1\nexit 9\n", { mode: 0o755 });
    await withServer({ mechanism, command: script, args: ["argument"] }, async (standIn) => {
      assert.equal((await standIn.until("exited")).status, 9);
      await standIn.until("stdoutEnd");
      assert.equal(standIn.printed("stdout"), "run by the shell: argument\n");
    });
  });

  test("arguments arrive as they are, whatever they hold", async () => {
    const args = [
      "-c",
      'for arg; do printf "<%s>" "$arg"; done',
      "sh",
      "",
      "a b",
      "$(id)",
      "'\"\\",
      "--",
      "-x",
      "ü\n",
    ];
    await withServer({ mechanism, command: "/bin/sh", args }, async (standIn) => {
      await standIn.until("exited");
      await standIn.until("stdoutEnd");
      assert.equal(standIn.printed("stdout"), "<><a b><$(id)><'\"\\><--><-x><ü\n>");
    });
  });
  test("a server is killed when its watcher is, and the end says why", async () => {
    const spec = { mechanism, command: "/bin/sh", args: [`${world.fixtures}/stubborn.sh`] };
    await withServer(spec, async (standIn) => {
      await standIn.untilPrinted("ready");
      const [watcher] = childrenOf(standIn.pid, "lilith-zero-watcher");
      Deno.kill(watcher, "SIGKILL");
      const { status, description } = await standIn.until("exited");
      assert.equal(status, 137);
      assert.match(description ?? "", /its watcher was killed/);
    });
  });

  test("the watcher goes when the server has gone", async () => {
    await withServer({ mechanism, ...shell("exit 0") }, async (standIn) => {
      await standIn.until("exited");
      const isAlone = () => childrenOf(standIn.pid, "lilith-zero-watcher").length === 0;
      assert.ok(await holdsWithin(1000, isAlone));
    });
  });
}

for (const status of [126, 127]) {
  Deno.test(`a command that cannot be run ends with a message and status ${status} (watcher)`, async () => {
    const command = status === 127 ? world.scratch("gone") : "/dev";
    await withServer({ mechanism: "watcher", command }, async (standIn) => {
      assert.equal((await standIn.until("exited")).status, status);
      await standIn.untilSeen(
        "a message",
        () => standIn.printed("stderr").includes(`Cannot start "${command}": `),
      );
    });
  });
}

Deno.test("a daemon that ends leaves no zombie with the proxy (watcher)", async () => {
  const script = "(setsid sh -c 'exit 0' &); sleep 0.3; echo done; cat";
  await withServer({ mechanism: "watcher", ...shell(script) }, async (standIn) => {
    await standIn.untilPrinted("done");
    assert.ok(await holdsWithin(1000, () => childrenOf(standIn.pid, "").length === 2), "server and watcher");
  });
});

Deno.test("a server that fails at once ends the stand-in's wait, its last words kept", async () => {
  await withServer(shell("echo broken >&2; exit 1"), async (standIn) => {
    assert.equal((await standIn.until("exited")).status, 1);
    await standIn.untilSeen("words", () => standIn.printed("stderr") === "broken\n");
  });
});

testWith(missingFor(user, "unshare"), "a cap on processes holds in a user's namespace", async () => {
  // As a user: root is exempt from RLIMIT_NPROC.
  const script = 'i=0; while [ $i -lt 40 ]; do sleep 5 & i=$((i + 1)); done; echo "reached the end"';
  const spec = { mechanism: "unshare", ...shell(script), limits: { processesMax: 20 } } as const;
  await withServer(spec, async (standIn) => {
    await standIn.until("exited");
    await standIn.until("stdoutEnd");
    assert.equal(standIn.printed("stdout"), "", "forty processes fitted under a cap of twenty");
  }, user);
});

Deno.test("a cap on processes that cannot be kept is refused, not forgotten (watcher)", async () => {
  const standIn = await world.start(self, {
    mechanism: "watcher",
    ...shell("exit 0"),
    environment: {},
    limits: { processesMax: 20 },
  });
  assert.equal(standIn.started.code, "containment_unavailable");
  assert.match(standIn.started.message ?? "", /Cannot limit the server to 20 processes/);
  await standIn.kill();
});
