/** `lilith-zero lock -- COMMAND…`: writes down what a server says of itself, or shows what it says otherwise by now. */

import { type SurfaceKind, surfaceOf } from "../mcp/surface.ts";
import {
  compareLocks,
  type Lock,
  type LockDifference,
  type LockedItem,
  lockSurface,
  lockText,
  writeLock,
} from "../policy/lock.ts";
import { quote } from "../policy/sentence.ts";
import { isJsonObject } from "../wire/json_value.ts";
import { type AskedServer, askServer } from "./ask_server.ts";
import { exitStatus } from "./exit_status.ts";
import { loadPolicies } from "./load_policies.ts";
import { type OpenLockFile, openLockFile, readLockFile } from "./lock_file.ts";
import { mergeServerSettings } from "./server_settings.ts";
import { readVariables } from "./variables.ts";

export interface LockOptions {
  /** The lock file. */
  readonly output: string;
  /** Write nothing, and fail where the server differs from the lock. */
  readonly check: boolean;
  readonly json: boolean;
  /** For their `server:` settings. */
  readonly policies: readonly string[];
  /** `NAME=VALUE`, for the policies. */
  readonly vars: readonly string[];
  readonly containment: "best" | "process";
  readonly command: readonly string[];
}

/** Exit status: 0 done, or no difference; 1 a difference, with `check`. */
export async function lockServer(options: LockOptions): Promise<number> {
  Deno.addSignalListener("SIGCHLD", () => {}); // where it is ignored, the kernel throws exit statuses away (wait(2))
  const documents = options.policies.length === 0
    ? []
    : await loadPolicies(options.policies, (finding) => console.error(finding), readVariables(options.vars));
  const settings = mergeServerSettings(documents.map((document) => document.server));
  const checked = options.check ? readLockFile(options.output).lock : undefined;
  using file = checked === undefined ? openLockFile(options.output) : undefined;
  if (file !== undefined) takeBackOnSignal(file);
  const now = lockOf(await askServer({ ...options, settings }), options.command.slice(1));
  const before = checked ?? file?.before;
  const differences = before === undefined ? [] : compareLocks(before, now);
  if (file !== undefined && (before === undefined || differences.length > 0)) file.replace(writeLock(now));
  if (options.json) {
    const counts = Object.fromEntries(kinds.map(([kind, , key]) => [key, now.items[kind].size]));
    const isNew = before === undefined;
    console.log(JSON.stringify({ file: options.output, isNew, ...counts, differences }, null, 2));
  } else {
    report(options, now, before, differences);
  }
  return options.check && differences.length > 0 ? exitStatus.checkFailed : exitStatus.done;
}

/** Who gives up waiting for the server leaves no empty file behind. The server dies with us. */
function takeBackOnSignal(file: OpenLockFile): void {
  const signals = [["SIGHUP", 1], ["SIGINT", 2], ["SIGTERM", 15]] as const;
  for (const [signal, number] of signals) {
    Deno.addSignalListener(signal, () => {
      file[Symbol.dispose]();
      Deno.exit(128 + number);
    });
  }
}

function lockOf(asked: AskedServer, args: readonly string[]): Lock {
  const { command, serverInfo, instructions } = asked;
  const items = {} as Record<SurfaceKind, ReadonlyMap<string, LockedItem>>;
  for (const [kind, , key] of kinds) {
    const surfaces = asked[key].map(({ value }) => surfaceOf(value, kind)!);
    items[kind] = new Map(surfaces.map((surface) => [surface.name, lockSurface(surface)]));
  }
  const [name, version] = ["name", "version"].map((key) =>
    isJsonObject(serverInfo) ? serverInfo.get(key) : undefined
  );
  return {
    command: [command, ...args],
    server: typeof name === "string"
      ? { name, version: typeof version === "string" ? version : "" }
      : undefined,
    instructions: instructions === undefined || instructions === "" ? undefined : lockText(instructions),
    items,
  };
}

const kinds: readonly (readonly [SurfaceKind, string, "tools" | "prompts" | "resourceTemplates"])[] = [
  ["tool", "tool", "tools"],
  ["prompt", "prompt", "prompts"],
  ["resource_template", "resource template", "resourceTemplates"],
];

function report(
  { output, check }: LockOptions,
  now: Lock,
  before: Lock | undefined,
  differences: readonly LockDifference[],
): void {
  for (const difference of differences) for (const line of describe(difference)) console.log(line);
  const counted = kinds.map(([kind, name]) => count(now.items[kind].size, name)).join(", ");
  const said = now.instructions === undefined ? "no instructions" : "instructions";
  if (before === undefined) console.log(`${output}: written, with ${counted}, ${said}`);
  else if (differences.length === 0) {
    console.log(`${output}: the server is as it was locked (${counted}, ${said})`);
  } else if (check) console.log(`${output}: ${count(differences.length, "difference")}`);
  else console.log(`${output}: written anew, with ${count(differences.length, "difference")}`);
}

function count(number: number, name: string): string {
  return `${number} ${name}${number === 1 ? "" : "s"}`;
}

/** The lines that tell of one difference. Texts of the server's are shown with what is invisible in them spelt out. */
function describe({ what, how, name, parts, before, now }: LockDifference): readonly string[] {
  const kind = what.replace("_", " ");
  const subject = name === "" ? `the ${kind}` : `${kind} ${quote(name)}`;
  const verb = name === "" && kind === "instructions" ? "are" : "is";
  const happened = how === "changed"
    ? `changed${parts.length === 0 ? "" : `: ${parts.map((part) => quote(part).slice(1, -1)).join(", ")}`}`
    : `${verb} ${how}`;
  return [`${subject} ${happened}`, ...changedLines(before, now)];
}

/** What was said before and is said now, but for the lines that both begin and end with. */
function changedLines(before: string | undefined, now: string | undefined): readonly string[] {
  const old = before === undefined ? [] : before.split("\n");
  const fresh = now === undefined ? [] : now.split("\n");
  let start = 0;
  while (start < old.length && start < fresh.length && old[start] === fresh[start]) start++;
  let end = 0;
  while (
    end < old.length - start && end < fresh.length - start &&
    old[old.length - 1 - end] === fresh[fresh.length - 1 - end]
  ) end++;
  return [
    ...old.slice(start, old.length - end).map((line) => `  - ${showInvisible(line)}`),
    ...fresh.slice(start, fresh.length - end).map((line) => `  + ${showInvisible(line)}`),
  ];
}

function showInvisible(line: string): string {
  return line.replace(
    /[\p{C}\u{fe00}-\u{fe0f}\u{e0100}-\u{e01ef}]|(?! )\p{Z}/gu,
    (character) => `\\u{${character.codePointAt(0)!.toString(16)}}`,
  );
}
