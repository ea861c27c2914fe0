/** Tokens → where a module reaches past its arguments: the world, the clock, chance, the machine's settings. */

import type { Token } from "./tokens.ts";

/** One reach for an effect. */
export interface Effect {
  /** What was seen, as a reader would look for it: "Date.now", "new Date()". */
  readonly what: string;
  /** Why pure code may not. */
  readonly because: string;
  readonly line: number;
}

const world = "pure code reaches nothing outside its arguments";
const timers = "pure code never waits: time comes in as an argument";
const clock = "time comes in as an argument, in milliseconds";
const chance = "ids and random bytes come in as arguments";
const printing = "pure code returns what is to be said";
const anyGlobal = "through it every global can be reached unseen";
const locale = "the result depends on the machine's language or time zone";

/** Globals that pure code may not name at all, not even in a type. */
const forbiddenGlobals = new Map<string, string>([
  ...each(
    world,
    "Deno process fetch XMLHttpRequest WebSocket EventSource Worker SharedWorker BroadcastChannel",
  ),
  ...each(world, "localStorage sessionStorage caches indexedDB navigator require addEventListener"),
  ...each(timers, "setTimeout setInterval setImmediate clearTimeout clearInterval clearImmediate"),
  ...each(timers, "queueMicrotask AbortController AbortSignal scheduler"),
  ...each(clock, "performance Temporal"),
  ...each(chance, "crypto"),
  ...each(printing, "console"),
  ...each(anyGlobal, "globalThis self global eval Function"),
  ...each(locale, "Intl"),
  ...each("when it fires depends on the garbage collector", "WeakRef FinalizationRegistry"),
]);

/** Globals whose names are words of our trade: a variable of that name is fine, a call of the global is not. */
const forbiddenCalls = new Map<string, string>(each(world, "prompt confirm alert"));

/** Members that read the machine's language or time zone, on whatever they are called. */
const forbiddenMembers = new Map<string, string>([
  ...each(locale, "localeCompare toLocaleString toLocaleDateString toLocaleTimeString"),
  ...each(locale, "toLocaleLowerCase toLocaleUpperCase getTimezoneOffset"),
  ...each(locale, "getFullYear getMonth getDate getDay getHours getMinutes getSeconds"),
]);

/**
 * Every effect in the module, in order.
 *
 * It reads names, not scopes: a variable, parameter or method that bears a global's name counts as that global and
 * needs another name. A key (`{ fetch: 1 }`) and a member (`x.fetch`) do not count.
 *
 * ```ts
 * import { readEffects } from "./effects.ts";
 * import { tokenize } from "./tokens.ts";
 *
 * console.assert(readEffects(tokenize("const now = Date.now();"))[0].what === "Date.now");
 * console.assert(readEffects(tokenize("const then = new Date(now);")).length === 0);
 * ```
 */
export function readEffects(tokens: readonly Token[]): Effect[] {
  const effects: Effect[] = [];
  tokens.forEach((token, i) => {
    if (token.kind !== "name") return;
    const effect = isMember(tokens, i)
      ? memberEffect(tokens, i)
      : isKey(tokens, i)
      ? null
      : globalEffect(tokens, i);
    if (effect !== null) effects.push({ ...effect, line: token.line });
  });
  return effects;
}

function globalEffect(tokens: readonly Token[], at: number): Omit<Effect, "line"> | null {
  const { text } = tokens[at];
  const next = tokens[at + 1]?.text;
  const afterNext = tokens[at + 2]?.text;
  const forbidden = forbiddenGlobals.get(text);
  if (forbidden !== undefined) return { what: text, because: forbidden };
  switch (text) {
    case "import":
      return next === "." && afterNext === "meta" ? { what: "import.meta", because: world } : null;
    case "Math":
      if (next === "." && afterNext !== "random") return null;
      return { what: next === "." ? "Math.random" : "Math as a value", because: chance };
    case "Date":
      return dateEffect(tokens, at);
  }
  const forbiddenCall = forbiddenCalls.get(text);
  const isDeclared = tokens[at - 1]?.text === "function";
  if (forbiddenCall === undefined || next !== "(" || isDeclared) return null;
  return { what: `${text}()`, because: forbiddenCall };
}

/** Allowed are `new Date(value)`, `Date.UTC` and `Date.parse`; every other use can lead to the present time. */
function dateEffect(tokens: readonly Token[], at: number): Omit<Effect, "line"> | null {
  const next = tokens[at + 1]?.text;
  const afterNext = tokens[at + 2]?.text;
  const isNew = tokens[at - 1]?.text === "new";
  if (next === "." && (afterNext === "UTC" || afterNext === "parse")) return null;
  if (isNew && next === "(" && afterNext !== ")" && afterNext !== "...") return null;
  if (isNew) return { what: "new Date()", because: clock };
  if (next === ".") return { what: `Date.${afterNext}`, because: clock };
  return { what: next === "(" ? "Date()" : "Date as a value or type", because: clock };
}

function memberEffect(tokens: readonly Token[], at: number): Omit<Effect, "line"> | null {
  const { text } = tokens[at];
  const forbidden = forbiddenMembers.get(text);
  if (forbidden !== undefined) return { what: `.${text}`, because: forbidden };
  // (() => {}).constructor("return this")() is the Function constructor under another name.
  const isCalled = text === "constructor" && tokens[at + 1]?.text === "(";
  return isCalled ? { what: ".constructor()", because: anyGlobal } : null;
}

function isMember(tokens: readonly Token[], at: number): boolean {
  const before = tokens[at - 1];
  return before?.kind === "mark" && (before.text === "." || before.text === "?.");
}

/** `{ fetch: 1 }`, `{ a, fetch: b }`, `readonly fetch?: X;`: the name of a property. */
function isKey(tokens: readonly Token[], at: number): boolean {
  const before = tokens[at - 1];
  const next = tokens[at + 1]?.text;
  const hasColon = next === ":" || (next === "?" && tokens[at + 2]?.text === ":");
  if (!hasColon || before === undefined) return false;
  return before.kind === "mark" ? ["{", ",", ";"].includes(before.text) : before.text === "readonly";
}

function each(because: string, names: string): [string, string][] {
  return names.split(" ").map((name) => [name, because]);
}
