/** Directories that a server's command names: some servers begin relative paths there, and not where they run. */

import { realpathSync, statSync } from "node:fs";
import { resolve } from "node:path";

/**
 * The directories among `args`, as written and with links followed, without `directory`, in which the server runs and
 * which it begins in anyway. Also of `--root=DIR`; `home` stands for a `~`, which servers put in themselves.
 *
 * @param directory Absolute; where relative arguments begin.
 */
export function namedDirectories(
  args: readonly string[],
  directory: string,
  home: string,
): readonly string[] {
  const found = new Set<string>();
  for (const arg of args) {
    for (const written of [arg, arg.slice(arg.indexOf("=") + 1)]) {
      if (written === "" || written.includes("\0")) continue;
      const place = resolve(directory, written.replace(/^~(?=\/|$)/, () => home));
      if (!isDirectory(place)) continue;
      found.add(place).add(realpathSync(place));
    }
  }
  found.delete(directory);
  return [...found];
}

function isDirectory(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
  } catch {
    return false; // it may not be looked at, so the server may not either: it has our rights
  }
}
