/** The server's standard error: always drained, passed on to ours, and held to a rate. */

import type { Readable } from "node:stream";
import { stderrBytesPerSecondMax } from "../limits.ts";
import type { StderrWriter } from "./stderr_writer.ts";

/**
 * Passes on what the server writes. What is over the rate is dropped and counted, and the count is said: a server
 * that floods its standard error must neither stall (its pipe is always read) nor drown ours.
 */
export function passOnStderr(source: Readable, stderr: StderrWriter, now: () => number): void {
  let windowStartMs = now();
  let passedBytes = 0;
  let droppedBytes = 0;
  const report = () => {
    if (droppedBytes === 0) return;
    stderr.write(
      `lilith-zero: ${droppedBytes} bytes of the server's standard error were dropped (over the rate)\n`,
    );
    droppedBytes = 0;
  };
  source.on("data", (chunk: Uint8Array) => {
    const nowMs = now();
    if (nowMs - windowStartMs >= 1000 || nowMs < windowStartMs) {
      windowStartMs = nowMs;
      passedBytes = 0;
      report();
    }
    const room = Math.max(0, stderrBytesPerSecondMax - passedBytes);
    const passed = chunk.subarray(0, room);
    passedBytes += passed.length;
    droppedBytes += chunk.length - passed.length;
    if (passed.length > 0) stderr.write(passed);
  });
  source.on("end", report);
  // A read error ends the stream; the server's exit is reported by its own means.
  source.on("error", report);
}
