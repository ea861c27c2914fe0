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
export interface Facts extends ReadonlyMap<string, Resolution> {
  /** The rules (`Asking.key`) to which a person has consented for exactly this call; absent: none. */
  readonly consents?: ReadonlySet<string>;
}

/** The same facts, and what a person has consented to. */
export function withConsents(facts: Facts, consents: ReadonlySet<string>): Facts {
  return Object.assign(new Map(facts), { consents });
}

export const noFacts: Facts = new Map();
