/**
 * The main job on real parts: the official filesystem server behind the proxy, driven by the official client.
 *
 *     deno task demo
 *
 * Every scene says what it expects and what it saw; the program exits with 1 if any of them differ.
 */

import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { processesMentioning } from "./demo/processes.ts";
import { type Check, Stage } from "./demo/stage.ts";

const program = fileURLToPath(new URL("../mod.ts", import.meta.url));
const filesystemServer = "npm:@modelcontextprotocol/server-filesystem@2026.8.31";

const stage = new Stage();
const scratch = await Deno.realPath(await Deno.makeTempDir({ prefix: "lilith-zero-demo-" }));
const folder = join(scratch, "notes");
const policyPath = join(scratch, "policy.yaml");
const auditPath = join(scratch, "audit.jsonl");

try {
  await prepare();
  const proxy = await connect();
  await showTools(proxy.client);
  await showCalls(proxy.client);
  await showLimit(proxy.client);
  await showKill(proxy);
  await showAudit();
} finally {
  await Deno.remove(scratch, { recursive: true });
}
Deno.exit(stage.close() ? 0 : 1);

/** A folder with a note in it, a link that leads out of it, and a policy. */
async function prepare(): Promise<void> {
  await Deno.mkdir(folder);
  await Deno.writeTextFile(join(folder, "hello.txt"), "Hello from inside the folder.\n");
  await Deno.writeTextFile(join(scratch, "secret.txt"), "You should never see this.\n");
  await Deno.symlink(join(scratch, "secret.txt"), join(folder, "innocent.txt"));
  const policy = `version: 1
name: notes, read only
rules:
  - id: read-notes
    allow: [read_text_file, list_directory, search_files]
    args: { path: { under: "${folder}" } }
  - id: no-writing
    deny: ["write_*", edit_file, move_file, create_directory]
    reason: these notes are read only
  - id: pace
    limit: search_files
    to: 2 calls/minute
`;
  await Deno.writeTextFile(policyPath, policy);
  stage.scene("A policy in twelve lines", policy);
}

interface Connection {
  readonly client: Client;
  readonly transport: StdioClientTransport;
}

/** Starts the proxy as any client would: its command in front of the server's. */
async function connect(): Promise<Connection> {
  const server = [Deno.execPath(), "run", "-A", "--quiet", filesystemServer, folder];
  const transport = new StdioClientTransport({
    command: Deno.execPath(),
    args: [
      "run",
      "-A",
      "--quiet",
      program,
      "run",
      "--policy",
      policyPath,
      "--audit",
      auditPath,
      "--",
      ...server,
    ],
    // The official client hands on few variables; where packages lie (DENO_DIR) and how to get them is not among them.
    env: Deno.env.toObject(),
    stderr: "ignore",
  });
  const client = new Client({ name: "lilith-zero-demo", version: "1.0.0" });
  await client.connect(transport);
  const name = client.getServerVersion()?.name ?? "nobody";
  stage.scene("The official client talks to the official server through the proxy");
  stage.check({ what: "the server introduces itself", saw: name, ok: name.includes("filesystem") });
  return { client, transport };
}

async function showTools(client: Client): Promise<void> {
  const { tools }: { tools: { name: string }[] } = await client.listTools();
  const names = tools.map(({ name }) => name).sort();
  stage.scene("The agent sees only the tools that it could use");
  stage.check({
    what: "3 of the server's 14 tools are left",
    saw: names.join(", "),
    ok: names.join() === "list_directory,read_text_file,search_files",
  });
}

async function showCalls(client: Client): Promise<void> {
  stage.scene("Calls");
  const read = (path: string) => call(client, "read_text_file", { path });
  stage.check(
    await answers("a note inside the folder is read", read(join(folder, "hello.txt")), /^Hello from inside/),
  );
  stage.check(await denied("a path that climbs out is denied", read(`${folder}/../secret.txt`), "default"));
  stage.check(await denied("a link that leads out is denied", read(join(folder, "innocent.txt")), "default"));
  stage.check(await denied("an encoded path is denied", read(`${folder}/%2e%2e/secret.txt`), "default"));
  const write = call(client, "write_file", { path: join(folder, "x"), content: "x" });
  stage.check(
    await denied("a tool that writes is denied, with its reason", write, "no-writing", /read only/),
  );
}

async function showLimit(client: Client): Promise<void> {
  stage.scene("A limit of 2 searches a minute, and personal data in the arguments");
  const search = (pattern: string) => call(client, "search_files", { path: folder, pattern });
  const empty = /No matches/;
  stage.check(await answers("the first passes", search("ada.lovelace@example.com"), empty));
  stage.check(await answers("the second passes", search("4111 1111 1111 1111"), empty));
  stage.check(
    await denied("the third is told when to come back", search("third"), "pace", /Try again in \d+ s/),
  );
}

/** SIGKILL gives the proxy no chance to clean up: the kernel has to. */
async function showKill({ transport }: Connection): Promise<void> {
  stage.scene("The proxy is killed with SIGKILL");
  const before = await processesMentioning(folder);
  Deno.kill(transport.pid!, "SIGKILL");
  const deadline = Date.now() + 1000;
  let after = await processesMentioning(folder);
  while (after.length > 0 && Date.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, 10));
    after = await processesMentioning(folder);
  }
  stage.check({
    what: "a second later nothing of the server is left",
    saw: `${before.length} processes before, ${after.length} after`,
    ok: before.length >= 2 && after.length === 0,
  });
}

async function showAudit(): Promise<void> {
  const log = await Deno.readTextFile(auditPath);
  const searches = log.trimEnd().split("\n").map((line) => JSON.parse(line)).filter(({ name }) =>
    name === "search_files"
  );
  stage.scene("What the audit log says of the searches", searches.map(summarise).join("\n"));
  const masks = [...new Set(JSON.stringify(searches).match(/‹[a-z_]+›/g) ?? [])];
  stage.check({
    what: "neither the e-mail address nor the card number is in it",
    saw: masks.join(" "),
    ok: !log.includes("lovelace") && !log.includes("4111 1111") && masks.includes("‹email›") &&
      masks.includes("‹card›"),
  });
  const intact = await verify(auditPath);
  stage.check({ what: "audit verify finds the log intact", saw: intact.lines[0], ok: intact.status === 0 });
  const tampered = join(scratch, "tampered.jsonl");
  await Deno.writeTextFile(tampered, log.replace('"verdict":"deny"', '"verdict":"allow"'));
  const changed = await verify(tampered);
  const named = changed.lines.find((line) => /line \d+/.test(line));
  stage.check({
    what: "in a copy with one verdict changed it names the line",
    saw: named ?? changed.lines[0],
    ok: changed.status === 1 && named !== undefined,
  });
}

interface SearchRecord {
  readonly seq: number;
  readonly verdict: string;
  readonly rule: string;
  readonly arguments: { readonly pattern: string };
}

function summarise({ seq, verdict, rule, arguments: { pattern } }: SearchRecord): string {
  return `record ${seq}: ${verdict} by rule "${rule}", pattern "${pattern}"`;
}

async function verify(path: string): Promise<{ status: number; lines: string[] }> {
  const command = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--quiet", program, "audit", "verify", path],
    stdout: "piped",
    stderr: "piped",
  });
  const { code, stdout, stderr } = await command.output();
  const text = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
  return { status: code, lines: text.replaceAll(`${scratch}/`, "").split("\n").map((line) => line.trim()) };
}

interface ToolAnswer {
  readonly isError?: boolean;
  readonly content: { readonly text: string }[];
  readonly _meta?: { readonly rule?: string };
}

async function call(client: Client, name: string, args: Record<string, unknown>): Promise<ToolAnswer> {
  return await client.callTool({ name, arguments: args }) as unknown as ToolAnswer;
}

async function answers(what: string, answer: Promise<ToolAnswer>, pattern: RegExp): Promise<Check> {
  const { isError, content: [{ text }] } = await answer;
  return { what, saw: text.trim(), ok: isError !== true && pattern.test(text) };
}

/** Denied by us and not by the server: only our answers name a rule. */
async function denied(
  what: string,
  answer: Promise<ToolAnswer>,
  rule: string,
  pattern = /./,
): Promise<Check> {
  const { isError, content: [{ text }], _meta } = await answer;
  return {
    what,
    saw: text.trim().replaceAll(scratch, "…"),
    ok: isError === true && _meta?.rule === rule && pattern.test(text),
  };
}
