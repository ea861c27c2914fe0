/** Starts a server, contained as `run` does it, asks what it offers, and takes it down again. */

import { type ServerSurvey, surveyServer } from "../client/server_survey.ts";
import { surveySettleMs, surveyTimeoutMs } from "../limits.ts";
import { dropPermissions } from "../permissions.ts";
import type { ServerSettings } from "../policy/rule.ts";
import { spawnServer } from "../supervisor/child.ts";
import { openDescriptors } from "../supervisor/descriptors.ts";
import { givenEnvironment, serverEnvironment } from "../supervisor/environment.ts";
import { probeContainment } from "../supervisor/linux.ts";
import { lookUpCommand } from "../supervisor/look_up.ts";
import { guardSelf } from "../supervisor/self_guard.ts";
import { DescriptorChannel } from "../transport/descriptor_channel.ts";
import { PollLoop } from "../transport/poll_loop.ts";
import { demandLevel } from "./demand_level.ts";
import { passOnStderr } from "./server_stderr.ts";
import { StderrWriter } from "./stderr_writer.ts";

export interface AskOptions {
  /** The command and its arguments. */
  readonly command: readonly string[];
  /** As the policies have them; `{}` where there is none. */
  readonly settings: ServerSettings;
  readonly containment: "best" | "process";
  /**
   * Called once the server was started, and before its first byte is read: what needs a permission has to be opened by
   * then. Left out: `dropPermissions`, so that afterwards this process can open, start and import nothing more.
   */
  readonly beforeFirstByte?: () => void;
}

/** What the server said, and the absolute path of its command. */
export interface AskedServer extends ServerSurvey {
  readonly command: string;
  readonly directory: string;
}

/**
 * Starts the server of `options.command` and surveys it. Its standard error goes to ours, masked.
 *
 * @throws {LilithError} `server_unusable`, and what starting a server throws.
 */
export async function askServer(options: AskOptions): Promise<AskedServer> {
  guardSelf();
  const { settings } = options;
  const directory = settings.directory ?? Deno.cwd();
  const [name, ...args] = options.command;
  const command = lookUpCommand(name, { path: Deno.env.get("PATH"), directory });
  const environment = serverEnvironment(givenEnvironment(Deno.env.toObject()), settings.passEnv);
  const containment = demandLevel(await probeContainment(options.containment), settings);
  const loop = new PollLoop(openDescriptors());
  const stderr = new StderrWriter();
  const server = spawnServer({
    command,
    args,
    environment,
    directory,
    limits: settings,
    containment,
    stopTimeoutMs: settings.stopTimeoutMs ?? stopQuicklyMs,
  });
  try {
    (options.beforeFirstByte ?? dropPermissions)();
    void passOnStderr(server.stderr, stderr, Date.now);
    const ends = { input: server.stdout, output: server.stdin.output };
    const channel = new DescriptorChannel(loop, ends, { dropFraming: true });
    server.stdin.onEnd(() => void channel.close(), () => channel.queuedBytes);
    const survey = await surveyServer(channel, {
      timeoutMs: surveyTimeoutMs,
      settleMs: surveySettleMs,
      ended: server.exited.then(({ description }) => description),
    });
    await server.stop();
    return { ...survey, command, directory };
  } catch (error) {
    server.killNow();
    await server.stop();
    throw error;
  } finally {
    await loop.stop().catch(() => {}); // what ended it was thrown
    await stderr.flush(stderrFlushMs);
  }
}

/** It was only asked, and has nothing to save. */
const stopQuicklyMs = 1000;

const stderrFlushMs = 200;
