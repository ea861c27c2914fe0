/** The server's standard error: always drained, passed on to ours, and held to a rate. */

import type { Readable } from "node:stream";
import { stderrBytesPerSecondMax, stderrPauseMs } from "../limits.ts";
import type { StderrWriter } from "./stderr_writer.ts";

/**
 * Passes on what the server writes; settles when it has written its last. What is over the rate is dropped and counted,
 * and the count is said: a server that floods its standard error must neither stall (its pipe is always read, if slowly
 * then) nor drown ours.
 */
export function passOnStderr(source: Readable, stderr: StderrWriter, now: () => number): Promise<void> {
  const ended = Promise.withResolvers<void>();
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
    if (passed.length < chunk.length) holdBack(source);
  });
  const end = () => {
    report();
    ended.resolve();
  };
  source.on("end", end);
  source.on("close", end);
  // A read error ends the stream; the server's exit is reported by its own means.
  source.on("error", end);
  return ended.promise;
}

/** Read as fast as it comes, a flood takes a whole processor and, in buffers that are not collected, 900 MB. */
function holdBack(source: Readable): void {
  source.pause();
  setTimeout(() => source.resume(), stderrPauseMs);
}
