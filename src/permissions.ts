/**
 * Which of Deno's permissions each phase holds. The process that parses hostile bytes holds none: a bug of ours, or a
 * package that reaches for `Deno.*`, then finds nothing. It is no wall against code that calls the few symbols of the C
 * library that were bound before (see `supervisor/ffi/posix.ts`), and the server never was behind it.
 */

import process from "node:process";
import { LilithError } from "./errors.ts";

/** Every kind of permission that Deno knows. */
export const permissionKinds = ["read", "write", "net", "env", "run", "ffi", "sys", "import"] as const;

export type PermissionKind = typeof permissionKinds[number];

/** One phase of the program and what it holds. */
export interface Phase {
  readonly name: string;
  readonly holds: readonly PermissionKind[];
  /** What for. */
  readonly because: string;
}

/** The phases of `run`, in their order. */
export const phases: readonly Phase[] = [
  {
    name: "start-up",
    holds: ["read", "write", "env", "run", "ffi", "sys"],
    because:
      "reads the policy, opens the audit log, reads the environment, starts the server, binds the C library, " +
      "asks for its own uid; nobody else's byte has been read yet",
  },
  {
    name: "__init",
    holds: ["ffi"],
    because: "prepares itself through the C library, and then becomes the server",
  },
  {
    name: "session",
    holds: [],
    because:
      "all that it touches was opened before: pipes, the audit log, a resolver of paths, signals to the tree",
  },
];

/**
 * Gives up every permission, for good. It has to come after everything was opened, and before the first byte from
 * outside is read. `--no-prompt` has to be given at the start: nothing else keeps a refused call from asking a person on
 * the terminal.
 *
 * @throws {LilithError} `internal` where a permission is still held afterwards.
 */
export function dropPermissions(): void {
  // `npm:yaml` reads a variable at every parse, and would throw once `env` is gone.
  process.env = {};
  for (const name of permissionKinds) {
    const { state } = Deno.permissions.revokeSync({ name });
    if (state === "granted") {
      throw new LilithError("internal", {
        message: `Cannot drop the permission ${name}: it is still granted`,
      });
    }
  }
}
