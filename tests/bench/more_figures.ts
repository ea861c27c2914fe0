/** The figures of the goals that are no round trips of bytes: scans, the official client, the start, the memory. */

import { fileURLToPath } from "node:url";
import type { MoreFigures } from "./goals.ts";
import { type Bench, type Command, output, unpackedProgram } from "./programs.ts";
import { measureScans } from "./scan_ratio.ts";
import { measureWhole } from "./whole_program.ts";

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** Measures them with the program as the archive holds it, all on the core that `prefix` pins to. */
export async function measureMore(
  folder: string,
  bench: Bench,
  prefix: Command,
  rounds: number,
): Promise<MoreFigures> {
  const program = await unpackedProgram(folder);
  const server = bench.programs.get("direct")!("");
  const proxy = (...options: string[]): Command => [
    ...prefix,
    program,
    "run",
    "--policy",
    here("policy.yaml"),
    "--audit",
    `${folder}/audit.jsonl`,
    ...options,
  ];
  const whole = await measureWhole({
    empty: [...prefix, Deno.execPath(), "run", here("empty_program.ts")],
    process: [...proxy("--containment", "process"), "--", ...server],
    namespace: [...proxy(), "--", ...server],
    large: [...proxy(), "--", ...server],
  }, rounds);
  const sdk = await output([
    ...prefix,
    Deno.execPath(),
    "run",
    "-A",
    here("sdk_round_trip.ts"),
    ...proxy().slice(prefix.length),
    "--",
    Deno.execPath(),
    "run",
    "-A",
    "npm:@modelcontextprotocol/server-everything@2026.8.31",
  ]);
  if (sdk?.code !== 0) throw new Error(`Cannot measure the official client:\n${sdk?.stderr}`);
  return { ...measureScans(), ...JSON.parse(sdk.stdout), ...whole };
}
