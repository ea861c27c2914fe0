/**
 * What the supervisor's tests stand on: users, mechanisms, a proxy stand-in to kill, and counting what it leaves.
 *
 * Nothing here is under test. Everything runs in processes of its own, because the supervisor guards, and later disarms,
 * the process that it is in.
 */

import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { wrapCommand } from "../../src/supervisor/linux.ts";
import type { Mechanism } from "../../src/supervisor/containment.ts";
import { findSystemProgram } from "../../src/supervisor/system.ts";
import type { StandInSpec } from "./fixtures/stand_in.ts";

const repository = fileURLToPath(new URL("../../", import.meta.url));

/** Somebody to run the proxy as. */
export interface Identity {
  readonly name: "root" | "an ordinary user";
  /** Why it cannot be had here. */
  readonly missing?: string;
  /** What stands before a command to run it so. */
  readonly prefix: readonly string[];
}

const isRoot = Deno.uid() === 0;
const nobody = 65534;
const setpriv = findSystemProgram("setpriv");

export const root: Identity = {
  name: "root",
  prefix: [],
  ...(isRoot ? {} : { missing: "the tests do not run as root" }),
};

export const user: Identity = {
  name: "an ordinary user",
  prefix: isRoot ? [setpriv ?? "setpriv", `--reuid=${nobody}`, `--regid=${nobody}`, "--clear-groups"] : [],
  ...(isRoot && setpriv === undefined ? { missing: "root needs setpriv (util-linux) to become one" } : {}),
};

export const identities = [root, user] as const;

export type MechanismUnderTest = "bwrap" | "unshare" | "watcher";
export const mechanisms: readonly MechanismUnderTest[] = ["bwrap", "unshare", "watcher"];

/** Why a mechanism cannot be had by somebody; undefined where it can. Found by plain commands, not by our probe. */
export function missingFor(identity: Identity, mechanism: MechanismUnderTest): string | undefined {
  if (identity.missing !== undefined) return identity.missing;
  if (mechanism === "watcher") return undefined;
  const program = findSystemProgram(mechanism);
  if (program === undefined) return `${mechanism} is not installed`;
  const by: Mechanism = mechanism === "bwrap" ? { kind: "bwrap", bwrap: program } : {
    kind: "unshare",
    unshare: program,
    shell: "/bin/sh",
    userNamespace: !(isRoot && identity === root),
  };
  const [first, ...rest] = [...identity.prefix, ...wrapCommand(by, ["/bin/sh", "-c", ":"])];
  const { success } = new Deno.Command(first, { args: rest, stdout: "null", stderr: "null" }).outputSync();
  return success ? undefined : `${mechanism} may not make a namespace here`;
}

/**
 * A test that needs something of the machine. Where it is missing the test is left out and says so in its name, but in
 * CI, where somebody relies on it, it fails.
 */
export function testWith(missing: string | undefined, name: string, run: () => Promise<void>): void {
  if (missing === undefined) return Deno.test(name, run);
  const named = `${name} (not run: ${missing})`;
  if (Deno.env.get("CI") !== "true") return Deno.test({ name: named, ignore: true, fn: run });
  Deno.test(named, () => assert.fail(`The machine lacks what this test needs: ${missing}`));
}

/** A folder that any user can read, with Deno, the supervisor and the fixtures in it. */
export interface World {
  readonly folder: string;
  readonly fixtures: string;
  /** A file name that nobody has used, in a folder that anybody may write. */
  scratch(name: string): string;
  /** Deno with a script of the world, as somebody. */
  deno(identity: Identity, script: string, args: readonly string[], flags?: readonly string[]): Deno.Command;
  /** Starts a stand-in. */
  begin(identity: Identity, spec: StandInSpec): StandIn;
  /** Starts a stand-in, and resolves once it has started its server, or could not. */
  start(identity: Identity, spec: StandInSpec): Promise<StandIn>;
}

let world: World | undefined;

/** The one world of a test file. */
export function openWorld(): World {
  return world ??= makeWorld();
}

function makeWorld(): World {
  const folder = Deno.makeTempDirSync({ prefix: "lilith-supervisor-" });
  Deno.chmodSync(folder, 0o755);
  globalThis.addEventListener("unload", () => Deno.removeSync(folder, { recursive: true }));
  const scratchFolder = `${folder}/scratch`;
  Deno.mkdirSync(scratchFolder);
  Deno.chmodSync(scratchFolder, 0o1777);
  // The home directory, where Deno and the repository may lie, is often closed to others.
  const deno = `${folder}/deno`;
  try {
    Deno.linkSync(Deno.execPath(), deno);
  } catch {
    Deno.copyFileSync(Deno.execPath(), deno); // another file system
  }
  const copied = [
    "src/errors.ts",
    "src/limits.ts",
    "src/permissions.ts",
    "src/supervisor",
    "tests/supervisor/fixtures",
  ];
  for (const path of copied) copyTree(`${repository}${path}`, `${folder}/${path}`);
  const fixtures = `${folder}/tests/supervisor/fixtures`;

  const command = (
    identity: Identity,
    script: string,
    args: readonly string[],
    flags: readonly string[] = ["-A"],
  ) => {
    const run = [
      deno,
      "run",
      "--no-prompt",
      "--no-config",
      "--no-lock",
      ...flags,
      `${fixtures}/${script}`,
      ...args,
    ];
    const [first, ...rest] = [...identity.prefix, ...run];
    const home = `${scratchFolder}/${identity.name.replaceAll(" ", "_")}`;
    return new Deno.Command(first, {
      args: rest,
      clearEnv: true,
      env: { PATH: Deno.env.get("PATH") ?? "", HOME: home, DENO_DIR: `${home}/deno` },
      cwd: "/",
      stdin: "piped",
      stdout: "piped",
      stderr: "inherit",
    });
  };
  const begin = (identity: Identity, spec: StandInSpec) =>
    new StandIn(command(identity, "stand_in.ts", [JSON.stringify(spec)]).spawn());
  return {
    folder,
    fixtures,
    scratch: (name) => `${scratchFolder}/${name}-${crypto.randomUUID()}`,
    deno: command,
    begin,
    async start(identity, spec) {
      const standIn = begin(identity, spec);
      standIn.started = await standIn.until("started", "refused");
      return standIn;
    },
  };
}

function copyTree(from: string, to: string): void {
  if (Deno.statSync(from).isDirectory) {
    Deno.mkdirSync(to, { recursive: true, mode: 0o755 });
    for (const { name } of Deno.readDirSync(from)) copyTree(`${from}/${name}`, `${to}/${name}`);
  } else {
    Deno.mkdirSync(to.slice(0, to.lastIndexOf("/")), { recursive: true, mode: 0o755 });
    Deno.copyFileSync(from, to);
    Deno.chmodSync(to, 0o755);
  }
}

/** Something that a stand-in said. */
export interface StandInEvent {
  readonly event: string;
  readonly text?: string;
  readonly status?: number;
  readonly signal?: string;
  readonly description?: string;
  readonly pid?: number;
  readonly level?: string;
  readonly mechanism?: string;
  readonly code?: string;
  readonly message?: string;
}

/** A running stand-in. */
export class StandIn {
  readonly events: StandInEvent[] = [];
  started: StandInEvent = { event: "none" };
  readonly #child: Deno.ChildProcess;
  readonly #input: WritableStreamDefaultWriter<Uint8Array>;
  readonly #reading: Promise<void>;
  #over = false;
  #wake: () => void = () => {};

  constructor(child: Deno.ChildProcess) {
    this.#child = child;
    this.#input = child.stdin.getWriter();
    this.#reading = this.#read();
  }

  get pid(): number {
    return this.#child.pid;
  }

  async #read(): Promise<void> {
    let pending = "";
    for await (const chunk of this.#child.stdout.pipeThrough(new TextDecoderStream())) {
      const lines = (pending + chunk).split("\n");
      pending = lines.pop() ?? "";
      for (const line of lines) this.events.push(JSON.parse(line));
      this.#wake();
    }
    this.#over = true;
    this.#wake();
  }

  /** Waits for one of some events, also one that has come already. */
  until(...names: readonly string[]): Promise<StandInEvent> {
    return this.untilSeen(names.join(" or "), (event) => names.includes(event.event));
  }

  /** Waits until the server has printed something. */
  async untilPrinted(text: string): Promise<void> {
    await this.untilSeen(`"${text}"`, () => this.printed("stdout").includes(text));
  }

  async untilSeen(what: string, matches: (event: StandInEvent) => boolean): Promise<StandInEvent> {
    for (;;) {
      const found = this.events.find(matches);
      if (found !== undefined) return found;
      assert.ok(!this.#over, `The stand-in ended without ${what}: ${JSON.stringify(this.events)}`);
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
  }

  /** All that the server has printed so far. */
  printed(stream: "stdout" | "stderr"): string {
    return this.events.filter(({ event }) => event === stream).map(({ text }) => text).join("");
  }

  async tell(word: string): Promise<void> {
    await this.#input.write(new TextEncoder().encode(`${word}\n`));
  }

  /** SIGKILL: it can tidy nothing up. */
  async kill(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#finish();
  }

  /** Lets it end by itself. */
  async end(): Promise<void> {
    await this.tell("end");
    await this.#finish();
  }

  async #finish(): Promise<void> {
    await this.#child.status;
    await this.#reading.catch(() => {});
    await this.#input.abort().catch(() => {});
  }
}

/** A program that needs no world: what it printed, and how it ended. */
export async function outputOf(command: Deno.Command): Promise<{ code: number; text: string }> {
  const child = command.spawn();
  await child.stdin.close();
  const { code, stdout } = await child.output();
  return { code, text: new TextDecoder().decode(stdout) };
}

/** The processes that carry a token in their environment and are no zombies. Exact: the token is a fresh UUID. */
export function livingWith(token: string): readonly number[] {
  return processes().filter((pid) => readProc(pid, "environ").includes(token) && !isZombie(pid));
}

/** The processes whose parent is the given one, with a word in their command line. */
export function childrenOf(parent: number, word: string): readonly number[] {
  return processes().filter((pid) =>
    statFields(pid)[1] === String(parent) && readProc(pid, "cmdline").includes(word)
  );
}

export function isAlive(pid: number): boolean {
  return statFields(pid).length > 0 && !isZombie(pid);
}

function isZombie(pid: number): boolean {
  return statFields(pid)[0] === "Z";
}

/** What follows the name in /proc/PID/stat: state, parent, group, session … */
export function statFields(pid: number): readonly string[] {
  const stat = readProc(pid, "stat");
  return stat === "" ? [] : stat.slice(stat.lastIndexOf(")") + 2).split(" ");
}

export function readProc(pid: number, file: string): string {
  try {
    return Deno.readTextFileSync(`/proc/${pid}/${file}`);
  } catch {
    return ""; // it is gone, or not ours
  }
}

function processes(): number[] {
  return [...Deno.readDirSync("/proc")].map(({ name }) => Number(name)).filter((pid) => pid > 0);
}

/** Waits until something holds; false where it does not in that time. */
export async function holdsWithin(
  timeoutMs: number,
  condition: () => boolean,
  pauseMs = 10,
): Promise<boolean> {
  for (const end = performance.now() + timeoutMs; performance.now() < end;) {
    if (condition()) return true;
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
  return condition();
}
