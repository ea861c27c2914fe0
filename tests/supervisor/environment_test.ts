import assert from "node:assert/strict";
import fc from "fast-check";
import {
  givenEnvironment,
  serverEnvironment,
  stageEnvironment,
  survivesShell,
  withoutNodeShim,
} from "../../src/supervisor/environment.ts";

const own = {
  PATH: "/usr/bin:/bin",
  HOME: "/home/u",
  API_KEY: "k",
  NODE_OPTIONS: "--max-old-space-size=64",
  DENO_AUTH_TOKENS: "t@h",
  LILITH_LOG: "x",
  OTEL_EXPORTER_OTLP_ENDPOINT: "http://h",
  LD_PRELOAD: "/tmp/x.so",
  DYLD_INSERT_LIBRARIES: "/tmp/x.dylib",
  GCONV_PATH: "/tmp",
  GLIBC_TUNABLES: "glibc.malloc.check=1",
  NODE_CHANNEL_FD: "3",
  LISTEN_FDS: "1",
  _: "/usr/bin/lilith-zero",
  SHLVL: "2",
  OLDPWD: "/",
};

Deno.test("serverEnvironment() passes everything but ours, the loader's, descriptors' and the shell's own", () => {
  assert.deepEqual(serverEnvironment(own, undefined), {
    PATH: "/usr/bin:/bin",
    HOME: "/home/u",
    API_KEY: "k",
    NODE_OPTIONS: "--max-old-space-size=64",
  });
});

Deno.test("serverEnvironment() passes only the names that a policy gives, and those whatever they are", () => {
  assert.deepEqual(serverEnvironment(own, ["HOME", "LD_PRELOAD", "ABSENT"]), {
    HOME: "/home/u",
    LD_PRELOAD: "/tmp/x.so",
  });
  assert.deepEqual(serverEnvironment(own, []), {});
});

Deno.test("serverEnvironment() never invents or changes a variable", () => {
  const record = fc.dictionary(fc.string({ minLength: 1 }), fc.string());
  const names = fc.option(fc.array(fc.string()), { nil: undefined });
  fc.assert(fc.property(record, names, (variables, passEnv) => {
    for (const [name, value] of Object.entries(serverEnvironment(variables, passEnv))) {
      assert.equal(value, name === "PATH" ? withoutNodeShim(variables[name]) : variables[name]);
      if (passEnv !== undefined) assert.ok(passEnv.includes(name));
    }
  }));
});

Deno.test("givenEnvironment() gives the client's variables back where the launcher has set its own", () => {
  const launched = {
    PATH: "/bin",
    DENO_DIR: "/dev/null",
    DENO_NO_UPDATE_CHECK: "1",
    DENO_DISABLE_NODE_SHIM: "1",
  };
  const kept = { LILITH_GIVEN_DENO_DIR: "/home/u/deno", LILITH_GIVEN_DENO_NO_UPDATE_CHECK: "" };
  assert.deepEqual(givenEnvironment({ ...launched, ...kept }), {
    PATH: "/bin",
    DENO_DIR: "/home/u/deno",
    DENO_DISABLE_NODE_SHIM: "1",
  });
  assert.deepEqual(givenEnvironment(own), own);
});

Deno.test("serverEnvironment() takes the `node` that Deno puts into the PATH out again", () => {
  const shimmed = { PATH: "/home/u/.cache/deno/node_compat_bin:/usr/bin", DENO_NODE_SHIM_ACTIVE: "1" };
  assert.deepEqual(serverEnvironment(shimmed, undefined), { PATH: "/usr/bin" });
});

Deno.test("serverEnvironment() gives no PATH where there was none before Deno made one", () => {
  const shimmed = { PATH: "/home/u/.cache/deno/node_compat_bin", HOME: "/home/u" };
  assert.deepEqual(serverEnvironment(shimmed, undefined), { HOME: "/home/u" });
});

Deno.test("withoutNodeShim() leaves every other entry where it is, empty ones too", () => {
  assert.equal(withoutNodeShim("/a::/b:"), "/a::/b:");
  assert.equal(withoutNodeShim("/a:/x/node_compat_bin:/b"), "/a:/b");
});

Deno.test("survivesShell() is false for what a shell drops, sets or acts on", () => {
  for (const name of ["PATH", "HOME", "http_proxy", "_X", "A1"]) assert.ok(survivesShell(name), name);
  for (
    const name of ["npm_config_@a:registry", "a.b", "BASH_FUNC_f%%", "1A", "", "IFS", "PS1", "SHELLOPTS", "_"]
  ) {
    assert.equal(survivesShell(name), false, name);
  }
});

/** The shells of this machine. */
const shells = ["/bin/dash", "/bin/bash", "/bin/sh"].filter((shell) => {
  try {
    return Deno.statSync(shell).isFile;
  } catch {
    return false;
  }
});

for (const shell of shells) {
  Deno.test(`${shell} hands on unchanged whatever survivesShell() says it does`, async () => {
    // Every name that a shell of these is known to treat in its own way, and some ordinary ones.
    const names = [
      ..."IFS PS1 PS2 PS4 OPTIND OPTARG OPTERR PPID LINENO ENV UID EUID GROUPS RANDOM SECONDS SHELLOPTS"
        .split(" "),
      ..."BASHOPTS BASH_ENV BASH_VERSION BASH HISTCMD HOSTNAME HOSTTYPE COLUMNS LINES MAIL MAILCHECK".split(
        " ",
      ),
      ..."CDPATH TMOUT TERM HISTFILE INPUTRC IGNOREEOF TZ LANG PATH HOME USER http_proxy a.b REPLY".split(
        " ",
      ),
    ];
    const environment = Object.fromEntries(names.filter(survivesShell).map((name) => [name, "42"]));
    const { stdout } = await new Deno.Command(shell, {
      args: ["-c", 'unset SHLVL OLDPWD; "$@"; exit $?', "sh", "/usr/bin/env", "-0"],
      clearEnv: true,
      env: environment,
    }).output();
    const seen = new TextDecoder().decode(stdout).split("\0");
    for (const name of Object.keys(environment)) assert.ok(seen.includes(`${name}=42`), name);
  });
}

Deno.test("stageEnvironment() holds nothing of ours but what Deno needs to start", () => {
  assert.deepEqual(stageEnvironment({ ...own, DENO_DIR: "/cache" }), {
    DENO_NO_UPDATE_CHECK: "1",
    DENO_DISABLE_NODE_SHIM: "1",
    HOME: "/home/u",
    DENO_DIR: "/cache",
  });
});
