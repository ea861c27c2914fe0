import assert from "node:assert/strict";
import { lookUpCommand } from "../../src/supervisor/look_up.ts";

const folder = Deno.makeTempDirSync({ prefix: "lilith-look-up-" });
globalThis.addEventListener("unload", () => Deno.removeSync(folder, { recursive: true }));

function put(name: string, text: string, mode = 0o755): void {
  Deno.mkdirSync(`${folder}/${name}`.replace(/\/[^/]*$/, ""), { recursive: true });
  Deno.writeTextFileSync(`${folder}/${name}`, text);
  Deno.chmodSync(`${folder}/${name}`, mode);
}

put("first/plain", "x", 0o644);
put("second/plain", "#!/bin/sh\n");
put("second/only", "#!/bin/sh\n");
put("bin/tool", "#!/bin/sh -e\n");
put("bin/no-interpreter", "#!/opt/none/python9 -u\n");
put("bin/windows", "#!/bin/sh\r\necho\r\n");
put("bin/env-missing", "#!/usr/bin/env no-such-program-here\n");
put("bin/env-there", "#!/usr/bin/env only\n");
put("bin/env-options", "#!/usr/bin/env -S no-such-program-here --x\n");
put("bin/bare", "echo no interpreter line\n");
put("bin/empty-line", "#!\n");
put("bin/data", "x", 0o644);
Deno.mkdirSync(`${folder}/bin/directory`);
Deno.symlinkSync("nowhere", `${folder}/bin/dangling`);
Deno.symlinkSync("circle", `${folder}/bin/circle`);

const path = `${folder}/none:${folder}/first:${folder}/second:/usr/bin:/bin`;
const find = (
  command: string,
  settings = { path, directory: folder } as { path: string | undefined; directory: string },
) => lookUpCommand(command, settings);
const refusal = (code: string, message: RegExp, hint?: RegExp) => (error: unknown) => {
  const { code: seen, message: text, hint: way } = error as { code: string; message: string; hint?: string };
  assert.equal(seen, code, text);
  assert.match(text, /^Cannot start "/);
  assert.match(text, message);
  if (hint !== undefined) assert.match(way ?? "", hint);
  return true;
};

Deno.test("lookUpCommand() takes the first file of the PATH that may be executed", () => {
  assert.equal(find("only"), `${folder}/second/only`);
  assert.equal(find("plain"), `${folder}/second/plain`);
});

Deno.test("lookUpCommand() takes a name that holds a slash from the server's directory, not from the PATH", () => {
  assert.equal(find("bin/tool"), `${folder}/bin/tool`);
  assert.equal(find("./bin/../bin/tool"), `${folder}/bin/tool`);
  assert.equal(find(`${folder}/bin/tool`), `${folder}/bin/tool`);
  assert.throws(() => find("./only"), refusal("command_not_found", /there is no .*\/only/));
});

Deno.test("lookUpCommand() reads empty and relative entries of the PATH from the server's directory", () => {
  assert.equal(find("tool", { path: "bin", directory: folder }), `${folder}/bin/tool`);
  assert.equal(find("tool", { path: "/none:", directory: `${folder}/bin` }), `${folder}/bin/tool`);
});

Deno.test("lookUpCommand() looks in the usual places where there is no PATH", () => {
  assert.match(find("sh", { path: undefined, directory: folder }), /^\/(usr\/)?bin\/sh$/);
});

Deno.test("lookUpCommand() never takes the `node` that Deno puts into the PATH", () => {
  put("cache/node_compat_bin/node-of-deno", "#!/bin/sh\n");
  const shimmed = { path: `${folder}/cache/node_compat_bin:/usr/bin`, directory: folder };
  assert.throws(() => find("node-of-deno", shimmed), refusal("command_not_found", /PATH/));
});

Deno.test("lookUpCommand() says what it found where no command is", () => {
  assert.throws(
    () => find("no-such"),
    refusal("command_not_found", /"no-such": none of the directories/, /full path/),
  );
  assert.throws(() => find("bin/directory"), refusal("command_not_executable", /is a directory/));
  assert.throws(
    () => find("bin/data"),
    refusal("command_not_executable", /may not be executed/, /chmod \+x/),
  );
  assert.throws(() => find("/dev/null"), refusal("command_not_executable", /not a regular file/));
  assert.throws(() => find("bin/dangling"), refusal("command_not_found", /there is no/));
  assert.throws(() => find("bin/circle"), refusal("command_not_executable", /cannot be looked at \(ELOOP\)/));
  assert.throws(() => find("bin/tool/x"), refusal("command_not_found", /there is no/));
  assert.throws(() => find(""), refusal("command_not_found", /not the name of a command/));
  assert.throws(() => find("a\0b"), refusal("command_not_found", /not the name of a command/));
  assert.throws(
    () => find("data", { path: `${folder}/bin`, directory: "/" }),
    refusal("command_not_executable", /data/),
  );
});

Deno.test("lookUpCommand() names the interpreter that a script lacks", () => {
  assert.throws(
    () => find("bin/no-interpreter"),
    refusal(
      "command_not_executable",
      /begins with "#!\/opt\/none\/python9 -u", and there is no \/opt\/none\/python9/,
    ),
  );
  assert.throws(
    () => find("bin/windows"),
    refusal("command_not_executable", /#!\/bin\/sh\\r/, /Windows line ends/),
  );
  assert.throws(
    () => find("bin/env-missing"),
    refusal("command_not_executable", /no "no-such-program-here"/),
  );
});

Deno.test("lookUpCommand() leaves to the kernel and to env what they know better", () => {
  for (const name of ["env-there", "env-options", "bare", "empty-line"]) {
    assert.equal(find(`bin/${name}`), `${folder}/bin/${name}`);
  }
});
