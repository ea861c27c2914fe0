/** What the pure engine asks of the world, and what it is told. */

/** A question that only the world can answer. */
export type Query = {
  readonly kind: "resolve";
  /** An absolute path, or one relative to the server's working directory. */
  readonly path: string;
  /** Who asks: a check of a policy, or only the built-in rule that looks for our own files in every text. */
  readonly askedBy: "check" | "own_files";
};

/**
 * Where a path leads once every symbolic link is followed.
 *
 * - `real`: it exists, and this is its canonical path;
 * - `missing`: it does not exist; `path` is its deepest existing ancestor made canonical, then the rest as written;
 * - `unknown`: it could not be told (a dangling link, a loop, no permission, too long): never counts as inside.
 *   `nowhere`: at least it leads to no file that exists, for nobody with our rights.
 */
export type Resolution =
  | { readonly kind: "real"; readonly path: string }
  | { readonly kind: "missing"; readonly path: string }
  | { readonly kind: "unknown"; readonly why: string; readonly nowhere?: boolean };

/** Answers by the path that was asked. A path that is not in here is a missing fact. */
export type Facts = ReadonlyMap<string, Resolution>;

export const noFacts: Facts = new Map();
