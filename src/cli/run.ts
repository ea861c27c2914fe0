/**
 * `lilith-zero run`: puts everything together. Reads as a list, because the order matters: guard, load, spawn,
 * drop the permissions, and only then read the first byte from anyone.
 */

import { randomBytes, randomUUID } from "node:crypto";
import { realpathSync } from "node:fs";
import { resolve } from "node:path";
import { openSink, type Sink } from "../audit/sink.ts";
import type { StartRecord } from "../audit/record.ts";
import { frameBytesMax, stopTimeoutMs } from "../limits.ts";
import { dropPermissions } from "../permissions.ts";
import type { Facts, Query, Resolution } from "../policy/facts.ts";
import type { PolicyDocument, ServerSettings } from "../policy/rule.ts";
import { Relay, type RelayEnding } from "../proxy/relay.ts";
import { createSession } from "../proxy/session.ts";
import { spawnServer, type SupervisedServer } from "../supervisor/child.ts";
import type { ContainmentReport } from "../supervisor/containment.ts";
import { serverEnvironment } from "../supervisor/environment.ts";
import { probeContainment } from "../supervisor/linux.ts";
import { lookUpCommand } from "../supervisor/look_up.ts";
import { openResolver, ownFilesWritableByServer } from "../supervisor/resolve.ts";
import { openOwnStdio } from "../transport/own_stdio.ts";
import { StdioChannel } from "../transport/stdio.ts";
import { version } from "../version.ts";
import { LilithError } from "../errors.ts";
import { exitStatus } from "./exit_status.ts";
import { openOperatorLog } from "./operator_log.ts";
import { compileFor, loadPolicies } from "./load_policies.ts";
import { passOnStderr } from "./server_stderr.ts";
import { mergeServerSettings } from "./server_settings.ts";
import { StderrWriter } from "./stderr_writer.ts";

export interface RunOptions {
  readonly policies: readonly string[];
  readonly audit: string | undefined;
  /** The command and its arguments. */
  readonly command: readonly string[];
  /** `process`: do not use namespaces even where they are to be had. */
  readonly containment: "best" | "process";
}

/** Runs a server behind the proxy until one side ends; gives the exit status of the whole. */
export async function run(options: RunOptions): Promise<number> {
  const stderr = new StderrWriter();
  const log = openOperatorLog(stderr);
  const documents = await loadPolicies(options.policies, (finding) => stderr.write(`${finding}\n`));
  const settings = mergeServerSettings(documents.map((document) => document.server));
  const directory = settings.directory ?? Deno.cwd();
  const environment = serverEnvironment(Deno.env.toObject(), settings.passEnv);
  const [commandName, ...args] = options.command;
  const command = lookUpCommand(commandName, { path: Deno.env.get("PATH"), directory });
  const containment = await chooseContainment(options.containment, settings);
  const sink = options.audit === undefined ? undefined : openSink(options.audit);
  const ownFiles = [...options.policies.map((path) => realpathSync(resolve(path))), ...(sink ? [sink.path] : [])];
  const policy = await compileFor(documents, directory, ownFiles);
  const lookUp = factsFrom(openResolver(directory));
  const session = createSession({
    session: randomUUID(),
    policy,
    audited: sink !== undefined,
    anchor: sink?.anchor ?? "",
    digestKey: randomBytes(32),
  });
  const { input, output } = await openOwnStdio();
  const server = spawnServer({
    command,
    args,
    environment,
    directory,
    limits: settings,
    containment,
    stopTimeoutMs: settings.stopTimeoutMs ?? stopTimeoutMs,
  });
  const signals = watchSignals();
  const writableByServer = ownFilesWritableByServer(ownFiles);
  dropPermissions();

  passOnStderr(server.stderr, stderr, Date.now);
  const bounds = { frameBytesMax: smallestFrame(documents) };
  const relay = new Relay(session, {
    downstream: new StdioChannel(input, output, { ...bounds, dropFraming: false }),
    upstream: new StdioChannel(server.stdout, server.stdin, { ...bounds, dropFraming: true }),
    server,
    sink,
    lookUp,
    now: Date.now,
    say: (level, text) => level === "info" ? log.info("{text}", { text }) : log.warn("{text}", { text }),
  });
  signals.onSignal((name) => relay.stop(name));
  const status = await converse(relay, server, startRecord(options, documents, command, directory, containment, writableByServer));
  sink?.close();
  await stderr.flush(stderrFlushMs);
  return status;
}

async function chooseContainment(wish: "best" | "process", settings: ServerSettings): Promise<ContainmentReport> {
  const report = await probeContainment(wish);
  if (settings.containment === "namespace" && report.level !== "namespace") {
    throw new LilithError("containment_unavailable", {
      message: `Cannot start the server: the policy demands containment "namespace", this machine gives "${report.level}"`,
      hint: report.missing.map(({ mechanism, why, hint }) => `${mechanism}: ${why}. ${hint}`).join("\n        "),
    });
  }
  return report;
}

/** Facts at once: looking up a path takes some microseconds. */
function factsFrom(resolvePath: (path: string) => Resolution): (queries: readonly Query[]) => Facts {
  return (queries) => {
    const facts = new Map<string, Resolution>();
    for (const { path } of queries) facts.set(path, resolvePath(path));
    return facts;
  };
}

function smallestFrame(documents: readonly PolicyDocument[]): number {
  return Math.min(frameBytesMax, ...documents.flatMap(({ messageBytesMax }) => messageBytesMax ?? []));
}

/** Signals by which clients and people end us. Watched from before the drop; kept until somebody listens. */
const endingSignals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

function watchSignals(): { onSignal(listener: (name: string) => void): void } {
  let seen: string | undefined;
  let listener: ((name: string) => void) | undefined;
  for (const name of endingSignals) {
    Deno.addSignalListener(name, () => {
      seen ??= name;
      listener?.(name);
    });
  }
  return {
    onSignal(later) {
      listener = later;
      if (seen !== undefined) later(seen);
    },
  };
}

/** Runs the conversation; a failure of ours takes the server down before it is reported. */
async function converse(relay: Relay, server: SupervisedServer, record: StartRecord): Promise<number> {
  try {
    relay.begin(record);
    return statusOfEnding(await relay.run());
  } catch (error) {
    await server.stop();
    throw error;
  }
}

/** A client that ends the session is the ordinary case, however hard the server had to be pushed. */
function statusOfEnding(ending: RelayEnding): number {
  return ending.by === "stopped" ? exitStatus.done : ending.server.status;
}

/** How long our last words may take on a standard error that nobody reads. */
const stderrFlushMs = 200;
