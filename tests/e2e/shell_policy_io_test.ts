/** The policy for shells in front of a server that gives what it gets to a shell. */

import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { call, repository, Run } from "./support/program.ts";

const server = fileURLToPath(new URL("./fixtures/shell_server.mjs", import.meta.url));

Deno.test("behind policies/shell.yaml a shell lists what is below /tmp, and neither what links lead to nor anything else", async () => {
  const folder = await Deno.realPath(await Deno.makeTempDir({ dir: "/tmp", prefix: "lilith-zero-test-" }));
  await Deno.writeTextFile(`${folder}/note.txt`, "x");
  await Deno.symlink("/etc", `${folder}/out`);
  await Deno.symlink(folder, `${folder}/in`);
  const run = new Run(["run", "-p", `${repository}policies/shell.yaml`, "--", "node", server]);
  let id = 0;
  const ask = async (command: string | string[]): Promise<{ isDenied: boolean; text: string }> => {
    const { result } = await run.ask(call(++id, "run_command", { command }));
    return { isDenied: result.isError === true, text: result.content[0].text };
  };
  try {
    for (
      const command of [
        `ls -1 ${folder}`,
        `ls -1 --color=never ${folder}/in/`,
        `ls -1 ${folder}/in/../${folder.slice(5)}`,
      ]
    ) {
      const { isDenied, text } = await ask(command);
      assert.equal(isDenied, false, text);
    }
    assert.equal((await ask(["ls", "-1", folder])).text, "in\nnote.txt\nout\n");
    for (
      const command of [
        `ls ${folder}/out`,
        `ls ${folder}/out/ssl`,
        `ls ${folder}/../../etc`,
        `ls ${folder} /etc`,
      ]
    ) {
      const { isDenied, text } = await ask(command);
      assert.equal(isDenied, true, command);
      assert.match(text, /its operand ".*" must be under \/tmp/);
    }
  } finally {
    await run.finish();
    await Deno.remove(folder, { recursive: true });
  }
});
