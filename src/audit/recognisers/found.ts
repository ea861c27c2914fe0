/** What recognisers hand back: stretches of a text, each with what it is. */

import { type MaskKind, maskKinds } from "../mask.ts";

/** `text[start, end)` is a `kind`. */
export interface Found {
  readonly start: number;
  readonly end: number;
  readonly kind: MaskKind;
}

/**
 * The same stretches in order and apart from each other: what overlaps becomes one, so that no character that any
 * recogniser claimed stays.
 */
export function joinOverlaps(found: readonly Found[]): Found[] {
  const joined: Found[] = [];
  for (const next of found.toSorted((a, b) => a.start - b.start)) {
    const last = joined.at(-1);
    if (last === undefined || next.start >= last.end) {
      joined.push(next);
      continue;
    }
    joined[joined.length - 1] = {
      start: last.start,
      end: Math.max(last.end, next.end),
      kind: precedence.get(next.kind)! < precedence.get(last.kind)! ? next.kind : last.kind,
    };
  }
  return joined;
}

const precedence = new Map(maskKinds.map((kind, i) => [kind, i]));
