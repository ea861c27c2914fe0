/**
 * The policy language read straight from its description, one sentence at a time: no index, no memory, no shortcuts, and
 * nothing of the engine. Slow and plain on purpose. Patterns go to the platform's own engine, so only harmless ones may
 * be given to it; texts with lone surrogates and texts over the bounds are outside of what it knows.
 */

import type { Operation } from "../../../src/mcp/operation.ts";
import type { Facts } from "../../../src/policy/facts.ts";
import type { Check, Literal, PolicyDocument, Quota, Rule } from "../../../src/policy/rule.ts";
import type { JsonValue } from "../../../src/wire/json_value.ts";
import { naiveArgvAnswer } from "./naive_argv.ts";
import { naiveUrlAnswer } from "./naive_url.ts";

/** −1 no, 0 unknown, 1 yes: "both" is the minimum, "either" the maximum. */
type Tri = -1 | 0 | 1;
const no = -1;
const unknown = 0;
const yes = 1;
const least = (all: readonly Tri[]): Tri => Math.min(yes, ...all) as Tri;
const most = (all: readonly Tri[]): Tri => Math.max(no, ...all) as Tri;
const tri = (holds: boolean): Tri => holds ? yes : no;

/** What is in each bucket, in whole parts: a token is `perMs` of them. */
export type NaiveBuckets = Map<string, { parts: bigint; atMs: bigint }>;

/** So much of a limit was used up, in a window. */
export interface NaiveReceipt {
  readonly id: string;
  readonly window: string;
  readonly amount: string;
}

export interface NaiveSession {
  readonly documents: readonly PolicyDocument[];
  readonly workingDirectory: string;
  readonly fold: boolean;
  readonly ownFiles: readonly string[];
  readonly buckets: NaiveBuckets;
  /** Everything that was taken from quotas. */
  readonly receipts: NaiveReceipt[];
  /** All labels that the session has. */
  readonly taints: Set<string>;
  /** Asking rules (`1/id`: of the first document) to which a person said yes for the call that is judged. */
  readonly consents?: ReadonlySet<string>;
  /** What the tool's own schema says of the arguments; absent: nobody knows. */
  readonly declared?: "yes" | "no" | "unknown";
}

export interface NaiveDecision {
  readonly verdict: "allow" | "ask" | "limit" | "deny";
  readonly action: "forward" | "deny";
  readonly code: string | undefined;
  readonly policy: string;
  readonly rule: string;
  readonly retryAfterMs: number | undefined;
  /** The asking rules that want a person's yes and have none. */
  readonly asks: readonly string[];
  /** `policy/rule/verdict`. */
  readonly observed: readonly string[];
  readonly charged: readonly string[];
  readonly used: readonly NaiveReceipt[];
  /** Labels that are new with this call. */
  readonly taints: readonly string[];
}

/** Decides, and charges the buckets of the session where the call is let through. */
export function decideNaively(
  session: NaiveSession,
  operation: Operation,
  facts: Facts,
  nowMs: number,
): NaiveDecision {
  if (namesOwnFile(session, operation, facts)) {
    return {
      verdict: "deny",
      action: "deny",
      code: "own_file",
      policy: "built-in",
      rule: "own-files",
      retryAfterMs: undefined,
      asks: [],
      observed: [],
      charged: [],
      used: [],
      taints: [],
    };
  }
  const said = session.documents.map((written, index) => {
    const document = {
      ...written,
      rules: written.rules.filter(({ untilMs }) => untilMs === undefined || nowMs < untilMs)
        .filter(({ ifTainted }) => (ifTainted ?? []).every((label) => session.taints.has(label))),
    };
    const holds = (rule: Rule, mode: "allow" | "deny") =>
      covers(rule, operation, mode) ? ruleAnswer(session, rule, operation, facts, mode) : no;
    const denies = document.rules.filter((rule) => rule.effect === "deny" && holds(rule, "deny") !== no);
    const limits = document.rules
      .filter((rule) => rule.effect === "limit" && holds(rule, "deny") !== no)
      .map((rule) => ({ rule, id: `${index + 1}/${rule.id}` }))
      .map((limit) => {
        if (limit.rule.quota === undefined) {
          const waitMs = Number(waitFor(session.buckets, limit.id, limit.rule, nowMs));
          return { ...limit, waitMs, receipt: undefined };
        }
        return { ...limit, ...claimNaively(session.receipts, limit.id, limit.rule.quota, operation, nowMs) };
      });
    const allows = document.rules.filter((rule) => rule.effect === "allow" && holds(rule, "allow") === yes);
    const enforced = (rule: Rule) => rule.mode === "enforce";
    const full = limits.filter((limit) => limit.waitMs === 0);
    const empty = limits.filter((limit) => limit.waitMs > 0);
    const emptyEnforced = empty.filter((limit) => enforced(limit.rule));

    // Asking: surely where all is certain; and where it is not, only about what would pass anyway.
    const passesAnyway = document.default === "allow" || allows.some(enforced);
    const asks = operation.housekeeping || operation.accompanies
      ? []
      : document.rules.filter((rule) => rule.effect === "ask").filter((rule) => {
        const surely = holds(rule, "allow");
        const inDoubt = surely === unknown || holds(rule, "deny") !== no;
        return surely === yes || (inDoubt && passesAnyway);
      }).map((rule) => ({ rule, id: `${index + 1}/${rule.id}` }));
    const open = asks.filter(({ rule, id }) => enforced(rule) && !session.consents?.has(id));
    const approved = asks.filter(({ rule, id }) => enforced(rule) && session.consents?.has(id));

    let verdict: "allow" | "ask" | "limit" | "deny" = document.default;
    let by = "default";
    if (operation.housekeeping) [verdict, by] = ["allow", "protocol"];
    if (allows.some(enforced)) [verdict, by] = ["allow", allows.find(enforced)!.id];
    if (approved.length > 0) [verdict, by] = ["allow", approved[0].rule.id];
    if (open.length > 0) [verdict, by] = ["ask", open[0].rule.id];
    if (emptyEnforced.length > 0) [verdict, by] = ["limit", emptyEnforced[0].rule.id];
    if (denies.some(enforced)) [verdict, by] = ["deny", denies.find(enforced)!.id];

    const observed = [
      ...(document.mode === "observe" && verdict !== "allow" ? [{ rule: by, verdict }] : []),
      ...denies.filter((rule) => !enforced(rule)).map((rule) => ({
        rule: rule.id,
        verdict: "deny" as const,
      })),
      ...empty.filter((limit) => !enforced(limit.rule))
        .map((limit) => ({ rule: limit.rule.id, verdict: "limit" as const })),
      ...asks.filter(({ rule }) => !enforced(rule)).map(({ rule }) => ({
        rule: rule.id,
        verdict: "ask" as const,
      })),
    ].map((observation) => ({ ...observation, policy: document.name }));
    const enforcing = document.mode === "enforce";
    const brought = document.rules
      .filter((rule) => rule.taint !== undefined && enforced(rule) && holds(rule, "deny") !== no)
      .flatMap(({ taint }) => taint!);
    const wanted = verdict === "ask" ? open.map(({ id }) => id) : [];
    // Why nothing allows it: some rule could have, and had only the schema against it.
    const onlySchema = document.rules.some((rule) => {
      if (rule.schema === undefined || rule.ifTainted !== undefined || !enforced(rule)) return false;
      const { schema: _, ...bare } = rule;
      return holds(rule, "allow") !== yes && holds(bare, "allow") === yes;
    });
    return {
      document,
      verdict,
      by,
      full,
      emptyEnforced,
      observed,
      wanted,
      enforcing,
      brought,
      denies,
      onlySchema,
    };
  });

  const order = ["allow", "ask", "limit", "deny"];
  const worst = (some: typeof said) => {
    const rank = Math.max(...some.map(({ verdict }) => order.indexOf(verdict)));
    return some.find(({ verdict }) => order.indexOf(verdict) === rank);
  };
  const binding = worst(said.filter(({ enforcing }) => enforcing));
  const passes = binding === undefined || binding.verdict === "allow";
  const speaker = passes ? worst(said)! : binding;
  const waiting = said.filter(({ enforcing }) => passes || enforcing).flatMap(({ emptyEnforced }) =>
    emptyEnforced
  );
  const doneRank = passes ? 0 : order.indexOf(speaker.verdict);
  const charged = passes ? said.flatMap(({ full }) => full) : [];
  for (const { id, rule, receipt } of charged) {
    if (receipt === undefined) takeToken(session.buckets, id, rule, nowMs);
    else session.receipts.push(receipt);
  }
  const taints = new Set(passes ? said.flatMap(({ brought }) => brought) : []);
  for (const label of session.taints) taints.delete(label);
  for (const label of taints) session.taints.add(label);
  const waitMs = Math.max(...waiting.map(({ waitMs }) => waitMs));
  const decider = speaker.denies.find(({ id }) => id === speaker.by);
  return {
    verdict: speaker.verdict,
    action: passes ? "forward" : "deny",
    code: speaker.verdict === "allow"
      ? undefined
      : speaker.verdict === "limit" || speaker.verdict === "ask"
      ? speaker.verdict
      : speaker.by === "default"
      ? speaker.onlySchema ? "schema" : "default"
      : decider?.ifTainted !== undefined
      ? "taint"
      : "rule",
    policy: speaker.document.name,
    rule: speaker.by,
    retryAfterMs: speaker.verdict === "limit" && waitMs < Infinity ? waitMs : undefined,
    asks: !passes && speaker.verdict === "ask"
      ? said.filter(({ enforcing }) => enforcing).flatMap(({ wanted }) => wanted)
      : [],
    observed: said.flatMap(({ observed }) => observed)
      .filter(({ verdict }) => order.indexOf(verdict) > doneRank)
      .map(({ policy, rule, verdict }) => `${policy}/${rule}/${verdict}`),
    charged: charged.filter(({ receipt }) => receipt === undefined).map(({ id }) => id),
    used: charged.flatMap(({ receipt }) => receipt ?? []),
    taints: [...taints].sort(),
  };
}

// ——— limits ———

function partsNow(buckets: NaiveBuckets, id: string, { to }: Rule, nowMs: number): bigint {
  const { calls, perMs, burst } = to!;
  const full = BigInt(burst) * BigInt(perMs);
  const { parts, atMs } = buckets.get(id) ?? { parts: full, atMs: 0n };
  const passed = BigInt(nowMs) > atMs ? BigInt(nowMs) - atMs : 0n;
  const refilled = parts + passed * BigInt(calls);
  return refilled > full ? full : refilled;
}

function waitFor(buckets: NaiveBuckets, id: string, rule: Rule, nowMs: number): bigint {
  const missing = BigInt(rule.to!.perMs) - partsNow(buckets, id, rule, nowMs);
  if (missing <= 0n) return 0n;
  const atMs = buckets.get(id)?.atMs ?? 0n;
  const calls = BigInt(rule.to!.calls);
  const behind = atMs > BigInt(nowMs) ? atMs - BigInt(nowMs) : 0n;
  return behind + (missing + calls - 1n) / calls;
}

function takeToken(buckets: NaiveBuckets, id: string, rule: Rule, nowMs: number): void {
  const atMs = buckets.get(id)?.atMs ?? 0n;
  const parts = partsNow(buckets, id, rule, nowMs) - BigInt(rule.to!.perMs);
  buckets.set(id, { parts, atMs: atMs > BigInt(nowMs) ? atMs : BigInt(nowMs) });
}

/** Adds up every receipt of the window. How long to wait, and what it would take: Infinity where waiting does not help. */
function claimNaively(
  receipts: readonly NaiveReceipt[],
  id: string,
  { per, max, sum }: Quota,
  operation: Operation,
  nowMs: number,
): { readonly waitMs: number; readonly receipt: NaiveReceipt | undefined } {
  const length = { session: 0, hour: "yyyy-mm-ddThh".length, day: "yyyy-mm-dd".length }[per];
  const own = receipts.filter((receipt) => receipt.id === id);
  // A window that was counted in stays open while the clock is before it.
  const window = [new Date(nowMs).toISOString().slice(0, length), ...own.map(({ window }) => window)].sort()
    .at(-1)!;
  let amount = scaled("1");
  if (sum !== undefined) {
    amount = 0n;
    for (const place of operation.arguments === undefined ? [] : places(operation.arguments, stepsOf(sum))) {
      if (typeof place === "string" || !isNumber(place.value) || !/^[^-]|^-0$/.test(place.value.source)) {
        return { waitMs: Infinity, receipt: undefined };
      }
      const [size, tiny] = [scaled(place.value.source), 10n ** BigInt(scale - 30)];
      if (size >= scaled("1e30") || size % tiny !== 0n) return { waitMs: Infinity, receipt: undefined };
      amount += size;
    }
    if (operation.arguments === undefined) return { waitMs: Infinity, receipt: undefined };
  }
  let before = 0n;
  for (const receipt of own) if (receipt.window === window) before += scaled(receipt.amount);
  if (before + amount <= scaled(String(max))) {
    return { waitMs: 0, receipt: { id, window, amount: plainDecimal(amount) } };
  }
  if (amount > scaled(String(max)) || per === "session") return { waitMs: Infinity, receipt: undefined };
  const lengthMs = per === "hour" ? 3_600_000 : 86_400_000;
  const begin = new Date(per === "hour" ? `${window}:00Z` : window).getTime();
  return { waitMs: begin + lengthMs - nowMs, receipt: undefined };
}

function plainDecimal(amount: bigint): string {
  const whole = amount / 10n ** BigInt(scale);
  const fraction = String(amount % 10n ** BigInt(scale)).padStart(scale, "0").replace(/0+$/, "");
  return fraction === "" ? String(whole) : `${whole}.${fraction}`;
}

// ——— scopes ———

function covers(rule: Rule, operation: Operation, mode: "allow" | "deny"): boolean {
  const { tools, resources, prompts, methods } = rule.scope;
  if (methods.some((glob) => nameMatches(glob, operation.method, mode))) return true;
  if (operation.housekeeping && rule.effect === "limit") return false;
  switch (operation.target) {
    case "tool":
      return tools.some((glob) => nameMatches(glob, operation.name, mode));
    case "prompt":
      return prompts.some((glob) => nameMatches(glob, operation.name, mode));
    case "resource":
      return resources.some((glob) => uriMatches(glob, operation.name, mode));
    case "method":
      return false;
  }
}

function globAsPattern(glob: string): RegExp {
  const parts = [...glob].map((character) =>
    character === "*" ? "[^]*" : character === "?" ? "[^]" : character.replace(/[.+^${}()|[\]\\/-]/, "\\$&")
  );
  return new RegExp(`^${parts.join("")}$`, "u");
}

function nameMatches(glob: string, name: string, mode: "allow" | "deny"): boolean {
  if (mode === "allow") return globAsPattern(glob).test(name);
  return looseReadings(name).some((reading) => globAsPattern(caseless(glob)).test(caseless(reading)));
}

function uriMatches(glob: string, uri: string, mode: "allow" | "deny"): boolean {
  if (mode === "deny") {
    return nameMatches(glob, uri, mode) ||
      looseReadings(uri).some((reading) => globAsPattern(caseless(glob)).test(tidyUri(caseless(reading))));
  }
  const dotted = decodings(uri).some((text) =>
    text.split(/[/\\?#]/).some((part) => part === "." || part === "..")
  );
  return dotted ? glob === uri || glob === "*" : nameMatches(glob, uri, mode);
}

/** file: URIs only: the others in these tests have no dot segments. */
function tidyUri(uri: string): string {
  if (!uri.startsWith("file:")) return uri;
  const path = uri.slice("file:".length).replace(/^\/\/[^/]*/, "");
  return `file://${byName(path, "/")}`;
}

// ——— texts ———

function decodeOnce(text: string): { text: string; utf8: boolean } {
  const bytes: number[] = [];
  for (let index = 0; index < text.length;) {
    const hex = /^%[0-9a-f]{2}/i.exec(text.slice(index, index + 3));
    if (hex !== null) {
      bytes.push(parseInt(hex[0].slice(1), 16));
      index += 3;
    } else {
      const character = String.fromCodePoint(text.codePointAt(index)!);
      bytes.push(...new TextEncoder().encode(character));
      index += character.length;
    }
  }
  const raw = new Uint8Array(bytes);
  const decoded = new TextDecoder("utf-8", { ignoreBOM: true }).decode(raw);
  try {
    new TextDecoder("utf-8", { ignoreBOM: true, fatal: true }).decode(raw);
    return { text: decoded, utf8: true };
  } catch {
    return { text: decoded, utf8: false };
  }
}

/** The text, and decoded once, twice, three times. */
function decodings(text: string): string[] {
  const once = decodeOnce(text).text;
  const twice = decodeOnce(once).text;
  return [text, once, twice, decodeOnce(twice).text];
}

function decodesSoundly(text: string): boolean {
  const all = decodings(text);
  return all.every((one) => decodeOnce(one).utf8) && decodeOnce(all[3]).text === all[3];
}

function looseReadings(text: string): string[] {
  return [text, text.normalize("NFKC")].flatMap(decodings)
    .flatMap((one) => [one, one.normalize("NFC"), one.normalize("NFKC")])
    .flatMap((one) => [one, one.split("\0")[0]])
    .flatMap((one) => bare(one) === "" ? [one] : [one, bare(one)]);
}

function caseless(text: string): string {
  return text.normalize("NFKC").toUpperCase().toLowerCase().normalize("NFKC");
}

// ——— arguments ———

function ruleAnswer(
  session: NaiveSession,
  rule: Rule,
  operation: Operation,
  facts: Facts,
  mode: "allow" | "deny",
): Tri {
  const all = operation.arguments;
  const answers = rule.args.map(({ selector, checks }): Tri => {
    const judge = (value: JsonValue, spelt: boolean) =>
      least(
        checks.filter((check) => !(spelt && check.kind === "present"))
          .map((check) => checkAnswer(session, operation, check, value, spelt, facts, mode)),
      );
    if (selector === "**") {
      const texts = everyText(all);
      const presence = least(
        checks.map((check) => check.kind === "present" ? tri(check.present === (texts.length > 0)) : yes),
      );
      if (checks.every((check) => check.kind === "present")) return presence;
      if (texts.length === 0) return no;
      const each = texts.map((text) => judge(text, true));
      return least([presence, mode === "allow" ? least(each) : most(each)]);
    }
    const absent = tri(checks.every((check) => check.kind === "present" && !check.present));
    if (all === undefined) return absent;
    const each = places(all, stepsOf(selector)).map((place): Tri =>
      place === "absent" ? absent : place === "unclear" ? unknown : judge(place.value, false)
    );
    return mode === "allow" ? least(each) : most(each);
  });
  if (mode === "allow" && rule.others === "none" && all !== undefined) {
    if (!(all instanceof Map)) answers.push(unknown);
    else {
      const named = rule.args.map(({ selector }) => selector).filter((selector) => selector !== "**");
      answers.push(allNamed(all, named.map(stepsOf), true));
    }
  }
  if (rule.schema === "declared") {
    answers.push(session.declared === "yes" ? yes : session.declared === "no" ? no : unknown);
  }
  return least(answers);
}

/** Names begin with a point, so that none is `[*]`. */
function stepsOf(selector: string): string[] {
  return [...selector.matchAll(/"([^"]*)"|([^.[\]"]+)|\[\*\]/g)]
    .map(([whole, quoted, bare]) => whole === "[*]" ? whole : `.${quoted ?? bare}`);
}

type Place = { readonly value: JsonValue } | "absent" | "unclear";

/** What lies at the end of the steps; a list without elements has an absent one. */
function places(value: JsonValue, steps: readonly string[]): Place[] {
  if (steps.length === 0) return [{ value }];
  const [step, ...below] = steps;
  if (step === "[*]") {
    if (!Array.isArray(value)) return ["unclear"];
    return value.length === 0 ? ["absent"] : value.flatMap((element) => places(element, below));
  }
  if (!(value instanceof Map)) return ["unclear"];
  const plain = (key: string) => caseless(key.split("\0")[0]);
  const name = step.slice(1);
  const alike = [...value.keys()].filter((key) => plain(key) === plain(name));
  const inherited = value.get("__proto__");
  const inherits = inherited instanceof Map || Array.isArray(inherited);
  if (alike.length === 0) return [inherits ? "unclear" : "absent"];
  if (alike.some((key) => key !== name)) return ["unclear"];
  return places(value.get(name)!, below);
}

/** Whether every member that a selector's path could have gone to is one that some selector goes to. */
function allNamed(value: JsonValue, selectors: readonly (readonly string[])[], isTop: boolean): Tri {
  const ways = selectors.filter((steps) => steps.length > 0);
  if (ways.length === 0 && !isTop) return yes;
  const below = (step: string) => ways.filter(([first]) => first === step).map(([, ...rest]) => rest);
  if (value instanceof Map && (isTop || ways.some(([first]) => first !== "[*]"))) {
    return least(
      [...value].map(([key, member]): Tri => {
        const rest = below(`.${key}`);
        return rest.length === 0 ? no : allNamed(member, rest, false);
      }),
    );
  }
  if (Array.isArray(value) && ways.some(([first]) => first === "[*]")) {
    return least(value.map((element) => allNamed(element, below("[*]"), false)));
  }
  return unknown;
}

/** Strings, keys and numbers, wherever they are. */
function everyText(value: JsonValue | undefined): JsonValue[] {
  if (typeof value === "string") return [value];
  if (Array.isArray(value)) return value.flatMap(everyText);
  if (value instanceof Map) return [...value].flatMap(([key, member]) => [key, ...everyText(member)]);
  return isNumber(value) ? [value as JsonValue] : [];
}

function isNumber(value: unknown): value is { source: string; value: number } {
  return typeof value === "object" && value !== null && "source" in value;
}

function checkAnswer(
  session: NaiveSession,
  operation: Operation,
  check: Check,
  value: JsonValue,
  spelt: boolean,
  facts: Facts,
  mode: "allow" | "deny",
): Tri {
  const text = typeof value === "string" ? value : spelt && isNumber(value) ? value.source : undefined;
  switch (check.kind) {
    case "equals":
      return literalAnswer(check.value, value, text, mode);
    case "one_of":
      return most(check.values.map((literal) => literalAnswer(literal, value, text, mode)));
    case "matches":
    case "finds": {
      if (text === undefined) return unknown;
      const pattern = new RegExp(check.kind === "matches" ? `^(?:${check.pattern})$` : check.pattern, "u");
      return tri((mode === "allow" ? [text] : looseReadings(text)).some((reading) => pattern.test(reading)));
    }
    case "glob":
      return text === undefined ? unknown : globAnswer(check.globs, text, mode);
    case "under":
      return text === undefined ? unknown : underAnswer(session, operation, check.roots, text, facts, mode);
    case "url":
      return text === undefined ? unknown : naiveUrlAnswer(check.rule, text, mode);
    case "argv": {
      const { operands } = check.rule;
      const checks = operands === undefined || operands === "none" ? [] : operands.checks;
      return naiveArgvAnswer(
        check.rule,
        text ?? value,
        mode,
        (word) => least(checks.map((one) => checkAnswer(session, operation, one, word, false, facts, mode))),
      );
    }
    case "min":
      return numberAnswer(value, String(check.bound), (difference) => difference >= 0);
    case "max":
      return numberAnswer(value, String(check.bound), (difference) => difference <= 0);
    case "max_length":
      if (text !== undefined) return tri(text.length <= check.length);
      return Array.isArray(value) ? tri(value.length <= check.length) : unknown;
    case "present":
      return value === null ? unknown : tri(check.present);
  }
}

/** `**` between slashes, or at the beginning: names, or none. */
function textGlobAsPattern(glob: string): RegExp {
  const parts = glob.match(/(?<=^|\/)\*\*\/|\*\*|\*|\?|[^*?]/gu) ?? [];
  const patterns = parts.map((part) => {
    if (part === "**/") return "(?:[^]*\\/)?";
    if (part === "**") return "[^]*";
    if (part === "*") return "[^/]*";
    return part === "?" ? "[^/]" : part.replace(/[.+^${}()|[\]\\/-]/, "\\$&");
  });
  return new RegExp(`^${patterns.join("")}$`, "u");
}

function globAnswer(globs: readonly string[], text: string, mode: "allow" | "deny"): Tri {
  const matches = (glob: string, one: string) => textGlobAsPattern(glob).test(one);
  if (mode === "deny") {
    return tri(globs.some((glob) =>
      looseReadings(text).some((reading) => {
        if (matches(glob, reading)) return true;
        return lenient([caseless(reading)]).some((one) =>
          matches(caseless(glob), one) ||
          matches(caseless(glob), one.startsWith("/") ? byName(one, "/") : relative(one))
        );
      })
    ));
  }
  if (globs.some((glob) => (glob === "**" || !/[*?]/.test(glob)) && matches(glob, text))) return yes;
  const readings = decodings(text);
  const doubtful = readings.some((one) =>
    /[\0\\]/.test(one) || one.split(/[/?#]/).some((name) => name === "." || name === "..")
  );
  const hits = readings.filter((one) => globs.some((glob) => matches(glob, one))).length;
  if (doubtful || !decodesSoundly(text)) return unknown;
  return hits === 0 ? no : hits === readings.length ? yes : unknown;
}

/** A relative path without dots, but for those that lead out of where it begins. */
function relative(path: string): string {
  const depth = path.split("/").length;
  const deep = Array.from({ length: depth }, (_, index) => `<${index}>`);
  const names = byName(path, `/${deep.join("/")}`).split("/").slice(1);
  const kept = names.filter((name, index) => name === deep[index]).length;
  return [...Array(depth - kept).fill(".."), ...names.slice(kept)].join("/");
}

function literalAnswer(
  literal: Literal,
  value: JsonValue,
  text: string | undefined,
  mode: "allow" | "deny",
): Tri {
  if (typeof literal === "string") {
    if (text === undefined) return unknown;
    if (mode === "allow") return tri(text === literal);
    return tri(looseReadings(text).map(caseless).includes(caseless(literal)));
  }
  if (isNumber(literal)) return numberAnswer(value, literal.source, (difference) => difference === 0);
  if (value === literal) return yes;
  return typeof value === "boolean" && typeof literal === "boolean" ? no : unknown;
}

function numberAnswer(value: JsonValue, bound: string, holds: (difference: number) => boolean): Tri {
  if (!isNumber(value) || !Number.isFinite(value.value)) return unknown;
  const rounded = holds(value.value - Number(bound));
  const exactly = holds(exactDifference(value.source, bound));
  return rounded === exactly ? tri(exactly) : unknown;
}

/** Digits behind the point: more than any number of these tests has. */
const scale = 400;

function scaled(source: string): bigint {
  const [mantissa, exponent = "0"] = source.toLowerCase().split("e");
  const [whole, fraction = ""] = mantissa.split(".");
  const shift = scale + Number(exponent) - fraction.length;
  return BigInt(whole + fraction) * 10n ** BigInt(shift);
}

/** The sign of left − right, by scaling both to whole numbers. */
function exactDifference(left: string, right: string): number {
  const difference = scaled(left) - scaled(right);
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
}

// ——— paths ———

/** The names of a path after `..` took the one before it. */
function byName(path: string, from: string): string {
  const names = (path.startsWith("/") ? path : `${from}/${path}`).split("/");
  const kept = names.reduce<string[]>((before, name) => {
    if (name === "" || name === ".") return before;
    return name === ".." ? before.slice(0, -1) : [...before, name];
  }, []);
  return `/${kept.join("/")}`;
}

/** The path with its `..`, as the kernel is given it. */
function asGiven(path: string, from: string): string {
  const names = (path.startsWith("/") ? path : `${from}/${path}`).split("/");
  return `/${names.filter((name) => name !== "" && name !== ".").join("/")}`;
}

function hasClimb(path: string): boolean {
  return path.split("/").includes("..");
}

function within(
  session: NaiveSession,
  directory: string,
  path: string,
  mode: "allow" | "deny" = "deny",
): boolean {
  const onlyAscii = (text: string) => text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
  const as = (text: string) => !session.fold ? text : mode === "deny" ? caseless(text) : onlyAscii(text);
  const outer = as(directory).split("/").filter((name) => name !== "");
  const inner = as(path).split("/").filter((name) => name !== "");
  return outer.every((name, index) => inner[index] === name);
}

function onDisk(facts: Facts, path: string): string | undefined {
  const fact = facts.get(path);
  if (fact === undefined || fact.kind === "unknown" || hasClimb(fact.path)) return undefined;
  return fact.path;
}

const bare = (text: string) => text.trim().replace(/^["']/, "").replace(/["']$/, "").trim();

function meaningless(text: string): boolean {
  return text === "" || /\p{Cc}/u.test(text) || text.startsWith("~") || /^[\\/][\\/]/.test(text);
}

/** What a file: URI could name, and whether it could name anything else; undefined for any other text. */
function fileUriPaths(text: string): { paths: string[]; clear: boolean } | undefined {
  const uri = /^file:(?:([/\\]{2})([^/\\?#]*))?([^?#]*)(.*)$/is.exec(text);
  if (uri === null) return undefined;
  const [, slashes = "", host = "", path, rest] = uri;
  // Without anything behind the host it may be no host.
  const written = [path === "" ? slashes + host : path, path + rest, host + path + rest];
  const paths = written.flatMap(decodings).flatMap((one) => /^[/\\]/.test(one) ? [one] : [one, `/${one}`]);
  return { paths, clear: ["", "localhost"].includes(host.toLowerCase()) && written.every(decodesSoundly) };
}

function ambiguous(text: string): boolean {
  return /[\\:]|~[0-9]|[\uff0f\uff0e]|(?![\u200c\u200d])\p{Cf}/u.test(text) || text.startsWith("$") ||
    bare(text) !== text ||
    text.split("/").some((name) => name !== "." && name !== ".." && /[. ]$/.test(name));
}

/** Each text, trimmed and unquoted too, and each of those with slashes for backslashes. */
function lenient(texts: readonly string[]): string[] {
  const both = texts.flatMap((text) => bare(text) === "" ? [text] : [text, bare(text)]);
  return both.flatMap((text) => [text, text.replaceAll("\\", "/")]);
}

function underAnswer(
  session: NaiveSession,
  operation: Operation,
  roots: readonly string[],
  text: string,
  facts: Facts,
  mode: "allow" | "deny",
): Tri {
  const home = session.workingDirectory;
  const directories = roots.map((root) => byName(root, "/"));
  const readings = mode === "allow" ? decodings(text) : lenient(looseReadings(text));
  const answers = readings.flatMap((one): Tri[] => {
    const uri = fileUriPaths(one);
    if (uri === undefined) return answerPlain(one);
    // A server that knows no URIs looks for a file of that name; one that serves resources knows them.
    const isResource = operation.target === "resource" && operation.name === text;
    const asName = isResource || /\p{Cc}/u.test(one) ? [] : answerPath(one);
    const others = uri.paths.flatMap((path) => /^file:/i.test(path) ? [unknown as Tri] : answerPlain(path));
    return [...asName, ...others, ...(uri.clear ? [] : [unknown as Tri])];
  });
  function answerPlain(reading: string): Tri[] {
    return meaningless(reading) || (mode === "allow" && ambiguous(reading)) ? [unknown] : answerPath(reading);
  }
  function answerPath(reading: string): Tri[] {
    const places = hasClimb(reading)
      ? [byName(reading, home), asGiven(reading, home)]
      : [byName(reading, home)];
    return places.map((place): Tri => {
      const named = tri(
        directories.some((directory) => within(session, directory, byName(reading, home), mode)),
      );
      const real = onDisk(facts, place);
      const landed = real === undefined ? unknown : most(directories.map((directory): Tri => {
        const realDirectory = onDisk(facts, directory);
        if (mode === "deny" && within(session, directory, real)) return yes;
        return realDirectory === undefined ? unknown : tri(within(session, realDirectory, real, mode));
      }));
      return mode === "allow" ? least([named, landed]) : most([named, landed]);
    });
  }
  if (!decodesSoundly(text)) answers.push(unknown);
  return mode === "allow" ? least(answers) : most(answers);
}

// ——— our own files ———

function namesOwnFile(session: NaiveSession, operation: Operation, facts: Facts): boolean {
  const { ownFiles, workingDirectory: home } = session;
  if (ownFiles.length === 0 || operation.target === "method") return false;
  const names = [
    ...(operation.target === "resource" ? [operation.name] : []),
    ...fileNames(operation.arguments, true),
  ];
  const changes = operation.target === "tool" &&
    /(^|[^a-z])(move|rename|delete|remove|copy)([^a-z]|$)/.test(operation.name);
  const isOurs = (path: string) =>
    ownFiles.some((file) => within(session, file, path) || (changes && within(session, path, file)));
  return names.filter((name) =>
    session.fold || /[/\\%~]/.test(name) || name === "." || name === ".." ||
    ownFiles.some((file) => name.includes(file.split("/").at(-1)!))
  ).some((name) =>
    lenient(decodings(name)).flatMap((text) => {
      const uri = /^file:(?:\/\/[^/]*(?=\/))?([^?#]*)/i.exec(text);
      const texts = uri === null ? [text] : [text, ...decodings(uri[1])];
      return [...texts, text.split("\0")[0]];
    }).filter((text) => text !== "" && !/\p{Cc}/u.test(text)).some((text) => {
      const tail = /^~[^/]*(\/.*)$/.exec(text);
      if (tail !== null && ownFiles.some((file) => file.endsWith(byName(tail[1], "/")))) return true;
      return [byName(text, home), asGiven(text, home)].some((place) => {
        if (!hasClimb(place) && isOurs(place)) return true;
        const fact = facts.get(place);
        if (fact === undefined || fact.kind === "unknown") return true;
        return !hasClimb(fact.path) && isOurs(fact.path);
      });
    })
  );
}

function fileNames(value: JsonValue | undefined, top: boolean): string[] {
  if (typeof value === "string") return [value];
  if (Array.isArray(value)) return value.flatMap((one) => fileNames(one, false));
  if (!(value instanceof Map)) return [];
  return [...value].flatMap(([key, member]) => [
    ...(!top || /[/\\%.~]/.test(key) ? [key] : []),
    ...fileNames(member, false),
  ]);
}
