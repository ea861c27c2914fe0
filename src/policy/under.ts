/**
 * The check `under`: whether a path is inside one of some directories, by name and on disk.
 *
 * By name alone is not enough (`/tmp/link` leads anywhere) and on disk alone is not either (a link may be made between
 * the check and the use, and a path that does not exist yet resolves to nothing), so allow wants both of every reading.
 * Deny wants the disk of *every* path-like reading, not only of those inside by name: a link that lies anywhere may
 * lead into the denied directory.
 */

import type { Facts } from "./facts.ts";
import type { Answer, Strictness } from "./answer.ts";
import { climbs, isInside, normalizePath, type PathReading, type PathSettings } from "./path.ts";
import { normalizeResolved } from "./windows_path.ts";

/** Where the disk says that a walk ends; undefined where it could not be told or was not asked. */
function landing(facts: Facts, walked: string, { style }: PathSettings): string | undefined {
  const resolution = facts.get(walked);
  if (resolution === undefined || resolution.kind === "unknown") return undefined;
  if (style === "windows") return normalizeResolved(resolution.path);
  if (!resolution.path.startsWith("/")) return undefined;
  // What does not exist has no `..`: the kernel stops before it, and a server that goes by names does not.
  if (climbs(resolution.path)) return undefined;
  return normalizePath(resolution.path);
}

/** Whether the path that these are the readings of is inside any of the roots. */
export function answerUnder(
  roots: readonly string[],
  readings: readonly PathReading[],
  facts: Facts,
  strictness: Strictness,
  settings: PathSettings,
): Answer {
  return strictness === "allow"
    ? allInside(roots, readings, facts, settings)
    : anyInside(roots, readings, facts, settings);
}

function allInside(
  roots: readonly string[],
  readings: readonly PathReading[],
  facts: Facts,
  settings: PathSettings,
): Answer {
  let answer: Answer = "yes";
  for (const reading of readings) {
    if (reading.kind === "unknown") {
      answer = "unknown";
    } else if (!isInsideAny(roots, reading.lexical, "allow", settings)) {
      return "no";
    } else {
      for (const walked of reading.walked) {
        const landed = answerLanding(roots, landing(facts, walked, settings), facts, "allow", settings);
        if (landed === "no") return "no";
        if (landed === "unknown") answer = "unknown";
      }
      for (const form of reading.otherForms ?? []) {
        const landed = answerOtherForm(roots, form, facts, settings);
        if (landed === "no") return "no";
        if (landed === "unknown") answer = "unknown";
      }
    }
  }
  return answer;
}

/** A file that is there under another form counts as any other; where none is, the form does not matter. */
function answerOtherForm(
  roots: readonly string[],
  form: string,
  facts: Facts,
  settings: PathSettings,
): Answer {
  const landed = answerLanding(roots, landing(facts, form, settings), facts, "allow", settings);
  if (landed !== "no" || facts.get(form)?.kind !== "missing") return landed;
  const composed = landing(facts, form, settings)?.normalize("NFC");
  return roots.some((root) => {
      const resolvedRoot = landing(facts, root, settings)?.normalize("NFC");
      return resolvedRoot !== undefined && composed !== undefined &&
        isInside(resolvedRoot, composed, settings.pathCase, "allow");
    })
    ? "yes"
    : "no";
}

function anyInside(
  roots: readonly string[],
  readings: readonly PathReading[],
  facts: Facts,
  settings: PathSettings,
): Answer {
  let answer: Answer = "no";
  for (const reading of readings) {
    if (reading.kind === "unknown") {
      answer = "unknown";
      continue;
    }
    if (isInsideAny(roots, reading.lexical, "deny", settings)) return "yes";
    for (const walked of reading.walked) {
      const landed = landing(facts, walked, settings);
      // Also against the roots as written: stricter, and true where a root could not be resolved.
      if (landed !== undefined && isInsideAny(roots, landed, "deny", settings)) return "yes";
      const onDisk = answerLanding(roots, landed, facts, "deny", settings);
      if (onDisk === "yes") return "yes";
      if (onDisk === "unknown") answer = "unknown";
    }
  }
  return answer;
}

/** Whether a resolved path is inside a resolved root. */
function answerLanding(
  roots: readonly string[],
  landed: string | undefined,
  facts: Facts,
  strictness: Strictness,
  settings: PathSettings,
): Answer {
  if (landed === undefined) return "unknown";
  let answer: Answer = "no";
  for (const root of roots) {
    const resolvedRoot = landing(facts, root, settings);
    if (resolvedRoot === undefined) answer = "unknown";
    else if (isInside(resolvedRoot, landed, settings.pathCase, strictness)) return "yes";
  }
  return answer;
}

/**
 * The paths whose landing the answer depends on; none where it is settled by name: an allow that some reading leaves
 * outside, a deny that some reading meets.
 */
export function pathsToResolve(
  roots: readonly string[],
  readings: readonly PathReading[],
  strictness: Strictness,
  settings: PathSettings,
): readonly string[] {
  const paths: string[] = [];
  for (const reading of readings) {
    if (reading.kind === "unknown") return [];
    if (isInsideAny(roots, reading.lexical, strictness, settings) !== (strictness === "allow")) return [];
    paths.push(...reading.walked, ...reading.otherForms ?? []);
  }
  return [...roots, ...paths];
}

function isInsideAny(
  roots: readonly string[],
  path: string,
  strictness: Strictness,
  settings: PathSettings,
): boolean {
  return roots.some((root) => isInside(root, path, settings.pathCase, strictness));
}
