import assert from "node:assert/strict";
import type { ContainmentReport, Mechanism } from "../../src/supervisor/containment.ts";
import { levelOf } from "../../src/supervisor/containment.ts";
import { stageCommand, type StageSpec } from "../../src/supervisor/stage_command.ts";

const unshare: Mechanism = {
  kind: "unshare",
  unshare: "/usr/bin/unshare",
  shell: "/bin/sh",
  userNamespace: true,
};

function specWith(by: Mechanism, environment: Record<string, string> = {}): StageSpec {
  const containment: ContainmentReport = {
    level: levelOf(by.kind),
    mechanism: by.kind,
    by,
    shell: "/bin/sh",
    missing: [],
  };
  return {
    command: "/srv/tool",
    args: ["--flag"],
    environment,
    directory: "/srv",
    limits: {},
    containment,
    watcherPid: 77,
  };
}

const commandWith = (by: Mechanism, environment?: Record<string, string>) =>
  stageCommand(specWith(by, environment));

const stages = (command: readonly string[]) =>
  command.filter((word) => word.endsWith("/supervisor/init.ts")).length;

Deno.test("stageCommand() ends with the server's own words, unchanged", () => {
  for (
    const by of [unshare, { kind: "bwrap", bwrap: "/usr/bin/bwrap" }, {
      kind: "watcher",
      shell: "/bin/sh",
    }] as const
  ) {
    assert.deepEqual(commandWith(by, {}).slice(-2), ["/srv/tool", "--flag"]);
  }
});

Deno.test("stageCommand() shows no value of the environment to those who list processes", () => {
  for (const name of ["API_KEY", "a.b"]) {
    const words = commandWith(unshare, { [name]: "secret-value" }).join("\n");
    assert.doesNotMatch(words, /secret-value/);
  }
});

Deno.test("stageCommand() puts a second stage behind a shell only for variables that a shell would change", () => {
  assert.equal(stages(commandWith(unshare, { PATH: "/bin" })), 1);
  assert.equal(stages(commandWith(unshare, { PATH: "/bin", "a.b": "1" })), 2);
  assert.equal(stages(commandWith({ kind: "bwrap", bwrap: "/usr/bin/bwrap" }, { "a.b": "1" })), 1);
});

Deno.test("the stage gets no permission but ffi, no network and no configuration", () => {
  const command = commandWith({ kind: "watcher" }, {});
  const flags = command.slice(2, command.findIndex((word) => word.endsWith("init.ts")));
  assert.deepEqual(flags.filter((flag) => flag.startsWith("--allow") || flag === "-A"), ["--allow-ffi"]);
  for (
    const flag of ["--no-prompt", "--no-config", "--no-lock", "--cached-only", "--no-remote", "--no-npm"]
  ) {
    assert.ok(flags.includes(flag), flag);
  }
});

Deno.test("stageCommand() has the memory capped by the last program before the server's helper, not by our stage", () => {
  const command = stageCommand({
    ...specWith({ kind: "watcher" }),
    limits: { memoryBytesMax: 1_000_000, openFilesMax: 64 },
  });
  const separator = command.indexOf("--");
  assert.deepEqual(JSON.parse(command[separator - 1]).limits, { openFilesMax: 64 });
  assert.match(command[separator + 1], /\/prlimit$/);
  assert.deepEqual(command.slice(separator + 2), ["--data=1000000:1000000", "--", "/srv/tool", "--flag"]);
});

Deno.test("stageCommand() puts nothing into the plan but what the stage knows", () => {
  const settings = { openFilesMax: 64, passEnv: ["API_KEY"], directory: "/elsewhere" };
  const command = stageCommand({ ...specWith({ kind: "watcher" }), limits: settings });
  assert.deepEqual(JSON.parse(command[command.indexOf("--") - 1]), {
    parentPid: Deno.pid,
    watcherPid: 77,
    directory: "/srv",
    limits: { openFilesMax: 64 },
    environment: "server",
  });
});
