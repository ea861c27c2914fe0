/** What paths have in common. */

/**
 * The deepest directory that all of some absolute paths are in. A path that others are in is taken for a directory, any
 * other for a file: of one path it is the directory that it lies in. No paths, or none in common: `/`.
 */
export function commonDirectory(paths: readonly string[]): string {
  const all = paths.map((path) => path.split("/").filter((name) => name !== "" && name !== "."));
  if (all.length === 0 || all.some((names) => names.includes(".."))) return "/";
  const shortest = Math.min(...all.map(({ length }) => length));
  let shared = 0;
  while (shared < shortest && all.every((names) => names[shared] === all[0][shared])) shared++;
  // All are one and the same path: nothing is in it.
  const isOnePath = all.every((names) => names.length === shared);
  return `/${all[0].slice(0, isOnePath ? Math.max(0, shared - 1) : shared).join("/")}`;
}
