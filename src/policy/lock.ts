/**
 * The lock: what a server said of itself when a person approved it. Whatever it says otherwise later is not shown to the
 * model, and not called, until somebody has looked at it again.
 */

import { LilithError } from "../errors.ts";
import { lockBytesMax, lockDescriptionCharactersMax } from "../limits.ts";
import { hashOf, type Surface, type SurfaceKind } from "../mcp/surface.ts";
import { JsonScanner } from "../wire/json.ts";
import {
  isJsonArray,
  isJsonNumber,
  isJsonObject,
  type JsonObject,
  type JsonValue,
  readJson,
} from "../wire/json_value.ts";
import { spellOut } from "./sentence.ts";

/** One tool, prompt or resource template as it was approved. */
export interface LockedItem {
  readonly name: string;
  /** Of its whole surface: this is what is compared. */
  readonly sha256: string;
  /** Beginnings of the hashes of its members: they say which of them changed. */
  readonly parts: Readonly<Record<string, string>>;
  /** The beginning of its description, so that a change can be shown. */
  readonly description?: string;
}

/** A text of the server's, with its hash. */
export interface LockedText {
  readonly sha256: string;
  /** Its beginning. */
  readonly text: string;
}

export interface Lock {
  /** The program as it was found, and its arguments. */
  readonly command: readonly string[];
  /** Who the server said it was; for people, and not compared. */
  readonly server: { readonly name: string; readonly version: string } | undefined;
  readonly instructions: LockedText | undefined;
  readonly items: Readonly<Record<SurfaceKind, ReadonlyMap<string, LockedItem>>>;
}

/** Every kind, and its key in the file. */
const lockedKinds: readonly (readonly [SurfaceKind, string])[] = [
  ["tool", "tools"],
  ["prompt", "prompts"],
  ["resource_template", "resourceTemplates"],
];

/** What is kept of a text: its beginning, and its hash. */
export function lockText(text: string): LockedText {
  return { sha256: hashOf(text), text: beginningOf(text) };
}

/** What is kept of a surface. */
export function lockSurface({ name, sha256, members }: Surface): LockedItem {
  const parts: Record<string, string> = {};
  for (const key of [...members.keys()].sort()) {
    // `name` is what it is found by.
    if (members.get(key) !== name || (key !== "name" && key !== "uriTemplate")) {
      Object.defineProperty(parts, key, { value: hashOf(members.get(key)!).slice(0, partDigits), ...plain });
    }
  }
  const description = members.get("description");
  return {
    name,
    sha256,
    parts,
    ...(typeof description === "string" ? { description: beginningOf(description) } : {}),
  };
}

/** So that a member called `__proto__` is one like any other. */
const plain = { enumerable: true, writable: true, configurable: true } as const;

const partDigits = 12;

function beginningOf(text: string): string {
  return text.length <= lockDescriptionCharactersMax
    ? text
    : `${text.slice(0, lockDescriptionCharactersMax)}…`;
}

/** The standing of a surface, held against the lock. */
export type Standing = "as_locked" | "changed" | "new";

export function standingOf(lock: Lock, kind: SurfaceKind, name: string, sha256: string): Standing {
  const locked = lock.items[kind].get(name);
  if (locked === undefined) return "new";
  return locked.sha256 === sha256 ? "as_locked" : "changed";
}

/** Whether a server's instructions (undefined: none) are those that were approved. */
export function hasLockedInstructions(lock: Lock, text: string | undefined): boolean {
  return text === undefined || text === ""
    ? lock.instructions === undefined
    : lock.instructions?.sha256 === hashOf(text);
}

// ——— The file ———

const version = 1;

/** The lock as a file: stable order, one line per item, nothing in it that cannot be seen. */
export function writeLock(lock: Lock): string {
  const { command, server, instructions, items } = lock;
  const lines = [
    `"lock": ${version}`,
    `"command": ${write(command)}`,
    ...(server === undefined ? [] : [`"server": ${write(server)}`]),
    `"instructions": ${instructions === undefined ? "null" : write(instructions)}`,
  ];
  for (const [kind, key] of lockedKinds) {
    const all = [...items[kind].values()].sort(byName).map((item) => `    ${write(ordered(item))}`);
    lines.push(all.length === 0 ? `"${key}": []` : `"${key}": [\n${all.join(",\n")}\n  ]`);
  }
  return `{\n${lines.map((line) => `  ${line}`).join(",\n")}\n}\n`;
}

function ordered({ name, sha256, parts, description }: LockedItem): object {
  return { name, sha256, parts, ...(description === undefined ? {} : { description }) };
}

function byName(a: LockedItem, b: LockedItem): number {
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0;
}

/** JSON in which what cannot be seen is spelt out: whoever reads the file is to see what the model would read. */
function write(value: unknown): string {
  return spellOut(JSON.stringify(value), unseen);
}
const unseen = /\p{C}|(?! )\p{Z}|[\u{fe00}-\u{fe0f}\u{e0100}-\u{e01ef}]/gu;

/** Reads a lock file's bytes; `file` is its name as the user gave it. Throws `lock_malformed`. */
export function readLock(bytes: Uint8Array, file: string): Lock {
  const fail = (seen: string): never => {
    throw new LilithError("lock_malformed", {
      message: `Cannot use the lock file "${file}": ${seen}`,
      hint: "Make it anew with: lilith-zero lock --output FILE -- COMMAND…",
    });
  };
  if (bytes.length > lockBytesMax) return fail(`it has more than ${lockBytesMax} bytes`);
  if (bytes.every((byte) => byte <= 0x20)) return fail("it is empty");
  const scanner = new JsonScanner();
  const refusal = scanner.scan(bytes, 0, bytes.length);
  if (refusal !== undefined) return fail(refusal.message);
  if (scanner.duplicateDepth > 0) return fail("a key stands twice in one object");
  if (scanner.keyEscapeDepth > 0) return fail("a key has a letter spelt as \\uXXXX");
  const root = readJson(bytes, 0, bytes.length);
  if (!isJsonObject(root)) return fail("it is no JSON object");
  const known = ["lock", "command", "server", "instructions", ...lockedKinds.map(([, key]) => key)];
  for (const key of root.keys()) if (!known.includes(key)) return fail(`unknown key ${JSON.stringify(key)}`);
  const number = root.get("lock");
  if (!isJsonNumber(number) || number.value !== version) {
    return fail(`"lock" is not ${version}, the only version that is known here`);
  }
  const command = root.get("command");
  if (!isJsonArray(command) || command.length === 0 || !command.every((word) => typeof word === "string")) {
    return fail('"command" is no list of words');
  }
  const server = root.get("server");
  const instructions = root.get("instructions") ?? null;
  const items = {} as Record<SurfaceKind, ReadonlyMap<string, LockedItem>>;
  for (const [kind, key] of lockedKinds) items[kind] = readItems(root.get(key), key, fail);
  return {
    command: command as string[],
    server: server === undefined ? undefined : {
      name: textIn(server, "name", "server", fail),
      version: textIn(server, "version", "server", fail),
    },
    instructions: instructions === null ? undefined : {
      sha256: hashIn(instructions, "instructions", fail),
      text: textIn(instructions, "text", "instructions", fail),
    },
    items,
  };
}

type Fail = (seen: string) => never;

function readItems(list: JsonValue | undefined, key: string, fail: Fail): ReadonlyMap<string, LockedItem> {
  if (!isJsonArray(list)) return fail(`"${key}" is no list`);
  const items = new Map<string, LockedItem>();
  for (const [index, value] of list.entries()) {
    const where = `element ${index + 1} of "${key}"`;
    const name = textIn(value, "name", where, fail);
    if (items.has(name)) return fail(`two of "${key}" have the name ${JSON.stringify(name)}`);
    const description = (value as JsonObject).get("description");
    const parts = (value as JsonObject).get("parts");
    if (!isJsonObject(parts)) return fail(`${where} has no "parts"`);
    items.set(name, {
      name,
      sha256: hashIn(value, where, fail),
      parts: Object.fromEntries(
        [...parts].map(([part, hash]) => [part, typeof hash === "string" ? hash : ""]),
      ),
      ...(typeof description === "string" ? { description } : {}),
    });
  }
  return items;
}

function textIn(value: JsonValue, key: string, where: string, fail: Fail): string {
  const text = isJsonObject(value) ? value.get(key) : undefined;
  return typeof text === "string" ? text : fail(`${where} has no text "${key}"`);
}

function hashIn(value: JsonValue, where: string, fail: Fail): string {
  const hash = textIn(value, "sha256", where, fail);
  return /^[0-9a-f]{64}$/.test(hash) ? hash : fail(`${where} has a "sha256" that is none`);
}

// ——— What is different ———

export interface LockDifference {
  readonly what: SurfaceKind | "instructions" | "command";
  readonly how: "new" | "gone" | "changed";
  /** The item's name; empty for what has none. */
  readonly name: string;
  /** The members that changed. */
  readonly parts: readonly string[];
  /** The text before and now, as far as it was kept, where it is another one. */
  readonly before?: string;
  readonly now?: string;
}

/** What is different now, in the order of the file; nothing where the two locks approve of the same. */
export function compareLocks(before: Lock, now: Lock): readonly LockDifference[] {
  const differences: LockDifference[] = [];
  if (JSON.stringify(before.command) !== JSON.stringify(now.command)) {
    const words = (lock: Lock) => lock.command.join(" ");
    differences.push({
      what: "command",
      how: "changed",
      name: "",
      parts: [],
      before: words(before),
      now: words(now),
    });
  }
  if (before.instructions?.sha256 !== now.instructions?.sha256) {
    differences.push({
      what: "instructions",
      how: before.instructions === undefined ? "new" : now.instructions === undefined ? "gone" : "changed",
      name: "",
      parts: [],
      ...(before.instructions === undefined ? {} : { before: before.instructions.text }),
      ...(now.instructions === undefined ? {} : { now: now.instructions.text }),
    });
  }
  for (const [kind] of lockedKinds) {
    const names = new Set([...before.items[kind].keys(), ...now.items[kind].keys()]);
    for (const name of [...names].sort()) {
      const difference = compareItems(kind, name, before.items[kind].get(name), now.items[kind].get(name));
      if (difference !== undefined) differences.push(difference);
    }
  }
  return differences;
}

function compareItems(
  what: SurfaceKind,
  name: string,
  before: LockedItem | undefined,
  now: LockedItem | undefined,
): LockDifference | undefined {
  if (before?.sha256 === now?.sha256) return undefined;
  const how = before === undefined ? "new" : now === undefined ? "gone" : "changed";
  const keys = new Set([...Object.keys(before?.parts ?? {}), ...Object.keys(now?.parts ?? {})]);
  const parts = how === "changed"
    ? [...keys].sort().filter((key) => partOf(before, key) !== partOf(now, key))
    : [];
  const isOtherText = before?.description !== now?.description;
  return {
    what,
    how,
    name,
    parts,
    ...(isOtherText && before?.description !== undefined ? { before: before.description } : {}),
    ...(isOtherText && now?.description !== undefined ? { now: now.description } : {}),
  };
}

function partOf(item: LockedItem | undefined, key: string): string | undefined {
  return item !== undefined && Object.hasOwn(item.parts, key) ? item.parts[key] : undefined;
}
