/** What is done with policy files that have changed: put in force as a whole, or refused as a whole and told of. */

import { redactSentence } from "../audit/redact.ts";
import { dropEscapes, visibleText } from "../audit/terminal_text.ts";
import { formatPosition, LilithError } from "../errors.ts";
import type { CompiledPolicy } from "../policy/compiled.ts";
import type { LoadResult } from "../policy/document.ts";
import type { formatDiagnostic } from "../policy/document.ts";
import type { PolicyDocument, ServerSettings } from "../policy/rule.ts";
import type { PolicyEvent } from "../proxy/session.ts";
import type { FoundFile } from "./policy_watch.ts";
import { mergeServerSettings } from "./server_settings.ts";

export interface ReloadParts {
  /** As the user named them. */
  readonly files: readonly string[];
  /** The documents of the start, one for each file. */
  readonly documents: readonly PolicyDocument[];
  readonly decode: (bytes: Uint8Array, file: string) => LoadResult;
  readonly format: typeof formatDiagnostic;
  /** As at the start: the same working directory, our own files, the engine that was loaded then. Throws what is wrong. */
  readonly compile: (documents: readonly PolicyDocument[]) => CompiledPolicy;
  /** Records the event and puts the policy in force; false where it could not be recorded. */
  readonly putInForce: (policy: CompiledPolicy, event: PolicyEvent) => boolean;
  /** Records the event; false where that could not be done. */
  readonly note: (event: PolicyEvent) => boolean;
  /** Lines for people. */
  readonly say: (level: "info" | "warning", text: string) => void;
  /** A finding with the line that it speaks of; several lines. */
  readonly show: (finding: string) => void;
}

/** Errors of one file that are shown with their lines; `policy check` shows all. A tool could change the file all the time. */
const shownErrorsMax = 5;

type Judgement =
  | {
    readonly kind: "ok";
    readonly documents: readonly PolicyDocument[];
    readonly policy: CompiledPolicy;
    readonly settings: ServerSettings;
  }
  | { readonly kind: "refused"; readonly why: string };

export class PolicyReloader {
  readonly #parts: ReloadParts;
  readonly #startSettings: ServerSettings;
  #documents: readonly PolicyDocument[];

  constructor(parts: ReloadParts) {
    this.#parts = parts;
    this.#documents = parts.documents;
    this.#startSettings = mergeServerSettings(parts.documents.map(({ server }) => server));
  }

  /** Gives false where it is to be tried again: nothing happens unrecorded. */
  judge(found: readonly FoundFile[]): boolean {
    const { putInForce, note, say } = this.#parts;
    const policies = this.#parts.files.map((file, i) => {
      const { [i]: content } = found;
      const before = this.#documents[i].sha256;
      return { file, before, ...(content.kind === "bytes" ? { found: content.sha256 } : {}) };
    });
    if (policies.every(({ before, found }) => before === found)) {
      const detail = "the policy files are again what is in force";
      if (!note({ name: "policy_restored", detail, policies })) return this.#unrecorded();
      say("info", "The policy files are again what is in force");
      return true;
    }
    const judgement = this.#load(found);
    if (judgement.kind === "refused") {
      if (!note({ name: "policy_kept", detail: judgement.why, policies })) return this.#unrecorded();
      say("warning", `The policy in force stays in force. ${judgement.why}`);
      return true;
    }
    const { documents, policy, settings } = judgement;
    const atNextStart = this.#changedSettings(documents, settings);
    const changed = policies.filter(({ before, found }) => before !== found).map(({ file }) => file);
    const detail = `${changed.join(", ")}: in force from here on`;
    const event: PolicyEvent = {
      name: "policy_changed",
      detail,
      policies,
      ...(atNextStart.length === 0 ? {} : { atNextStart }),
    };
    if (!putInForce(policy, event)) return this.#unrecorded();
    this.#documents = documents;
    say("info", `The policy has changed: ${changed.join(", ")} is in force from here on`);
    if (atNextStart.length > 0) {
      say(
        "warning",
        `A running server keeps ${atNextStart.join(", ")}: what the policy says now holds from ` +
          "its next start on",
      );
    }
    return true;
  }

  #unrecorded(): false {
    this.#parts.say(
      "warning",
      "The policy files have changed, and that could not be recorded: what was in force stays",
    );
    return false;
  }

  #load(found: readonly FoundFile[]): Judgement {
    try {
      const documents: PolicyDocument[] = [];
      const refusals: string[] = [];
      found.forEach((content, i) => {
        const document = this.#decode(content, this.#parts.files[i]);
        if (typeof document === "string") refusals.push(document);
        else documents.push(document);
      });
      if (refusals.length > 0) return { kind: "refused", why: refusals.join("; ") };
      const settings = mergeServerSettings(documents.map(({ server }) => server));
      return { kind: "ok", documents, settings, policy: this.#parts.compile(documents) };
    } catch (error) {
      if (!(error instanceof LilithError)) {
        // A mistake of ours must not end the session of a policy that works.
        return { kind: "refused", why: `internal error: ${error instanceof Error ? error.message : error}` };
      }
      return { kind: "refused", why: sentenceOf(error) };
    }
  }

  /** The document, or why there is none. */
  #decode(content: FoundFile, file: string): PolicyDocument | string {
    if (content.kind === "unreadable") return `Cannot read policy "${file}": ${content.why}`;
    const { decode, format, show, say } = this.#parts;
    const text = new TextDecoder("utf-8", { ignoreBOM: true }).decode(content.bytes);
    const loaded = decode(content.bytes, file);
    for (const warning of loaded.warnings.slice(0, shownErrorsMax)) show(visibleLines(format(warning, text)));
    if (loaded.kind === "ok") {
      if (loaded.document.mode === "observe") {
        say("warning", `Policy "${file}" blocks nothing (mode: observe)`);
      }
      return loaded.document;
    }
    const { errors } = loaded;
    for (const error of errors.slice(0, shownErrorsMax)) show(visibleLines(format(error, text)));
    const more = errors.length === 1
      ? ""
      : ` (and ${errors.length - 1} more: lilith-zero policy check ${file})`;
    return `${sentenceOf(errors[0])}${more}`;
  }

  #changedSettings(documents: readonly PolicyDocument[], settings: ServerSettings): readonly string[] {
    const started = this.#startSettings;
    const changed = [...new Set([...Object.keys(started), ...Object.keys(settings)])]
      .filter((key) => !isSame(started[key as keyof ServerSettings], settings[key as keyof ServerSettings]))
      .map((key) => settingNames[key as keyof ServerSettings]);
    const [before, now] = [this.#parts.documents, documents].map(smallestMessage);
    return before === now ? changed : [...changed, "max_message"];
  }
}

/** As they stand in a policy. */
const settingNames: Readonly<Record<keyof ServerSettings, string>> = {
  memoryBytesMax: "server.memory",
  processesMax: "server.processes",
  openFilesMax: "server.open_files",
  fileBytesMax: "server.file_size",
  cpuSecondsMax: "server.cpu_time",
  stopTimeoutMs: "server.stop_timeout",
  passEnv: "server.pass_env",
  directory: "server.directory",
  containment: "server.containment",
};

function isSame(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

function smallestMessage(documents: readonly PolicyDocument[]): number {
  return Math.min(...documents.map(({ messageBytesMax }) => messageBytesMax ?? Infinity));
}

function sentenceOf(error: LilithError): string {
  return error.at === undefined ? error.message : `${formatPosition(error.at)}: ${error.message}`;
}

/** The file may hold anything by now, and what is quoted of it goes to a terminal. */
function visibleLines(finding: string): string {
  return finding.split("\n").map((line) => visibleText(redactSentence(dropEscapes(line)))).join("\n");
}
