/** What the benchmark runs: the programs that stand before the server, and the load client that drives them. */

import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { join } from "node:path";
import { buildPackage } from "../../scripts/package.ts";
import { version } from "../../src/version.ts";

/** The repository. */
const root = fileURLToPath(new URL("../..", import.meta.url));
const here = (path: string): string => join(root, "tests/bench", path);

/** A program by its command line. */
export type Command = readonly string[];

/** All that one run of the benchmark needs. */
export interface Bench {
  readonly client: Command;
  /** By name, in the order of each round. A function: every run of the proxy gets an audit log of its own. */
  readonly programs: ReadonlyMap<string, (auditPath: string) => Command>;
  readonly yardstick: string;
  /** Whether client, server and yardstick are the C programs. */
  readonly native: boolean;
}

/** A short way to a Deno program of ours. */
function deno(script: string): Command {
  return [Deno.execPath(), "run", "-A", here(script)];
}

/** Builds what is to be built into `folder`. Without a C compiler the client and the server are Deno programs. */
export async function prepareBench(folder: string, withProxy: boolean): Promise<Bench> {
  const native = await compileNative(folder);
  const server = native ? [join(folder, "echo_server")] : deno("portable_echo_server.ts");
  const programs = new Map<string, (auditPath: string) => Command>();
  programs.set("direct", () => server);
  if (native) programs.set("C poll relay", () => [join(folder, "poll_relay"), ...server]);
  programs.set("minimal Deno relay", () => [...deno("minimal_relay.ts"), ...server]);
  if (withProxy) {
    // As a user starts it who has the archive.
    const proxy = [await unpackedProgram(folder), "run", "--policy", here("policy.yaml")];
    programs.set("lilith-zero", (auditPath) => [...proxy, "--audit", auditPath, "--", ...server]);
    const streams = deno("stream_proxy.ts");
    programs.set("lilith-zero on streams", (audit) => [...streams, here("policy.yaml"), audit, ...server]);
  }
  return {
    client: native ? [join(folder, "load_client")] : deno("portable_load_client.ts"),
    programs,
    yardstick: native ? "C poll relay" : "minimal Deno relay",
    native,
  };
}

/** The archive's program, built and unpacked into `folder` once. */
export async function unpackedProgram(folder: string): Promise<string> {
  const program = join(folder, `lilith-zero-${version}-${Deno.build.target}`, "lilith-zero");
  if (existsSync(program)) return program;
  const { path } = await buildPackage(join(folder, "dist"), Deno.execPath());
  const unpacked = await output(["tar", "-xzf", path, "-C", folder]);
  if (unpacked?.code !== 0) throw new Error(`Cannot unpack ${path}`);
  return program;
}

/** Compiles the C programs into `folder`; false where there is no C compiler. Throws where they do not compile. */
export async function compileNative(folder: string): Promise<boolean> {
  for (const name of ["echo_server", "poll_relay", "load_client"]) {
    const args = ["-O2", "-Wall", "-Wextra", "-Werror", "-o", join(folder, name), here(`native/${name}.c`)];
    const compiled = await output(["cc", ...args]);
    if (compiled === null) return false;
    if (compiled.code !== 0) throw new Error(`Cannot compile native/${name}.c:\n${compiled.stderr}`);
  }
  return true;
}

/** The prefix that pins a command and all its children to one core; empty where the system cannot. */
export async function pinningPrefix(): Promise<Command> {
  const prefix = ["taskset", "-c", String(navigator.hardwareConcurrency - 1)];
  const tried = await output([...prefix, "true"]);
  return tried?.code === 0 ? prefix : [];
}

/** What a command printed and how it ended; null where there is no such command. */
export async function output(
  command: Command,
): Promise<{ code: number; stdout: string; stderr: string } | null> {
  const decoder = new TextDecoder();
  try {
    const child = new Deno.Command(command[0], { args: command.slice(1), cwd: root, stdin: "null" });
    const { code, stdout, stderr } = await child.output();
    return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}
