import assert from "node:assert/strict";
import { PassThrough } from "node:stream";
import { passOnStderr } from "../../src/cli/server_stderr.ts";
import { StderrWriter } from "../../src/cli/stderr_writer.ts";
import { stderrBytesPerSecondMax } from "../../src/limits.ts";

/** Passes on what `source` gets, at one moment of time; gives what arrived when all of it has. */
function passOn(source: PassThrough): Promise<string> {
  let text = "";
  const writer = new StderrWriter((bytes) => {
    text += new TextDecoder().decode(bytes);
    return Promise.resolve(bytes.length);
  });
  return passOnStderr(source, writer, () => 0).then(() => writer.flush(10_000)).then(() => text);
}

Deno.test("passOnStderr() passes on what comes, and settles when the server has written its last", async () => {
  const source = new PassThrough();
  const passed = passOn(source);
  source.write("first\n");
  source.end("last\n");
  assert.equal(await passed, "first\nlast\n");
});

Deno.test("passOnStderr() drops what is over the rate, and says how much", async () => {
  const source = new PassThrough();
  const passed = passOn(source);
  source.write("x".repeat(stderrBytesPerSecondMax - 1));
  await new Promise((resolve) => setTimeout(resolve, 0)); // written, so that there is room for what follows
  source.end("yzz");
  const [line, report] = (await passed).split("lilith-zero: ");
  assert.deepEqual([line.length, line.at(-1)], [stderrBytesPerSecondMax, "y"]);
  assert.equal(report, "2 bytes of the server's standard error were dropped (over the rate)\n");
});

Deno.test("passOnStderr() rests between two reads of a flood, and goes on reading", async () => {
  const source = new PassThrough();
  const passed = passOn(source);
  source.write("x".repeat(stderrBytesPerSecondMax + 1));
  assert.equal(source.isPaused(), true);
  for (let i = 0; i < 20; i++) source.write("y".repeat(1000));
  source.end();
  const [, report] = (await passed).split("lilith-zero: ");
  assert.match(report, /^20001 bytes .* were dropped/);
});
