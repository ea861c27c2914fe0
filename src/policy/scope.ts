/** Which rules are about an operation, found without walking all of them. */

import { targetNameCharactersMax } from "../limits.ts";
import { isGlob, matchesGlob } from "./glob.ts";
import type { Strictness } from "./answer.ts";
import type { Scope } from "./rule.ts";
import type { Subject } from "./subject.ts";
import { foldText } from "./text_readings.ts";
import { hasDotSegment, uriReadings } from "./uri.ts";

/** What the index needs to know of a rule. */
export interface Scoped {
  readonly order: number;
  readonly scope: Scope;
}

/** `methods`: only the lists of methods count; so limits leave the protocol's housekeeping alone unless they name it. */
export type Lists = "all" | "methods";

/** The rules of one effect, by the names and globs in their scopes. */
export class ScopeIndex<R extends Scoped> {
  readonly #tools: NameIndex<R>;
  readonly #resources: NameIndex<R>;
  readonly #prompts: NameIndex<R>;
  readonly #methods: NameIndex<R>;

  constructor(readonly rules: readonly R[], readonly strictness: Strictness) {
    this.#tools = new NameIndex(rules, (scope) => scope.tools, strictness);
    this.#resources = new NameIndex(rules, (scope) => scope.resources, strictness);
    this.#prompts = new NameIndex(rules, (scope) => scope.prompts, strictness);
    this.#methods = new NameIndex(rules, (scope) => scope.methods, strictness);
  }

  /** The rules whose scope covers the operation, in the order of the document. */
  covering(subject: Subject, lists: Lists = "all"): readonly R[] {
    if (this.rules.length === 0) return this.rules;
    const { name, method, target } = subject.operation;
    if (target === "tool" && lists === "all" && this.#methods.isEmpty) {
      const named = this.#tools.namedAlone(name);
      if (named !== undefined) return named;
    }
    const found: R[] = [];
    this.#methods.collect(method, subject, found, "name");
    if (lists === "all") {
      if (target === "tool") this.#tools.collect(name, subject, found, "name");
      else if (target === "resource") this.#resources.collect(name, subject, found, "uri");
      else if (target === "prompt") this.#prompts.collect(name, subject, found, "name");
    }
    return inOrder(found);
  }
}

/** Each rule once, as the document has them. */
function inOrder<R extends Scoped>(rules: R[]): readonly R[] {
  if (rules.length < 2) return rules;
  const isOrdered = rules.every((rule, index) => index === 0 || rule.order > rules[index - 1].order);
  if (isOrdered) return rules;
  rules.sort((left, right) => left.order - right.order);
  return rules.filter((rule, index) => index === 0 || rule !== rules[index - 1]);
}

/** One list of the scopes of all rules. Allow takes a name as it stands; deny in every reading, ignoring case. */
class NameIndex<R extends Scoped> {
  readonly #byName = new Map<string, R[]>();
  readonly #globs: { readonly glob: string; readonly rule: R }[] = [];
  readonly #all: readonly R[];
  readonly #none: readonly R[] = [];
  readonly #strictness: Strictness;

  constructor(rules: readonly R[], list: (scope: Scope) => readonly string[], strictness: Strictness) {
    this.#strictness = strictness;
    this.#all = rules.filter((rule) => list(rule.scope).length > 0);
    for (const rule of this.#all) {
      for (const written of list(rule.scope)) {
        const name = strictness === "allow" ? written : foldText(written);
        if (isGlob(name)) this.#globs.push({ glob: name, rule });
        else if (this.#byName.has(name)) this.#byName.get(name)!.push(rule);
        else this.#byName.set(name, [rule]);
      }
    }
  }

  get isEmpty(): boolean {
    return this.#all.length === 0;
  }

  /** The rules that cover the name, where no glob and no other reading of it has a say; else undefined. */
  namedAlone(name: string): readonly R[] | undefined {
    return this.#strictness === "allow" && this.#globs.length === 0
      ? this.#byName.get(name) ?? this.#none
      : undefined;
  }

  /** Adds the rules that cover the name to `found`, some of them perhaps twice. */
  collect(name: string, subject: Subject, found: R[], form: "name" | "uri"): void {
    if (this.#all.length === 0) return;
    const isTooLong = name.length > targetNameCharactersMax;
    if (this.#strictness === "allow") {
      // Too long to compare: an allow does not cover it.
      if (!isTooLong) this.#collectExact(name, found, form);
      return;
    }
    const readings = isTooLong ? undefined : subject.foldedReadings(name);
    if (readings === undefined) {
      // Too long to compare, or to be read in every way: a deny covers it.
      found.push(...this.#all);
      return;
    }
    for (const reading of readings) this.#collectReading(reading, found);
    if (form === "uri") {
      for (const reading of readings) {
        for (const asUri of uriReadings(reading)) this.#collectReading(asUri, found);
      }
    }
  }

  #collectExact(name: string, found: R[], form: "name" | "uri"): void {
    if (form === "name" || !hasDotSegment(name)) return this.#collectReading(name, found);
    // A URI that climbs is covered where a rule names it letter by letter, or everything.
    found.push(...this.#byName.get(name) ?? []);
    for (const { glob, rule } of this.#globs) if (glob === "*") found.push(rule);
  }

  #collectReading(reading: string, found: R[]): void {
    const named = this.#byName.get(reading);
    if (named !== undefined) found.push(...named);
    for (const { glob, rule } of this.#globs) if (matchesGlob(glob, reading)) found.push(rule);
  }
}
