/**
 * One record → one line of the audit log: JSON, masked, chained to the line before it.
 *
 * Every line is `{"v":1,"session":…,"seq":…,"time":…,"kind":…,` what the kind says `,"prev":"…","hash":"…"}` and a line
 * feed. `hash` is the SHA-256 of everything in the line before `,"hash"`, so that a change shows in the line itself;
 * `prev` is the hash of the line before it in the same session, so that a line that is gone shows too. The first
 * line's `prev` is the log's anchor: what stood last in the file when the session began.
 */

import { recordArgumentsBytesMax } from "../limits.ts";
import type { Observation } from "../policy/decision.ts";
import type { Facts, Resolution, SharedState, SurfaceFact } from "../policy/facts.ts";
import type { Use } from "../policy/quota.ts";
import type { Taint } from "../policy/taint.ts";
import { sealedLine } from "./log_line.ts";
import { MaskTally } from "./mask_tally.ts";
import { RecordText } from "./record_text.ts";
import type {
  ConsentRecord,
  DecisionRecord,
  EndRecord,
  EventRecord,
  Note,
  OutcomeRecord,
  PolicyChangeRecord,
  RecordBody,
  RecordedConsent,
  RefusedRecord,
  StartRecord,
} from "./record_body.ts";

export type * from "./record_body.ts";

/** Where a session's chain of records stands. */
export interface Chain {
  readonly session: string;
  /** Number of the next record. */
  readonly sequence: number;
  /** Hash of the last record, or the anchor: 64 lower-case hex digits. */
  readonly previous: string;
}

/** The anchor of a log in which nothing stands yet. */
export const emptyAnchor = "0".repeat(64);

/** Version of the format, the `v` of every line. */
export const recordVersion = 1;

/**
 * The chain of a new session.
 *
 * `session`: its name, at most 64 letters, digits, `-` and `_`; `anchor`: from `Sink.anchor`. Throws where one of them
 * is anything else: that would be an error of ours.
 */
export function startChain(session: string, anchor: string): Chain {
  if (!/^[A-Za-z0-9_-]{1,64}$/.test(session)) {
    throw new Error(`not a name for a session: ${JSON.stringify(session)}`);
  }
  if (!/^[0-9a-f]{64}$/.test(anchor)) throw new Error(`not an anchor: ${JSON.stringify(anchor)}`);
  return { session, sequence: 0, previous: anchor };
}

/**
 * The line for `body`, line feed included, and the chain with that line in it. If the line cannot be written, go on
 * from the chain that was given: what is not in the file must not be in the chain.
 *
 * `timeMs`: since 1970-01-01, UTC.
 *
 * ```ts
 * import { appendRecord, emptyAnchor, startChain } from "./record.ts";
 *
 * const body = { kind: "event", name: "stopping", detail: "SIGTERM" } as const;
 * const { line, chain } = appendRecord(startChain("example", emptyAnchor), body, 0);
 * console.assert(new TextDecoder().decode(line).startsWith('{"v":1,"session":"example","seq":0,'));
 * console.assert(chain.sequence === 1);
 * ```
 */
export function appendRecord(
  chain: Chain,
  body: RecordBody,
  timeMs: number,
): { readonly line: Uint8Array; readonly chain: Chain } {
  const tally = new MaskTally();
  const content = startOfLine(chain.session) + chain.sequence + ',"time":"' + formatTime(timeMs) +
    writeBody(body, new RecordText(tally)) + writeMasked(tally) + ',"prev":"' + chain.previous + '"';
  const { line, sum } = sealedLine(content);
  return { line, chain: { session: chain.session, sequence: chain.sequence + 1, previous: sum } };
}

// What follows is remembered because many lines have it in common; it depends on nothing but its arguments.

let lastSession = "";
let lastStart = "";

function startOfLine(session: string): string {
  if (session !== lastSession) {
    lastStart = `{"v":${recordVersion},"session":"${session}","seq":`;
    lastSession = session;
  }
  return lastStart;
}

let lastTimeMs = NaN;
let lastTimeText = "";
let lastSecond = NaN;
let lastSecondText = "";

/** ISO 8601 with milliseconds, UTC. */
function formatTime(timeMs: number): string {
  if (timeMs === lastTimeMs) return lastTimeText;
  const second = Math.floor(timeMs / 1000);
  if (second !== lastSecond) {
    lastSecondText = new Date(second * 1000).toISOString().slice(0, -4); // without "000Z"
    lastSecond = second;
  }
  lastTimeMs = timeMs;
  lastTimeText = `${lastSecondText}${String(Math.floor(timeMs) - second * 1000).padStart(3, "0")}Z`;
  return lastTimeText;
}

function writeMasked(tally: MaskTally): string {
  return tally.count === 0 ? "" : ',"masked":' + JSON.stringify(tally.list());
}

// Each function below writes the members of one kind, beginning behind the time. Words from our own closed sets stand as
// they are; whatever came from outside goes through `text`.

function writeBody(body: RecordBody, text: RecordText): string {
  switch (body.kind) {
    case "start":
      return writeStart(body, text);
    case "decision":
      return writeDecision(body, text);
    case "outcome":
      return writeOutcome(body, text);
    case "consent":
      return writeConsent(body);
    case "refused":
      return writeRefused(body, text);
    case "event":
      return writeEvent(body, text);
    case "end":
      return writeEnd(body, text);
  }
}

/** As on a command line, so that the value of a `token` is masked for its name. */
export function writeAssignment({ name, value }: { readonly name: string; readonly value: string }): string {
  return `${name}=${value}`;
}

function writeStart(body: StartRecord, text: RecordText): string {
  const policies = body.policies.map((policy, i) =>
    '{"name":' + text.quote(policy.name, `/policies/${i}/name`) +
    ',"file":' + text.quote(policy.file, `/policies/${i}/file`) +
    ',"sha256":"' + policy.sha256 + '","mode":"' + policy.mode + '"' +
    (policy.vars === undefined
      ? ""
      : ',"vars":' + text.quoteList(policy.vars.map(writeAssignment), `/policies/${i}/vars`)) +
    "}"
  );
  const { server, lock, containment, torn } = body;
  return '","kind":"start","lilith":' + text.quote(body.lilith, "/lilith") +
    ',"platform":' + text.quote(body.platform, "/platform") +
    ',"policies":[' + policies.join(",") + "]" +
    ',"server":{"command":' + text.quote(server.command, "/server/command") +
    ',"args":' + text.quoteCommandLine(server.args, "/server/args") +
    ',"directory":' + text.quote(server.directory, "/server/directory") +
    (server.namedDirectories === undefined
      ? ""
      : ',"namedDirectories":' + text.quoteList(server.namedDirectories, "/server/namedDirectories")) +
    "}" +
    (lock === undefined
      ? ""
      : ',"lock":{"file":' + text.quote(lock.file, "/lock/file") + ',"sha256":"' + lock.sha256 + '"}') +
    ',"containment":{"level":' + text.quote(containment.level, "/containment/level") +
    ',"mechanism":' + text.quote(containment.mechanism, "/containment/mechanism") + "}" +
    ',"writableByServer":' + text.quoteList(body.writableByServer, "/writableByServer") +
    ',"masks":' + JSON.stringify(body.masks) +
    (body.watch === true ? ',"watch":true' : "") +
    (torn === undefined ? "" : ',"torn":{"bytes":' + torn.bytes + ',"sha256":"' + torn.sha256 + '"}');
}

function writeDecision(body: DecisionRecord, text: RecordText): string {
  // First, though they stand last: what is masked in them for its name must not be seen in the reason or the facts.
  const itsArguments = writeArguments(body, text);
  return '","kind":"decision"' + (body.call === undefined ? "" : ',"call":' + body.call) +
    (body.within === undefined ? "" : ',"within":' + body.within) +
    ',"from":"' + body.from + '","type":"' + body.type + '"' +
    (body.id === undefined ? "" : ',"id":' + text.embedId(body.id)) +
    writeJudgement(body, text) +
    (body.also === undefined || body.also.length === 0 ? "" : ',"also":' + writeAlso(body.also, text)) +
    (body.facts.size === 0 ? "" : ',"facts":' + writeFacts(body.facts, text)) +
    (body.shared === undefined ? "" : ',"shared":' + writeShared(body.shared, text)) +
    writeChanges(body.decision, text) +
    (body.surface === undefined ? "" : ',"surface":' + writeSurface(body.surface, text)) +
    itsArguments +
    (body.consent === undefined ? "" : ',"consent":' + writeRecordedConsent(body.consent, text)) +
    ',"bytes":' + body.bytes + writeBatch(body.batch) + writeNotes(body.notes) +
    writeInvisible(body.invisible);
}

function writeRecordedConsent({ by, rules, heldAs }: RecordedConsent, text: RecordText): string {
  return '{"by":"' + by + '","rules":' + text.quoteList(rules, "/consent/rules") +
    (heldAs === undefined ? "}" : ',"heldAs":' + heldAs + "}");
}

function writeBatch(batch: number | undefined): string {
  return batch === undefined ? "" : ',"batch":' + batch;
}

function writeNotes(notes: readonly Note[] | undefined): string {
  return notes === undefined || notes.length === 0 ? "" : ',"notes":' + JSON.stringify(notes);
}

function writeInvisible(counts: DecisionRecord["invisible"]): string {
  return counts === undefined ? "" : ',"invisible":' + JSON.stringify(counts);
}

type KnownJudgement = Pick<DecisionRecord, "method" | "target" | "name" | "decision"> & {
  readonly written: string;
};

/** Judgements in which nothing was masked, by the name of what was judged: an agent calls the same few tools again and again. */
const knownJudgements = new Map<string, KnownJudgement>();
const knownJudgementsMax = 256;
const knownCharactersMax = 1024;

/** What was asked for, and what the policy said. */
function writeJudgement(body: DecisionRecord, text: RecordText): string {
  const known = knownJudgements.get(body.name);
  if (known !== undefined && text.isUntouched && isSameJudgement(known, body)) return known.written;
  const written = ',"method":' + text.quote(body.method, "/method") +
    ',"target":"' + body.target + '"' +
    ',"name":' + text.quote(body.name, "/name") +
    writeVerdict(body.decision, text);
  if (text.isUntouched && body.decision.observed.length === 0 && written.length <= knownCharactersMax) {
    if (knownJudgements.size >= knownJudgementsMax) knownJudgements.clear();
    const { method, target, name, decision } = body;
    knownJudgements.set(name, { method, target, name, decision, written });
  }
  return written;
}

function isSameJudgement(
  known: Pick<DecisionRecord, "method" | "target" | "decision">,
  { method, target, decision }: DecisionRecord,
): boolean {
  const other = known.decision;
  return known.method === method && known.target === target &&
    other.verdict === decision.verdict && other.action === decision.action && other.code === decision.code &&
    other.policy === decision.policy && other.rule === decision.rule && other.reason === decision.reason &&
    other.retryAfterMs === decision.retryAfterMs && decision.observed.length === 0;
}

function writeAlso(also: NonNullable<DecisionRecord["also"]>, text: RecordText): string {
  return text.list(
    also,
    "/also",
    ({ target, name }, path) =>
      '{"target":"' + target + '","name":' + text.quoteAgain(name, path + "/name") + "}",
  );
}

function writeVerdict(decision: DecisionRecord["decision"], text: RecordText): string {
  const { verdict, action, code, policy, rule, reason, retryAfterMs, observed } = decision;
  return ',"verdict":"' + verdict + '","action":"' + action + '"' +
    (code === undefined ? "" : ',"code":"' + code + '"') +
    ',"policy":' + text.quote(policy, "/policy") +
    ',"rule":' + text.quote(rule, "/rule") +
    ',"reason":' + text.quoteSentence(reason, "/reason") +
    (retryAfterMs === undefined ? "" : ',"retryAfterMs":' + retryAfterMs) +
    (observed.length === 0 ? "" : ',"observed":' + writeObserved(observed, text));
}

function writeObserved(observed: readonly Observation[], text: RecordText): string {
  return text.list(
    observed,
    "/observed",
    ({ policy, rule, verdict, reason }, path) =>
      '{"policy":' + text.quote(policy, path + "/policy") +
      ',"rule":' + text.quote(rule, path + "/rule") +
      ',"verdict":"' + verdict + '"' +
      ',"reason":' + text.quoteSentence(reason, path + "/reason") + "}",
  );
}

/** What the decision takes from quotas, and the labels that it brings in. */
function writeChanges({ uses, taints }: DecisionRecord["decision"], text: RecordText): string {
  return (uses === undefined ? "" : ',"uses":' + text.list(
    uses,
    "/uses",
    (use, path) =>
      "{" + writeUse(use, path, text) + ',"amount":' + text.quote(use.amount, path + "/amount") + "}",
  )) + (taints === undefined ? "" : ',"taints":' + writeTaints(taints, "/taints", text));
}

function writeUse(
  { policy, rule, window }: Pick<Use, "policy" | "rule" | "window">,
  path: string,
  text: RecordText,
): string {
  return '"policy":' + text.quote(policy, path + "/policy") +
    ',"rule":' + text.quote(rule, path + "/rule") + ',"window":"' + window + '"';
}

function writeTaints(taints: readonly Taint[], at: string, text: RecordText): string {
  return text.list(
    taints,
    at,
    ({ label, by }, path) =>
      '{"label":' + text.quote(label, path + "/label") + ',"by":' + text.quoteSentence(by, path + "/by") +
      "}",
  );
}

function writeShared(shared: SharedState, text: RecordText): string {
  if (shared.kind === "unknown") {
    return '{"unknown":' + text.quoteSentence(shared.why, "/shared/unknown") + "}";
  }
  const used = text.list(
    shared.used,
    "/shared/used",
    (use, path) => "{" + writeUse(use, path, text) + ',"used":' + text.quote(use.used, path + "/used") + "}",
  );
  return '{"taints":' + writeTaints(shared.taints, "/shared/taints", text) + ',"used":' + used + "}";
}

function writeFacts(facts: Facts, text: RecordText): string {
  return text.list(
    [...facts],
    "/facts",
    ([asked, resolution], path) =>
      '{"path":' + text.quoteAgain(asked, path + "/path") +
      ',"resolution":' + writeResolution(resolution, path + "/resolution", text) + "}",
  );
}

function writeSurface({ standing, invisible, schema }: SurfaceFact, text: RecordText): string {
  return '{"standing":"' + standing + '"' + (invisible === true ? ',"invisible":true' : "") +
    (schema === undefined ? "" : ',"schema":{"answer":"' + schema.answer + '","why":' +
      text.quoteSentence(schema.why, "/surface/schema/why") + "}") +
    "}";
}

function writeResolution(resolution: Resolution, path: string, text: RecordText): string {
  switch (resolution.kind) {
    case "real":
    case "missing":
      return '{"kind":"' + resolution.kind + '","path":' + text.quoteAgain(resolution.path, path + "/path") +
        "}";
    case "unknown":
      return '{"kind":"unknown","why":' + text.quoteAgain(resolution.why, path + "/why") + "}";
  }
}

/** Whether the rest of the record may hold texts from the arguments: in the facts, or in a sentence that says why. */
function mayQuoteArguments({ facts, surface, decision, also }: DecisionRecord): boolean {
  return facts.size > 0 || surface?.schema !== undefined || also !== undefined ||
    decision.verdict !== "allow" || decision.observed.length > 0;
}

function writeArguments(body: DecisionRecord, text: RecordText): string {
  const { arguments: span, argumentsDigest } = body;
  const digest = argumentsDigest === undefined ? "" : ',"argumentsDigest":"' + argumentsDigest + '"';
  if (span === undefined) return digest;
  const length = span.end - span.start;
  if (length > recordArgumentsBytesMax) {
    if (mayQuoteArguments(body)) text.hideSpan(span);
    return ',"argumentsOmitted":{"bytes":' + length + "}" + digest;
  }
  return ',"arguments":' + text.embedSpan(span, "/arguments") + digest;
}

function writeOutcome(body: OutcomeRecord, text: RecordText): string {
  const { code, filtered, notes, invisible, withheld } = body;
  return '","kind":"outcome","call":' + body.call + ',"from":"' + body.from + '","type":"' + body.type +
    '","action":"' +
    body.action + '"' +
    (code === undefined ? "" : ',"code":"' + code + '"') +
    (withheld === undefined ? "" : ',"policy":' + text.quote(withheld.policy, "/policy") + ',"rule":' +
      text.quote(withheld.rule, "/rule") +
      ',"reason":' + text.quoteSentence(withheld.reason, "/reason")) +
    ',"durationMs":' + body.durationMs + ',"bytes":' + body.bytes +
    (filtered === undefined
      ? ""
      : ',"filtered":{"removed":' + text.quoteList(filtered.removed, "/filtered/removed") +
        ',"before":"' + filtered.before + '","after":"' + filtered.after + '"' +
        (filtered.madePrivate === true ? ',"madePrivate":true}' : "}")) +
    writeNotes(notes) + writeInvisible(invisible);
}

function writeRefused(body: RefusedRecord, text: RecordText): string {
  return '","kind":"refused","from":"' + body.from + '","code":"' + body.code + '"' +
    ',"reason":' + text.quoteSentence(body.reason, "/reason") +
    (body.id === undefined ? "" : ',"id":' + text.embedId(body.id)) +
    (body.method === undefined ? "" : ',"method":' + text.quote(body.method, "/method")) +
    ',"bytes":' + body.bytes + writeBatch(body.batch);
}

function writeEvent(body: EventRecord, text: RecordText): string {
  return '","kind":"event","name":"' + body.name + '","detail":' +
    text.quoteSentence(body.detail, "/detail") +
    ("policies" in body ? writePolicyChange(body, text) : "");
}

function writePolicyChange(
  { policies, atNextStart, announced }: PolicyChangeRecord,
  text: RecordText,
): string {
  const files = policies.map(({ file, before, found }, i) =>
    '{"file":' + text.quote(file, `/policies/${i}/file`) + ',"before":"' + before + '"' +
    (found === undefined ? "}" : ',"found":"' + found + '"}')
  );
  return ',"policies":[' + files.join(",") + "]" +
    (atNextStart === undefined ? "" : ',"atNextStart":' + text.quoteList(atNextStart, "/atNextStart")) +
    (announced === undefined ? "" : ',"announced":' + JSON.stringify(announced));
}

function writeConsent({ call, answer, durationMs, cut }: ConsentRecord): string {
  return '","kind":"consent","call":' + call + ',"answer":"' + answer + '","durationMs":' + durationMs +
    (cut === undefined ? "" : ',"cut":{"before":"' + cut.before + '","after":"' + cut.after + '"}');
}

function writeEnd({ reason, status, counts }: EndRecord, text: RecordText): string {
  return '","kind":"end","reason":' + text.quote(reason, "/reason") + ',"status":' + status +
    ',"counts":{"forwarded":' + counts.forwarded + ',"denied":' + counts.denied + ',"refused":' +
    counts.refused + "}";
}
