/** Policy files on disk. */

import { LilithError } from "../errors.ts";
import { policyBytesMax } from "../limits.ts";

/**
 * The bytes of a policy file, at most one more than {@linkcode policyBytesMax}, so that the loader can tell that there
 * are too many. Throws `policy_unreadable` with the reason.
 */
export async function readPolicyFile(file: string): Promise<Uint8Array> {
  try {
    using opened = await Deno.open(file, { read: true });
    return await readBounded(opened, policyBytesMax + 1);
  } catch (cause) {
    const { what, hint } = explain(cause);
    throw new LilithError("policy_unreadable", {
      message: `Cannot read policy "${file}": ${what}`,
      hint,
      cause,
    });
  }
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
