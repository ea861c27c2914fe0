/** Audit logs on disk. */

import { LilithError } from "../errors.ts";

/**
 * What `read` makes of the bytes of the log at `path`, which come in chunks and are never held whole. Throws
 * `audit_unreadable` with the reason.
 */
export function readAuditFile<T>(path: string, read: (chunks: Iterable<Uint8Array>) => T): T {
  try {
    using file = Deno.openSync(path);
    return read(readChunks(file));
  } catch (error) {
    if (!isReadError(error)) throw error;
    throw new LilithError("audit_unreadable", {
      message: `Cannot read audit log "${path}": ${describe(error)}`,
      hint: "Name the file that was given to --audit",
      cause: error,
    });
  }
}

/** Every chunk is the same buffer, filled again. */
function* readChunks(file: Deno.FsFile): Generator<Uint8Array> {
  const buffer = new Uint8Array(256 * 1024);
  for (let count = file.readSync(buffer); count !== null; count = file.readSync(buffer)) {
    yield buffer.subarray(0, count);
  }
}

/** An error of the operating system's; anything else is a mistake of ours and must not look like one of these. */
function isReadError(error: unknown): error is Error {
  return error instanceof Error && !(error instanceof LilithError) &&
    ("code" in error || error.name in Deno.errors);
}

function describe(error: Error): string {
  if (error instanceof Deno.errors.NotFound) return "there is no such file";
  if (error instanceof Deno.errors.PermissionDenied) return "permission denied";
  if (error instanceof Deno.errors.IsADirectory) return "it is a directory";
  return error.message;
}
