/** Lines of an audit log → what they record, so far as a replay wants it. What was masked is told from what was said. */

import type { TargetKind } from "../mcp/operation.ts";
import type { Resolution, SharedState, SurfaceFact } from "../policy/facts.ts";
import { JsonScanner } from "../wire/json.ts";
import {
  isJsonArray,
  isJsonNumber,
  isJsonObject,
  type JsonObject,
  type JsonValue,
  readJson,
} from "../wire/json_value.ts";
import { maskKinds } from "./mask.ts";
import { recordVersion } from "./record.ts";

/** A record that a replay needs. Others are passed over. */
export type Recorded = RecordedStart | RecordedDecision | RecordedOther;

interface Place {
  readonly session: string;
  readonly sequence: number;
  /** Since 1970-01-01, UTC. */
  readonly timeMs: number;
}

export interface RecordedStart extends Place {
  readonly kind: "start";
  /** The server's working directory; undefined where it was masked or cut. */
  readonly directory: string | undefined;
  /** Other directories in which it could begin relative paths, as far as they can be told. */
  readonly namedDirectories: readonly string[];
  readonly policies: readonly {
    readonly name: string;
    readonly sha256: string;
    /** As `writeAssignment` has them, but for masks. */
    readonly vars: readonly string[];
  }[];
}

export interface RecordedTarget {
  readonly target: TargetKind;
  readonly name: string;
}

export interface RecordedDecision extends Place, RecordedTarget {
  readonly kind: "decision";
  readonly from: "agent" | "server";
  readonly type: string;
  readonly method: string;
  readonly call: number | undefined;
  readonly within: number | undefined;
  /** What else the message was about. */
  readonly also: readonly RecordedTarget[];
  /** More than were recorded. */
  readonly alsoIsCut: boolean;
  /** As recorded, masks and all; undefined where there were none. */
  readonly arguments: JsonValue | undefined;
  /** They were too long to be recorded. */
  readonly argumentsOmitted: boolean;
  /** Those that hold no mask. */
  readonly facts: ReadonlyMap<string, Resolution>;
  /** What other proxies shared; undefined where nobody asked. */
  readonly shared: SharedState | undefined;
  /** What the server had said of the tool or prompt; undefined where nobody asked. */
  readonly surface: SurfaceFact | undefined;
  /** The rules to which a person had consented (`Asking.key`). */
  readonly consents: readonly string[];
  readonly verdict: string;
  readonly action: "forward" | "deny";
  /** It waits for a person; where they say yes it is decided once more. */
  readonly isHeld: boolean;
  readonly code: string | undefined;
  readonly policy: string;
  readonly rule: string;
  /** Whether the name or the method is not what it was: masked, or cut. */
  readonly isNameHidden: boolean;
}

export interface RecordedOther extends Place {
  readonly kind: "other";
  /** The kind that the line names. */
  readonly recordKind: string;
  /** From here on other policies judge. */
  readonly isPolicyChange: boolean;
}

const scanner = new JsonScanner();

/** Reads one line (without its line feed); undefined where it is no record of this version. */
export function readRecorded(line: Uint8Array): Recorded | undefined {
  const root = readObject(line);
  if (root === undefined) return undefined;
  const session = root.get("session");
  const time = root.get("time");
  const kind = root.get("kind");
  const sequence = numberOf(root.get("seq"));
  if (numberOf(root.get("v")) !== recordVersion || typeof session !== "string" || typeof time !== "string") {
    return undefined;
  }
  const timeMs = Date.parse(time);
  if (typeof kind !== "string" || sequence === undefined || !Number.isFinite(timeMs)) return undefined;
  const place = { session, sequence, timeMs };
  if (kind === "start") return readStart(root, place);
  if (kind !== "decision") {
    const isPolicyChange = kind === "event" && root.get("name") === "policy_changed";
    return { kind: "other", recordKind: kind, isPolicyChange, ...place };
  }
  return readDecision(root, place);
}

function readObject(line: Uint8Array): JsonObject | undefined {
  if (scanner.scan(line, 0, line.length) !== undefined) return undefined;
  const { rootStart, rootEnd } = scanner;
  try {
    const value = readJson(line, rootStart, rootEnd);
    return isJsonObject(value) ? value : undefined;
  } catch {
    // A key twice, or too many values: nothing that we wrote.
    return undefined;
  }
}

function readStart(root: JsonObject, place: Place): RecordedStart {
  const server = root.get("server");
  const directory = isJsonObject(server) ? server.get("directory") : undefined;
  const policies = listOf(root.get("policies")).flatMap((policy) => {
    if (!isJsonObject(policy)) return [];
    const vars = listOf(policy.get("vars")).map(textOf);
    return [{ name: textOf(policy.get("name")), sha256: textOf(policy.get("sha256")), vars }];
  });
  const named = isJsonObject(server) ? listOf(server.get("namedDirectories")).map(textOf) : [];
  const namedDirectories = named.filter((one) => one.startsWith("/") && !isHidden(one));
  const isWhole = typeof directory === "string" && !isHidden(directory);
  return { kind: "start", ...place, directory: isWhole ? directory : undefined, namedDirectories, policies };
}

function readDecision(root: JsonObject, place: Place): RecordedDecision | undefined {
  const from = root.get("from");
  const done = root.get("action");
  const target = root.get("target");
  if (from !== "agent" && from !== "server") return undefined;
  if (done !== "forward" && done !== "deny" && done !== "ask") return undefined;
  if (!isTarget(target)) return undefined;
  const name = textOf(root.get("name"));
  const method = textOf(root.get("method"));
  const also = listOf(root.get("also"));
  return {
    kind: "decision",
    ...place,
    from,
    action: done === "forward" ? "forward" : "deny",
    isHeld: done === "ask",
    target,
    name,
    method,
    type: textOf(root.get("type")),
    call: numberOf(root.get("call")),
    within: numberOf(root.get("within")),
    also: also.flatMap((one) => {
      if (!isJsonObject(one)) return [];
      const kind = one.get("target");
      return isTarget(kind) ? [{ target: kind, name: textOf(one.get("name")) }] : [];
    }),
    alsoIsCut: also.some((one) => typeof one === "string"),
    arguments: root.get("arguments"),
    argumentsOmitted: root.has("argumentsOmitted"),
    facts: readFacts(root.get("facts")),
    shared: readShared(root.get("shared")),
    surface: readSurface(root.get("surface")),
    consents: readConsents(root.get("consent")),
    verdict: textOf(root.get("verdict")),
    code: typeof root.get("code") === "string" ? textOf(root.get("code")) : undefined,
    policy: textOf(root.get("policy")),
    rule: textOf(root.get("rule")),
    isNameHidden: isHidden(name) || isHidden(method),
  };
}

function readFacts(value: JsonValue | undefined): ReadonlyMap<string, Resolution> {
  const facts = new Map<string, Resolution>();
  for (const one of listOf(value)) {
    if (!isJsonObject(one)) continue;
    const path = one.get("path");
    const resolution = one.get("resolution");
    if (typeof path !== "string" || isHidden(path) || !isJsonObject(resolution)) continue;
    const kind = resolution.get("kind");
    const leadsTo = resolution.get("path");
    if (kind === "unknown") facts.set(path, { kind, why: textOf(resolution.get("why")) });
    else if ((kind === "real" || kind === "missing") && typeof leadsTo === "string" && !isHidden(leadsTo)) {
      facts.set(path, { kind, path: leadsTo });
    }
  }
  return facts;
}

function readConsents(value: JsonValue | undefined): readonly string[] {
  if (!isJsonObject(value)) return [];
  return listOf(value.get("rules")).filter((one) => typeof one === "string");
}

function readShared(value: JsonValue | undefined): SharedState | undefined {
  if (!isJsonObject(value)) return undefined;
  const why = value.get("unknown");
  if (typeof why === "string") return { kind: "unknown", why };
  const objects = (key: string) => listOf(value.get(key)).filter((one) => isJsonObject(one));
  // More than a record holds, or a masked name: then it does not say what was shared.
  const isWhole =
    ["taints", "used"].every((key) =>
      listOf(value.get(key)).every((one) => isJsonObject(one) && !valueHoldsMask(one))
    ) && objects("used").every((one) => /^[0-9]+(\.[0-9]+)?$/.test(textOf(one.get("used"))));
  if (!isWhole) return { kind: "unknown", why: "the log does not hold all of it" };
  return {
    kind: "known",
    taints: objects("taints").map((one) => ({ label: textOf(one.get("label")), by: textOf(one.get("by")) })),
    used: objects("used").map((one) => ({
      policy: textOf(one.get("policy")),
      rule: textOf(one.get("rule")),
      window: textOf(one.get("window")),
      used: textOf(one.get("used")),
    })),
  };
}

/** As it stands there: its members are words of our own closed sets. */
function readSurface(value: JsonValue | undefined): SurfaceFact | undefined {
  if (!isJsonObject(value) || typeof value.get("standing") !== "string") return undefined;
  const members = [...value].map((
    [key, member],
  ) => [key, isJsonObject(member) ? Object.fromEntries(member) : member]);
  return Object.fromEntries(members);
}

function isTarget(value: JsonValue | undefined): value is TargetKind {
  return value === "tool" || value === "resource" || value === "prompt" || value === "method";
}

function listOf(value: JsonValue | undefined): readonly JsonValue[] {
  return isJsonArray(value) ? value : [];
}

function textOf(value: JsonValue | undefined): string {
  return typeof value === "string" ? value : "";
}

function numberOf(value: JsonValue | undefined): number | undefined {
  return isJsonNumber(value) ? value.value : undefined;
}

const mask = new RegExp(`‹(?:${maskKinds.join("|")})›`);
/** As `RecordText` ends a text that it has cut. */
const cutEnd = /… \([0-9]+ characters\)$/;

/** Whether something in a text was masked. (A text that says so itself is taken for one: rather not told than told wrong.) */
export function holdsMask(text: string): boolean {
  return text.includes("‹") && mask.test(text);
}

/** The same for a text that may also have been cut. */
export function isHidden(text: string): boolean {
  return holdsMask(text) || cutEnd.test(text);
}

/** Whether anything in a value was masked: a text, a key or a number that has become a text. */
export function valueHoldsMask(value: JsonValue | undefined): boolean {
  if (typeof value === "string") return holdsMask(value);
  if (isJsonArray(value)) return value.some(valueHoldsMask);
  if (!isJsonObject(value)) return false;
  for (const [key, member] of value) if (holdsMask(key) || valueHoldsMask(member)) return true;
  return false;
}
