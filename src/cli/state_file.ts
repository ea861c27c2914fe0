/** The state file of a command that works on one: it must be there, or its name was mistyped. */

import { existsSync } from "node:fs";
import { LilithError } from "../errors.ts";
import { openStateFile, type StateFile } from "../state/state_file.ts";

/** Opens a state file that exists. Throws `state_unusable` where there is none. */
export function openExistingStateFile(path: string): StateFile {
  if (existsSync(path)) return openStateFile(path);
  throw new LilithError("state_unusable", {
    message: `Cannot open the state file "${path}": there is none`,
    hint: "Name the file that `lilith-zero run --state FILE` was given",
  });
}
