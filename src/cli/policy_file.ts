/** Policy files on disk. */

import { LilithError } from "../errors.ts";
import { policyBytesMax, policyReadTimeoutMs } from "../limits.ts";

/**
 * The bytes of a policy file, at most one more than {@linkcode policyBytesMax}, so that the loader can tell that there
 * are too many. Throws `policy_unreadable` with the reason.
 */
export async function readPolicyFile(
  file: string,
  timeoutMs: number = policyReadTimeoutMs,
): Promise<Uint8Array> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  // A pipe is a good way to hand over a policy, but opening one that nobody writes to waits for ever (fifo(7)).
  const late = new Promise<never>((_, reject) => {
    const silent = new Error(
      `nothing came of it within ${timeoutMs / 1000} s: is it a pipe that nobody writes to?`,
    );
    timer = setTimeout(() => reject(silent), timeoutMs);
  });
  try {
    return await Promise.race([read(file), late]);
  } catch (cause) {
    const { what, hint } = explain(cause);
    throw new LilithError("policy_unreadable", {
      message: `Cannot read policy "${file}": ${what}`,
      hint,
      cause,
    });
  } finally {
    clearTimeout(timer);
  }
}

async function read(file: string): Promise<Uint8Array> {
  using opened = await Deno.open(file, { read: true });
  return await readBounded(opened, policyBytesMax + 1);
}

async function readBounded(opened: Deno.FsFile, bytesMax: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(bytesMax);
  let length = 0;
  while (length < bytesMax) {
    const read = await opened.read(bytes.subarray(length));
    if (read === null) break;
    length += read;
  }
  return bytes.slice(0, length);
}

function explain(cause: unknown): { what: string; hint: string } {
  if (cause instanceof Deno.errors.NotFound) {
    return {
      what: "there is no such file",
      hint: "A path that is not absolute begins where the proxy was started",
    };
  }
  if (cause instanceof Deno.errors.IsADirectory) {
    return { what: "it is a directory", hint: "Name one file; --policy may be given several times" };
  }
  if (cause instanceof Deno.errors.NotCapable) {
    return {
      what: "Deno was not given the permission to read it",
      hint: "Start Deno with --allow-read for this file",
    };
  }
  if (cause instanceof Deno.errors.PermissionDenied) {
    return { what: "this user may not read it", hint: "Change its owner or its mode (ls -l shows both)" };
  }
  const said = cause instanceof Error ? cause.message : String(cause);
  return { what: said, hint: "Check that it is a plain file on a disk that can be read" };
}
