/** Why one check said what it said: the value, the reading of it that decided, or where it leads on disk. */

import { isJsonArray, isJsonNumber, isJsonObject, type JsonValue } from "../wire/json_value.ts";
import type { Answer, Strictness } from "./answer.ts";
import type { CompiledArgument, CompiledCheck } from "./compiled.ts";
import type { Operation } from "../mcp/operation.ts";
import { quote } from "./sentence.ts";
import { explainUnknown } from "./describe_check.ts";
import { formatStart } from "./reason.ts";
import { selectAll } from "./select.ts";
import { type Found, Subject } from "./subject.ts";

/** A check that was asked, and how to ask it of something else. */
export interface AskedCheck {
  readonly argument: CompiledArgument;
  readonly check: CompiledCheck;
  readonly answer: Answer;
  readonly subject: Subject;
  readonly strictness: Strictness;
  /** Asks the same check, and it alone, of another subject. */
  ask(subject: Subject, strictness: Strictness): Answer;
}

export function explainCheck(asked: AskedCheck): string {
  const { argument, subject } = asked;
  if (argument.everywhere) return explainEverywhere(asked);
  const found = argument.below === undefined
    ? subject.find(argument.name, argument.foldedName)
    : decidingPlace(asked);
  switch (found.kind) {
    case "absent":
      return "it is missing";
    case "misshapen":
      return `${quote(formatStart(argument, found.depth))} is not ${found.wanted}`;
    case "too_many":
      return "it stands in more places than are looked at";
    case "no_object":
      return "the arguments are no object";
    case "mistakable":
      return `${quote(found.name)} could be taken for it`;
    case "value":
      return explainValue(asked, found.value);
  }
}

/** Of the places that a path selects the first at which the check says what it says of all. */
function decidingPlace({ argument, answer, subject, strictness, ask, check }: AskedCheck): Found {
  const places = selectAll(argument, subject);
  return places.find((place) => {
    switch (place.kind) {
      case "value":
        return ask(withValue(subject, argument, place.value), strictness) === answer;
      case "absent":
        return answer === (check.kind === "present" && !check.present ? "yes" : "no");
      default:
        return answer === "unknown";
    }
  }) ?? places[0];
}

function explainValue(asked: AskedCheck, value: JsonValue): string {
  const { check, answer, subject, strictness } = asked;
  if (check.kind === "present") return value === null ? "it is null" : "it is there";
  const shown = `it is ${show(value)}`;
  if (check.kind === "under" && typeof value === "string") return `${shown}: ${explainPath(asked, value)}`;
  if (check.kind === "url" || check.kind === "argv") {
    // A deny that fires needs no further word, and one that does not has nothing to say of a part.
    const isToldWhy = answer === "unknown" || (answer === "no" && strictness === "allow");
    return isToldWhy ? `${shown}: ${explainUnknown(check, value, subject)}` : shown;
  }
  if (answer === "unknown") {
    const why = explainUnknown(check, value, subject);
    return why.startsWith("it is ")
      ? shown + (typeof value === "string" ? ", which cannot be told" : "")
      : `${shown}, and ${why}`;
  }
  if (answer === "yes" && strictness === "deny" && typeof value === "string") {
    const reading = decidingReading(asked, value);
    if (reading !== undefined) return `${shown}, which can be read as ${reading}`;
  }
  return shown;
}

/** The reading by which a text that does not pass as it stands meets a deny; undefined where it meets it as it stands. */
function decidingReading(asked: AskedCheck, text: string): string | undefined {
  const { argument, subject, ask } = asked;
  const meets = (reading: string): boolean => ask(withValue(subject, argument, reading), "allow") === "yes";
  if (meets(text)) return undefined;
  const reading = (subject.readings(text) ?? []).find((one) => one !== text && meets(one));
  return reading === undefined ? "the same but for case" : quote(reading);
}

/** The subject with another value for one argument, and no other. */
function withValue(subject: Subject, { name, below = [] }: CompiledArgument, value: JsonValue): Subject {
  const whole = below.reduceRight<JsonValue>(
    (inner, step) => step.kind === "elements" ? [inner] : new Map([[step.name, inner]]),
    value,
  );
  const operation: Operation = { ...plainOperation(subject.operation), arguments: new Map([[name, whole]]) };
  return new Subject(operation, subject.facts, subject.paths);
}

function plainOperation(
  { from, method, target, name, housekeeping }: Operation,
): Omit<Operation, "arguments"> {
  return { from, method, target, name, housekeeping };
}

/** Where each reading of a path leads, by name and on disk; the first few. */
function explainPath({ subject, strictness }: AskedCheck, text: string): string {
  const said = new Set<string>();
  for (const reading of subject.pathReadings(text, strictness)) {
    if (reading.kind === "unknown") {
      said.add(reading.why);
      continue;
    }
    said.add(`by name ${quote(reading.lexical)}`);
    for (const walked of reading.walked) {
      const fact = subject.facts.get(walked);
      if (fact === undefined) continue;
      if (fact.kind === "unknown") said.add(`on disk it could not be told: ${fact.why}`);
      else said.add(`on disk ${quote(fact.path)}${fact.kind === "missing" ? " (does not exist)" : ""}`);
    }
  }
  const all = [...said];
  const shown = all.slice(0, readingsShownMax).join(", ");
  return all.length > readingsShownMax
    ? `${shown} and ${all.length - readingsShownMax} more readings`
    : shown;
}

const readingsShownMax = 4;

/** The first text under `"**"` that decided. */
function explainEverywhere({ subject, answer, strictness, check, ask }: AskedCheck): string {
  const texts = subject.texts();
  if (texts === undefined) return "there are too many texts to look at";
  if (texts.length === 0) return "there is no text in the arguments";
  const count = `${texts.length} text${texts.length === 1 ? "" : "s"}`;
  if (check.kind === "present") return `there ${texts.length === 1 ? "is" : "are"} ${count}`;
  const same = texts.find((text) => ask(withOnly(subject, text), strictness) === answer);
  // Where all said the same, one of them proves nothing.
  const isOfAll = strictness === "allow" ? answer === "yes" : answer === "no";
  if (isOfAll || same === undefined) return `${count} looked at`;
  return `one of ${count} is ${show(same)}`;
}

/** The subject with one text and no other; a list has no keys to be looked at. */
function withOnly(subject: Subject, text: JsonValue): Subject {
  const operation: Operation = { ...plainOperation(subject.operation), arguments: [text] };
  return new Subject(operation, subject.facts, subject.paths);
}

/** A value as a sentence shows it: short, on one line. */
export function show(value: JsonValue): string {
  if (typeof value === "string") return quote(value);
  if (isJsonNumber(value)) return value.source;
  if (isJsonArray(value)) return `a list of ${value.length}`;
  if (isJsonObject(value)) return `an object with ${value.size} member${value.size === 1 ? "" : "s"}`;
  return String(value);
}
