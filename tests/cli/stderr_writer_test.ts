import assert from "node:assert/strict";
import { StderrWriter } from "../../src/cli/stderr_writer.ts";

const decoder = new TextDecoder();

Deno.test("StderrWriter writes what it is given in order, also through short writes", async () => {
  let written = "";
  const writer = new StderrWriter((bytes) => {
    const part = bytes.subarray(0, 3);
    written += decoder.decode(part);
    return Promise.resolve(part.length);
  });
  writer.write("first line\n");
  writer.write(new TextEncoder().encode("second\n"));
  await writer.flush(1000);
  assert.equal(written, "first line\nsecond\n");
});

Deno.test("StderrWriter never waits for a reader that does not read, and says later how much it dropped", async () => {
  const stuck = Promise.withResolvers<void>();
  let written = "";
  const writer = new StderrWriter(async (bytes) => {
    await stuck.promise;
    written += decoder.decode(bytes);
    return bytes.length;
  });
  const line = "x".repeat(1023) + "\n";
  for (let i = 0; i < 1000; i++) writer.write(line);
  await writer.flush(5);
  assert.equal(written, "");
  stuck.resolve();
  await writer.flush(1000);
  assert.match(written, /lilith-zero: \d+ bytes of standard error were dropped\n$/);
  assert.ok(written.length < 300 * 1024, "more was kept than the bound");
});

Deno.test("StderrWriter survives a standard error that is gone", async () => {
  const writer = new StderrWriter(() => Promise.reject(new Error("EPIPE")));
  writer.write("into the void\n");
  await writer.flush(1000);
  writer.write("again\n");
  await writer.flush(1000);
});

Deno.test("StderrWriter tries again where standard error is full and does not block", async () => {
  let written = "";
  let tries = 0;
  const writer = new StderrWriter((bytes) => {
    if (++tries % 2 === 1) return Promise.reject(new Deno.errors.WouldBlock("EAGAIN"));
    written += decoder.decode(bytes.subarray(0, 4));
    return Promise.resolve(Math.min(bytes.length, 4));
  });
  writer.write("12345678");
  writer.write("9\n");
  await writer.flush(10_000);
  assert.equal(written, "123456789\n");
});

Deno.test("StderrWriter says how much it dropped also where nothing else is written", async () => {
  let written = "";
  const writer = new StderrWriter((bytes) => {
    written += decoder.decode(bytes);
    return Promise.resolve(bytes.length);
  });
  writer.write(new Uint8Array(300 * 1024));
  await writer.flush(1000);
  assert.equal(written, `lilith-zero: ${300 * 1024} bytes of standard error were dropped\n`);
});
