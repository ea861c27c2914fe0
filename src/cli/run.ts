/**
 * `lilith-zero run`: puts everything together. Reads as a list, because the order matters: guard, load, spawn,
 * drop the permissions, and only then read the first byte from anyone.
 */

import { randomBytes, randomUUID } from "node:crypto";
import { realpathSync } from "node:fs";
import { resolve } from "node:path";
import type { Logger } from "@logtape/logtape";
import { maskKinds } from "../audit/mask.ts";
import { emptyAnchor, type StartRecord } from "../audit/record.ts";
import { openSink } from "../audit/sink.ts";
import {
  floodGrowthBytesMax,
  frameBytesMax,
  memoryGrowthBytesMax,
  sharedUnseenMs,
  stopTimeoutMs,
} from "../limits.ts";
import { Collector } from "../memory.ts";
import { dropPermissions } from "../permissions.ts";
import {
  type Approval,
  type ApprovalQuery,
  type Facts,
  type Query,
  type Resolution,
  withApproval,
} from "../policy/facts.ts";
import type { PolicyDocument } from "../policy/rule.ts";
import { Relay } from "../proxy/relay.ts";
import { createSession } from "../proxy/session.ts";
import { consultApprovals } from "../state/approvals.ts";
import { findClient, goneClients } from "../state/client_process.ts";
import { openSharedAccess, pruneSessions, type SharedAccess } from "../state/shared_state.ts";
import { openStateFile, type StateFile } from "../state/state_file.ts";
import { spawnServer } from "../supervisor/child.ts";
import { givenEnvironment, serverEnvironment } from "../supervisor/environment.ts";
import { openDescriptors, openOwnEnds } from "../supervisor/descriptors.ts";
import { probeContainment } from "../supervisor/linux.ts";
import { lookUpCommand } from "../supervisor/look_up.ts";
import { openResolver, ownFilesWritableByServer } from "../supervisor/resolve.ts";
import { DescriptorChannel } from "../transport/descriptor_channel.ts";
import { PollLoop } from "../transport/poll_loop.ts";
import { version } from "../version.ts";
import { demandLevel } from "./demand_level.ts";
import { exitStatus } from "./exit_status.ts";
import { demandCommand, readLockFile } from "./lock_file.ts";
import { compileFor, type CompileSettings, demandLock, demandState, loadPolicies } from "./load_policies.ts";
import { namedDirectories } from "./named_directories.ts";
import { openOperatorLog } from "./operator_log.ts";
import type { RunOptions } from "./run_arguments.ts";
import { mergeServerSettings } from "./server_settings.ts";
import { passOnStderr } from "./server_stderr.ts";
import { StderrWriter } from "./stderr_writer.ts";
import { readVariables } from "./variables.ts";
import type { PolicyWatching, WatchSettings } from "./watch_policies.ts";

/** Runs a server behind the proxy until one side ends; gives the exit status of the whole. */
export async function run(options: RunOptions): Promise<number> {
  const stderr = new StderrWriter();
  const log = openOperatorLog(stderr, Date.now);
  try {
    return await supervise(options, stderr, log.logger);
  } finally {
    log.end();
    await stderr.flush(stderrFlushMs);
  }
}

async function supervise(options: RunOptions, stderr: StderrWriter, log: Logger): Promise<number> {
  takeBackSignals();
  const probing = probeContainment(options.containment);
  probing.catch(() => {}); // it is awaited below; until then a failure is not unhandled
  const vars = readVariables(options.vars);
  const documents = await loadPolicies(options.policies, (finding) => stderr.write(`${finding}\n`), vars);
  const settings = mergeServerSettings(documents.map((document) => document.server));
  const directory = settings.directory ?? Deno.cwd();
  const [commandName, ...args] = options.command;
  const command = lookUpCommand(commandName, { path: Deno.env.get("PATH"), directory });
  const environment = serverEnvironment(givenEnvironment(Deno.env.toObject()), settings.passEnv);
  const named = namedDirectories(args, directory, Deno.env.get("HOME") ?? "/");
  const locked = options.lock === undefined ? undefined : readLockFile(options.lock);
  demandLock(documents, locked?.lock);
  if (locked !== undefined) demandCommand(options.lock!, locked.lock, [command, ...args]);
  demandState(documents, options.state !== undefined);
  const containment = demandLevel(await probing, settings);
  const sink = options.audit === undefined ? undefined : openSink(options.audit);
  const state = options.state === undefined ? undefined : openStateFile(options.state);
  const shared = state && openShared(state, log);
  // Also by the names that the user gave: a server can write through a link, and put another file in its place.
  const given = [...options.policies, ...(options.lock === undefined ? [] : [options.lock])];
  const ownFiles = [
    ...new Set([
      ...given.flatMap((path) => [realpathSync(path), resolve(path)]),
      ...(sink ? [sink.path] : []),
      ...(state === undefined ? [] : [state.path]),
    ]),
  ];
  const compile: CompileSettings = {
    workingDirectory: directory,
    namedDirectories: named,
    lock: locked?.lock,
    sharesState: state !== undefined,
  };
  const session = createSession({
    session: randomUUID(),
    policy: await compileFor(documents, ownFiles, compile),
    audited: sink !== undefined,
    anchor: sink?.anchor ?? emptyAnchor,
    digestKey: randomBytes(32),
    server: options.command.join(" "),
    approvals: options.state === undefined ? undefined : { file: options.state },
  });
  const resolvePath = openResolver(directory);
  const lookUp = factsFrom(resolvePath, (query) => lookUpApproval(state, query, say));
  const started: StartRecord = {
    kind: "start",
    lilith: version,
    platform: `${Deno.build.os} ${Deno.build.arch}, Deno ${Deno.version.deno}`,
    policies: documents.map(({ name, file, sha256, mode, vars }) => ({ name, file, sha256, mode, vars })),
    server: { command, args, directory, ...(named.length === 0 ? {} : { namedDirectories: named }) },
    lock: locked && { file: options.lock!, sha256: locked.sha256 },
    containment: { level: containment.level, mechanism: containment.mechanism },
    writableByServer: ownFilesWritableByServer(ownFiles),
    masks: maskKinds,
    torn: sink?.torn,
    ...(options.watch ? { watch: true } : {}),
  };
  const say = (level: "info" | "warning", text: string) =>
    level === "info" ? log.info("{text}", { text }) : log.warn("{text}", { text });
  const watch = options.watch
    ? await openWatch({
      files: options.policies,
      documents,
      vars,
      compile,
      ownFiles,
      resolvePath,
      say,
    })
    : undefined;
  for (const notice of [...sink?.notices ?? [], ...state?.notices ?? []]) log.warn("{notice}", { notice });
  if (sink === undefined) log.warn("Nothing is recorded: no --audit FILE was given");
  const signals = watchSignals();
  const loop = new PollLoop(openDescriptors());
  const stopMs = settings.stopTimeoutMs ?? stopTimeoutMs;
  const spec = {
    command,
    args,
    environment,
    directory,
    limits: settings,
    containment,
    stopTimeoutMs: stopMs,
  };
  const server = spawnServer(spec);
  const ownEnds = openOwnEnds();
  try {
    dropPermissions();
    const stderrEnded = passOnStderr(server.stderr, stderr, Date.now);
    const bounds = { frameBytesMax: smallestFrame(documents) };
    const downstream = new DescriptorChannel(loop, ownEnds, { ...bounds, dropFraming: false });
    const serverEnds = { input: server.stdout, output: server.stdin.output };
    const upstream = new DescriptorChannel(loop, serverEnds, { ...bounds, dropFraming: true });
    let isHurried = false;
    server.stdin.onEnd(
      () => void downstream.heardOut().then(() => upstream.close()),
      () => isHurried ? Infinity : upstream.queuedBytes, // a signal ends our patience with a slow reader
    );
    const relay = new Relay(session, {
      downstream,
      upstream,
      server,
      sink,
      shared,
      lookUp,
      now: Date.now,
      say,
    });
    relay.begin(started);
    const collector = new Collector();
    loop.onTurn(() => collector.look(relay.areCrowded ? floodGrowthBytesMax : memoryGrowthBytesMax));
    watch?.begin(relay, loop, (finding) => stderr.write(`${finding}\n`));
    signals.onSignal((name) => {
      isHurried = true;
      relay.stopNow(`${name} was received`);
    });
    const ending = await relay.run();
    await loop.stop();
    sink?.close();
    state?.close();
    await Promise.race([stderrEnded, new Promise((resolve) => setTimeout(resolve, stderrFlushMs))]);
    // A client that ends the session is the ordinary case, however hard the server had to be pushed.
    return ending.by === "stopped" ? exitStatus.done : ending.server.status;
  } catch (error) {
    // A failure of ours must not leave the server without a keeper.
    server.killNow();
    throw error;
  } finally {
    watch?.end();
    await loop.stop().catch(() => {}); // whatever ended it before was thrown
    ownEnds.restore();
  }
}

/** Loaded late: most sessions have one policy from their start to their end. */
async function openWatch(settings: WatchSettings): Promise<PolicyWatching> {
  const watching = await import("./watch_policies.ts");
  return await watching.openWatch(settings);
}

/** Facts at once: looking up a path takes some microseconds. */
function factsFrom(
  resolvePath: (path: string) => Resolution,
  lookUpApproval: (query: ApprovalQuery) => Approval,
): (queries: readonly (Query | ApprovalQuery)[]) => Facts {
  return (queries) => {
    const facts = new Map<string, Resolution>();
    let approval: Approval | undefined;
    for (const query of queries) {
      if (query.kind === "resolve") facts.set(query.path, resolvePath(query.path));
      else if (query.kind === "approval") approval = lookUpApproval(query);
    }
    return approval === undefined ? facts : withApproval(facts, approval);
  };
}

/** What is known of an approval. A state file that cannot be used approves nothing. */
function lookUpApproval(
  state: StateFile | undefined,
  query: ApprovalQuery,
  say: (level: "warning", text: string) => void,
): Approval {
  try {
    if (state !== undefined) return state.update((content) => consultApprovals(content, query, Date.now()));
  } catch (error) {
    say("warning", error instanceof Error ? error.message : String(error));
  }
  return { kind: "unavailable", why: "the file for approvals cannot be used" };
}

/** What is shared with other proxies, for the client that has started this one. */
function openShared(file: StateFile, log: Logger): SharedAccess {
  const client = findClient();
  pruneSessions(file, goneClients(Date.now(), sharedUnseenMs));
  const who = `process ${client.pid} (${client.name})`;
  log.info("{text}", {
    text: `Taints and limits are shared with the other proxies of ${who} in ${file.path}`,
  });
  return openSharedAccess(file, client.key, (problem) => log.warn("{problem}", { problem }));
}

function smallestFrame(documents: readonly PolicyDocument[]): number {
  return Math.min(frameBytesMax, ...documents.flatMap(({ messageBytesMax }) => messageBytesMax ?? []));
}

/**
 * Signals whose inherited or default action would be wrong for us; a listener replaces it.
 *
 * - SIGCHLD: where the client ignores it, the kernel throws the status of our children away (wait(2));
 * - SIGXFSZ: it would end us where the audit log reaches the limit on file sizes, instead of the write failing (setrlimit(2)).
 */
function takeBackSignals(): void {
  for (const name of ["SIGCHLD", "SIGXFSZ"] as const) Deno.addSignalListener(name, () => {});
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

/** How long our last words may take on a standard error that nobody reads. */
const stderrFlushMs = 200;
