/** Labels that a session earns by what was let through. They only grow. */

/** A label, and what brought it in. */
export interface Taint {
  readonly label: string;
  /** For people: `tool "read_file"`. */
  readonly by: string;
}

/** Both together, sorted by label; where both have a label, what brought it in first stays. */
export function mergeTaints(before: readonly Taint[], added: readonly Taint[]): readonly Taint[] {
  const fresh = added.filter((taint, index) =>
    !hasLabel(before, taint.label) && added.findIndex(({ label }) => label === taint.label) === index
  );
  if (fresh.length === 0) return before;
  return [...before, ...fresh].sort((one, other) => one.label < other.label ? -1 : 1);
}

export function hasLabel(taints: readonly Taint[], label: string): boolean {
  return taints.some((taint) => taint.label === label);
}

/** What brought the labels in, where every one of them is there; else undefined. */
export function findTaints(
  taints: readonly Taint[],
  labels: readonly string[],
): readonly Taint[] | undefined {
  const found: Taint[] = [];
  for (const wanted of labels) {
    const taint = taints.find(({ label }) => label === wanted);
    if (taint === undefined) return undefined;
    found.push(taint);
  }
  return found;
}
