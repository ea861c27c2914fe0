/** `run --watch`: policy files that may change while the session runs. Everything is opened and loaded before the drop. */

import { statSync } from "node:fs";
import { resolve } from "node:path";
import { LilithError } from "../errors.ts";
import { policyBytesMax } from "../limits.ts";
import type { Resolution } from "../policy/facts.ts";
import type { PolicyDocument } from "../policy/rule.ts";
import type { Relay } from "../proxy/relay.ts";
import { ownFilesWritableByServer } from "../supervisor/resolve.ts";
import { openWatchedFiles } from "../supervisor/watched_files.ts";
import { pollEvent } from "../transport/descriptors.ts";
import type { PollLoop } from "../transport/poll_loop.ts";
import { type CompileSettings, openCompiler } from "./load_policies.ts";
import { PolicyWatch } from "./policy_watch.ts";
import { PolicyReloader } from "./reload_policies.ts";
import { demandDeclared, type GivenVariables } from "./variables.ts";

export interface WatchSettings {
  /** As the user named them. */
  readonly files: readonly string[];
  /** One for each file. */
  readonly documents: readonly PolicyDocument[];
  readonly vars: GivenVariables;
  readonly compile: CompileSettings;
  /** All files of ours, as the start knows them. */
  readonly ownFiles: readonly string[];
  readonly resolvePath: (path: string) => Resolution;
  readonly say: (level: "info" | "warning", text: string) => void;
}

export interface PolicyWatching {
  /** `show` gets findings of several lines, for standard error. */
  begin(relay: Relay, loop: PollLoop, show: (finding: string) => void): void;
  end(): void;
}

/**
 * Opens the watch, and loads all that a later change needs. Says where the server could write its own policy.
 *
 * @throws {LilithError} `usage` without a policy; `policy_unreadable` for what is no plain file, such as a pipe.
 */
export async function openWatch(settings: WatchSettings): Promise<PolicyWatching> {
  const { files, documents, say } = settings;
  if (files.length === 0) {
    throw new LilithError("usage", {
      message: "Cannot watch: --watch was given, and no --policy",
      hint: "Name the files to be watched: --watch --policy FILE",
    });
  }
  const paths = files.map((file) => resolve(file));
  paths.forEach((path, i) => demandPlainFile(path, files[i]));
  warnOfWritable(files, say);
  const { decodeDocument, formatDiagnostic } = await import("../policy/document.ts");
  const compile = await openCompiler(settings.compile);
  const watched = openWatchedFiles(paths, policyBytesMax);
  if (watched.descriptor < 0) {
    say(
      "warning",
      "The system tells of no changed files here (inotify): the policies are looked at now and then",
    );
  }
  let end = () => {};
  return {
    begin(relay, loop, show) {
      const reloader = new PolicyReloader({
        files,
        documents,
        decode: (bytes, file) => decodeDocument(bytes, file, { nowMs: Date.now(), vars: settings.vars }),
        format: formatDiagnostic,
        compile(changed) {
          demandDeclared(settings.vars, namesOf(changed));
          return compile(changed, [...settings.ownFiles, ...placesOf(paths, settings)]);
        },
        putInForce: (policy, event) => relay.reload(policy, event),
        note: (event) => relay.note(event),
        say,
        show,
      });
      // After a word of a change nothing is listened to until it was looked at: a busy directory wakes us no oftener.
      let isListening = true;
      const watch = new PolicyWatch({
        files: {
          rearm() {
            watched.rearm();
            isListening = true;
            loop.changed();
          },
          read: watched.read,
        },
        inForce: documents.map(({ sha256 }) => sha256),
        judge: (found) => reloader.judge(found),
        later(ms, act) {
          const timer = setTimeout(act, ms);
          return () => clearTimeout(timer);
        },
      });
      loop.add({
        get descriptor() {
          return isListening ? watched.descriptor : -1;
        },
        wish: pollEvent.in,
        ready() {
          isListening = false;
          watch.poke();
        },
      });
      watch.begin();
      end = () => watch.end();
    },
    end: () => end(),
  };
}

function namesOf(documents: readonly PolicyDocument[]): readonly string[] {
  return documents.flatMap(({ vars = [] }) => vars.map(({ name }) => name));
}

/** Where the files are now. */
function placesOf(paths: readonly string[], { resolvePath }: WatchSettings): readonly string[] {
  return paths.flatMap((path) => {
    const resolution = resolvePath(path);
    return resolution.kind === "real" ? [resolution.path] : [];
  });
}

function demandPlainFile(path: string, file: string): void {
  if (statSync(path).isFile()) return;
  throw new LilithError("policy_unreadable", {
    message: `Cannot watch policy "${file}": it is no plain file`,
    hint: "Leave --watch out, or put the policy into a file",
  });
}

/** Without --watch a server that writes our policy changes nothing before the next start; with it, everything at once. */
function warnOfWritable(files: readonly string[], say: WatchSettings["say"]): void {
  const writable = ownFilesWritableByServer(files);
  if (writable.length === 0) return;
  say(
    "warning",
    `With --watch the server can change its own policy while it runs: its user may write ${
      writable.join(", ")
    }. ` +
      "Give the file, and the directories above it, to another user",
  );
}
