/** Removing one file once no permission is left. */

import { removalSymbols } from "./ffi/posix.ts";
import { cString, openLibc } from "./libc.ts";

/**
 * A closure that removes `file`, and nothing else, also after the permissions are dropped. A file that is gone already is
 * as good.
 *
 * @throws {LilithError} `libc_unavailable`
 */
export function openRemoval(file: string): () => void {
  const { unlink } = openLibc(removalSymbols);
  const path = cString(file);
  return () => void unlink(path);
}
