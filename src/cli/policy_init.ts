/** `lilith-zero policy init -- COMMAND`: a policy to begin with, from what a server says that it offers. */

import { resolve } from "node:path";
import process from "node:process";
import { LilithError } from "../errors.ts";
import { dropPermissions } from "../permissions.ts";
import { loadDocument } from "../policy/document.ts";
import { draftPolicy } from "../policy/draft_policy.ts";
import { askServer } from "./ask_server.ts";
import { exitStatus } from "./exit_status.ts";

export interface InitOptions {
  readonly command: readonly string[];
  /** Undefined: standard output. */
  readonly output: string | undefined;
  /** Whether a file that is there is replaced. */
  readonly force: boolean;
  readonly containment: "best" | "process";
}

/** Starts the server, asks it, takes it down, and writes the policy; gives the exit status. */
export async function policyInit(options: InitOptions): Promise<number> {
  const { command, containment, force } = options;
  const output = options.output === undefined ? undefined : resolve(options.output);
  if (output !== undefined) demandPlace(output, force);
  const beforeFirstByte = output === undefined ? dropPermissions : keepFiles;
  const asked = await askServer({ command, settings: {}, containment, beforeFirstByte });
  const text = draftPolicy(asked);
  demandPolicy(text);
  if (output === undefined) await writeAll(text);
  else replaceFile(output, text, force);
  for (const note of asked.notes) console.error(`note: ${note}`);
  const where = output === undefined ? "" : ` in ${options.output}`;
  console.error(
    `${asked.tools.length} ${
      asked.tools.length === 1 ? "tool" : "tools"
    }${where}; all denied, until you allow them`,
  );
  return exitStatus.done;
}

/**
 * While the server is listened to, all is given up but files: the policy is written when it is whole, and the old one
 * stays until then. Nothing can be started, loaded or reached over a network any more.
 */
function keepFiles(): void {
  process.env = {};
  for (const name of ["net", "env", "run", "ffi", "sys", "import"] as const) {
    Deno.permissions.revokeSync({ name });
  }
}

function demandPlace(output: string, force: boolean): void {
  let found: Deno.FileInfo | undefined;
  try {
    found = Deno.lstatSync(output);
  } catch (cause) {
    if (!(cause instanceof Deno.errors.NotFound)) throw unwritable(output, cause);
  }
  if (found === undefined) return;
  if (!found.isFile) throw refused(output, "it is there and no plain file", "Name another file");
  if (!force) throw refused(output, "it is there already", "--force replaces it");
}

/** Written beside it under another name and then renamed: nobody ever sees half a policy. */
function replaceFile(output: string, text: string, force: boolean): void {
  const beside = `${output}.${crypto.randomUUID().slice(0, 8)}.tmp`;
  try {
    Deno.writeTextFileSync(beside, text, { createNew: true });
    // link(2) refuses where a file has come meanwhile; rename(2) would replace it.
    if (force) Deno.renameSync(beside, output);
    else {
      Deno.linkSync(beside, output);
      Deno.removeSync(beside);
    }
  } catch (cause) {
    try {
      Deno.removeSync(beside);
    } catch {
      // It was never made.
    }
    throw unwritable(output, cause);
  }
}

function unwritable(output: string, cause: unknown): LilithError {
  return refused(
    output,
    cause instanceof Error ? cause.message : String(cause),
    "Name a file that can be written",
  );
}

function refused(output: string, seen: string, hint: string): LilithError {
  return new LilithError("output_unwritable", { message: `Cannot write "${output}": ${seen}`, hint });
}

/** What a server says must not be able to make another policy of it. */
function demandPolicy(text: string): void {
  const loaded = loadDocument(text, "policy.yaml");
  if (loaded.kind === "ok" && loaded.document.default === "deny" && loaded.document.rules.length === 1) {
    return;
  }
  throw new LilithError("internal", {
    message: "Cannot write a policy: what the server lists broke its form",
  });
}

async function writeAll(text: string): Promise<void> {
  const bytes = new TextEncoder().encode(text);
  for (let at = 0; at < bytes.length;) at += await Deno.stdout.write(bytes.subarray(at));
}
