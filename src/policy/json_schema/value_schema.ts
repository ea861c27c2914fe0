/**
 * Whether a value satisfies a JSON Schema that somebody else wrote: *yes*, *no*, or *unknown*, where two validators could
 * differ, where the schema uses what is not understood here, and where telling would take too long. Unknown parts are
 * carried through `not`, `anyOf` and the like, so that none of them turns into a yes.
 *
 * JSON Schema 2020-12, which is what MCP takes a schema for (2025-11-25, basic, JSON Schema usage), and 2019-09, draft
 * 7, 6 and 4 where `$schema` names them. `format` is an annotation, as the specification has it by default.
 */

import {
  checkedTextCharactersMax,
  schemaDepthMax,
  schemaPatternSizeMax,
  schemaStepsMax,
} from "../../limits.ts";
import { canonicalJson } from "../../wire/canonical_json.ts";
import {
  isJsonArray,
  isJsonNumber,
  isJsonObject,
  type JsonNumber,
  type JsonObject,
  type JsonValue,
} from "../../wire/json_value.ts";
import type { Answer } from "../answer.ts";
import type { Pattern, PatternEngine } from "../pattern.ts";
import { patternSize } from "../pattern_size.ts";
import { quote } from "../sentence.ts";
import { readDifferently, translatePattern } from "./pattern.ts";
import {
  answerBound,
  answerCount,
  answerMultiple,
  answerType,
  countOf,
  decodeToken,
  lengthInCharacters,
  roundNumbers,
} from "./values.ts";
import {
  all,
  anyOf,
  both,
  conjunction,
  no,
  oneOf,
  opposite,
  type SchemaVerdict,
  unknown,
  why,
  yes,
} from "./verdict.ts";

/** A schema made ready. */
export class ValueSchema {
  readonly #root: JsonValue;
  readonly #engine: PatternEngine;
  readonly #dialect: Dialect | undefined;
  readonly #patterns = new Map<string, SizedPattern | undefined>();
  readonly #hasOtherBases: boolean;
  #steps = 0;
  #depth = 0;

  /** `engine` runs its patterns: a schema comes from the server, and V8's own engine backtracks. */
  constructor(root: JsonValue, engine: PatternEngine) {
    this.#root = root;
    this.#engine = engine;
    this.#dialect = dialectOf(root);
    this.#hasOtherBases = isJsonObject(root) && [...root.values()].some(namesBase);
  }

  /** Judges a value, in a bounded number of steps. Never throws. */
  judge(value: JsonValue): SchemaVerdict {
    if (this.#dialect === undefined) return unknown("$schema", "");
    this.#steps = 0;
    this.#depth = 0;
    try {
      return this.#apply(this.#root, value, "");
    } catch (error) {
      if (error instanceof TooMuchWork) return { answer: "unknown", why: "it takes too long to tell" };
      throw error;
    }
  }

  #work(steps: number): void {
    this.#steps += steps;
    if (this.#steps > schemaStepsMax) throw new TooMuchWork();
  }

  #apply(schema: JsonValue, value: JsonValue, path: string): SchemaVerdict {
    this.#work(1);
    if (schema === true) return yes;
    if (schema === false) return no("false", path);
    if (!isJsonObject(schema)) return unknown("a schema that is none", path);
    if (++this.#depth > schemaDepthMax) throw new TooMuchWork();
    const verdict = this.#applyObject(schema, value, path);
    this.#depth--;
    return verdict;
  }

  #applyObject(schema: JsonObject, value: JsonValue, path: string): SchemaVerdict {
    const own = this.#applyKeywords(schema, value, path);
    const ref = schema.get("$ref");
    if (ref === undefined) return own;
    const target = typeof ref === "string" ? this.#resolve(ref) : undefined;
    const referred = target === undefined ? unknown("$ref", path) : this.#apply(target, value, path);
    // Up to draft 7 what stands beside a reference is ignored, and not every validator does.
    if (this.#dialect!.ignoresBesideRef && own.answer !== "yes" && referred.answer !== "no") {
      return { answer: "unknown", why: own.why };
    }
    return both(own, referred);
  }

  #applyKeywords(schema: JsonObject, value: JsonValue, path: string): SchemaVerdict {
    let verdict = yes;
    for (const [keyword, argument] of schema) {
      if (verdict.answer === "no") return verdict;
      verdict = both(verdict, this.#keyword(keyword, argument, schema, value, path));
    }
    return verdict;
  }

  #keyword(
    keyword: string,
    argument: JsonValue,
    schema: JsonObject,
    value: JsonValue,
    path: string,
  ): SchemaVerdict {
    this.#work(1);
    const say = (answer: Answer): SchemaVerdict =>
      answer === "yes" ? yes : { answer, why: why(keyword, path) };
    switch (keyword) {
      case "type":
        return say(this.#answerType(argument, value));
      case "const":
        return say(this.#equal(argument, value));
      case "enum":
        if (!isJsonArray(argument)) return say("unknown");
        return say(anyOf(argument.map((one) => this.#equal(one, value))));
      case "allOf":
        if (!isJsonArray(argument)) return say("unknown");
        return all(argument, (one) => this.#apply(one, value, path));
      case "anyOf":
        if (!isJsonArray(argument)) return say("unknown");
        return say(anyOf(argument.map((one) => this.#apply(one, value, path).answer)));
      case "oneOf":
        if (!isJsonArray(argument)) return say("unknown");
        return say(oneOf(argument.map((one) => this.#apply(one, value, path).answer)));
      case "not":
        return say(opposite(this.#apply(argument, value, path).answer));
      case "if":
        return this.#applyIf(argument, schema, value, path);
      case "unevaluatedProperties":
      case "unevaluatedItems":
        return argument === true ? yes : say("unknown");
      case "$dynamicRef":
      case "$recursiveRef":
        return say("unknown");
    }
    if (isJsonNumber(value)) return this.#numberKeyword(keyword, argument, schema, value, say);
    if (typeof value === "string") return this.#textKeyword(keyword, argument, value, say);
    if (isJsonArray(value)) return this.#arrayKeyword(keyword, argument, schema, value, path, say);
    if (isJsonObject(value)) return this.#objectKeyword(keyword, argument, schema, value, path, say);
    return yes;
  }

  #answerType(types: JsonValue, value: JsonValue): Answer {
    const list = isJsonArray(types) ? types : [types];
    this.#work(list.length >> 4);
    if (isJsonNumber(value)) this.#work(value.source.length >> 6);
    return anyOf(list.map((type) => typeof type === "string" ? answerType(type, value) : "unknown"));
  }

  #applyIf(condition: JsonValue, schema: JsonObject, value: JsonValue, path: string): SchemaVerdict {
    const then = () => this.#apply(schema.get("then") ?? true, value, path);
    const otherwise = () => this.#apply(schema.get("else") ?? true, value, path);
    switch (this.#apply(condition, value, path).answer) {
      case "yes":
        return then();
      case "no":
        return otherwise();
      case "unknown": {
        const verdict = then();
        return verdict.answer === otherwise().answer ? verdict : unknown("if", path);
      }
    }
  }

  #numberKeyword(
    keyword: string,
    bound: JsonValue,
    schema: JsonObject,
    value: JsonNumber,
    say: (answer: Answer) => SchemaVerdict,
  ): SchemaVerdict {
    this.#work(value.source.length >> 6);
    switch (keyword) {
      case "minimum":
        return say(
          answerBound(
            value,
            bound,
            (order) => schema.get("exclusiveMinimum") === true ? order > 0 : order >= 0,
          ),
        );
      case "maximum":
        return say(
          answerBound(
            value,
            bound,
            (order) => schema.get("exclusiveMaximum") === true ? order < 0 : order <= 0,
          ),
        );
      case "exclusiveMinimum":
        if (typeof bound === "boolean") return yes; // draft 4: see `minimum`
        return say(answerBound(value, bound, (order) => order > 0));
      case "exclusiveMaximum":
        if (typeof bound === "boolean") return yes;
        return say(answerBound(value, bound, (order) => order < 0));
      case "multipleOf":
        return say(answerMultiple(value, bound));
      default:
        return yes;
    }
  }

  #textKeyword(
    keyword: string,
    argument: JsonValue,
    value: string,
    say: (answer: Answer) => SchemaVerdict,
  ): SchemaVerdict {
    switch (keyword) {
      case "minLength":
      case "maxLength": {
        const bound = countOf(argument);
        if (bound === undefined) return say("unknown");
        const isLeast = keyword === "minLength";
        const answer = isLeast ? value.length >= bound : value.length <= bound;
        // The specification counts characters, many validators UTF-16 code units: one or two for each character.
        const isTold = isLeast ? !answer || value.length >= 2 * bound : answer || value.length > 2 * bound;
        if (!isTold) {
          this.#work(value.length >> 8);
          const length = lengthInCharacters(value);
          if (answer !== (isLeast ? length >= bound : length <= bound)) return say("unknown");
        }
        return say(answer ? "yes" : "no");
      }
      case "pattern":
        return say(typeof argument === "string" ? this.#find(argument, value) : "unknown");
      default:
        return yes;
    }
  }

  #arrayKeyword(
    keyword: string,
    argument: JsonValue,
    schema: JsonObject,
    value: readonly JsonValue[],
    path: string,
    say: (answer: Answer) => SchemaVerdict,
  ): SchemaVerdict {
    const each = (from: number, one: JsonValue) =>
      all(value.slice(from), (element, i) => this.#apply(one, element, `${path}/${from + i}`));
    const inTurn = (list: readonly JsonValue[]) =>
      all(value.slice(0, list.length), (element, i) => this.#apply(list[i], element, `${path}/${i}`));
    switch (keyword) {
      case "minItems":
      case "maxItems":
        return say(answerCount(keyword === "minItems", argument, value.length));
      case "prefixItems":
        return isJsonArray(argument) ? inTurn(argument) : say("unknown");
      case "items": {
        if (isJsonArray(argument)) return inTurn(argument); // up to 2019-09
        const prefix = schema.get("prefixItems");
        return each(isJsonArray(prefix) ? prefix.length : 0, argument);
      }
      case "additionalItems": {
        const items = schema.get("items");
        return isJsonArray(items) ? each(items.length, argument) : yes;
      }
      case "uniqueItems":
        if (argument === false) return yes;
        return say(argument === true ? this.#answerUnique(value) : "unknown");
      case "contains": {
        const answers = value.map((element, i) => this.#apply(argument, element, `${path}/${i}`).answer);
        const least = answers.filter((answer) => answer === "yes").length;
        const most = answers.filter((answer) => answer !== "no").length;
        const min = schema.has("minContains") ? countOf(schema.get("minContains")) : 1;
        const max = schema.has("maxContains") ? countOf(schema.get("maxContains")) : Infinity;
        if (min === undefined || max === undefined) return say("unknown");
        if (most < min || least > max) return say("no");
        return say(least >= min && most <= max ? "yes" : "unknown");
      }
      default:
        return yes;
    }
  }

  #objectKeyword(
    keyword: string,
    argument: JsonValue,
    schema: JsonObject,
    value: JsonObject,
    path: string,
    say: (answer: Answer) => SchemaVerdict,
  ): SchemaVerdict {
    this.#work(value.size);
    const at = (key: string) => {
      this.#work(key.length >> 8);
      return `${path}/${key.replaceAll("~", "~0").replaceAll("/", "~1")}`;
    };
    switch (keyword) {
      case "minProperties":
      case "maxProperties":
        return say(answerCount(keyword === "minProperties", argument, value.size));
      case "required": {
        if (!isJsonArray(argument)) return say("unknown");
        this.#work(argument.length >> 4);
        for (const key of argument) {
          if (typeof key !== "string") return say("unknown");
          if (!value.has(key)) return no(`required ${quote(key)}`, path);
        }
        return yes;
      }
      case "properties": {
        if (!isJsonObject(argument)) return say("unknown");
        return all(
          [...value.keys()].filter((key) => argument.has(key)),
          (key) => this.#apply(argument.get(key)!, value.get(key)!, at(key)),
        );
      }
      case "patternProperties": {
        if (!isJsonObject(argument)) return say("unknown");
        return all([...value.keys()], (key) =>
          all([...argument], ([pattern, one]) => {
            const found = this.#find(pattern, key);
            if (found === "no") return yes;
            const verdict = this.#apply(one, value.get(key)!, at(key));
            return found === "yes" || verdict.answer === "yes" ? verdict : unknown(keyword, at(key));
          }));
      }
      case "additionalProperties": {
        const properties = schema.get("properties");
        const patterns = schema.get("patternProperties");
        return all([...value.keys()], (key) => {
          if (isJsonObject(properties) && properties.has(key)) return yes;
          const covered = isJsonObject(patterns)
            ? anyOf([...patterns.keys()].map((pattern) => this.#find(pattern, key)))
            : "no";
          if (covered === "yes") return yes;
          const verdict = this.#apply(argument, value.get(key)!, at(key));
          if (verdict.answer === "yes") return yes;
          return covered === "unknown"
            ? unknown(keyword, at(key))
            : { ...verdict, why: why(keyword, at(key)) };
        });
      }
      case "propertyNames":
        return all([...value.keys()], (key) => this.#apply(argument, key, at(key)));
      case "dependentRequired":
      case "dependentSchemas":
      case "dependencies": {
        if (!isJsonObject(argument)) return say("unknown");
        this.#work(argument.size >> 2);
        return all([...argument].filter(([key]) => value.has(key)), ([, one]) => {
          if (!isJsonArray(one)) {
            return keyword === "dependentRequired" ? say("unknown") : this.#apply(one, value, path);
          }
          if (keyword === "dependentSchemas" || !one.every((key) => typeof key === "string")) {
            return say("unknown");
          }
          this.#work(one.length >> 4);
          return say(one.every((key) => value.has(key as string)) ? "yes" : "no");
        });
      }
      default:
        return yes;
    }
  }

  /** Whether a pattern of ECMA-262 is found in a text, as far as the linear engine surely says the same. */
  #find(source: string, text: string): Answer {
    if (text.length > checkedTextCharactersMax) return "unknown";
    let made = this.#patterns.get(source);
    if (made === undefined && !this.#patterns.has(source)) {
      made = this.#compile(source);
      this.#patterns.set(source, made);
    }
    // Linear in the text, and at the worst in the pattern as well.
    this.#work(1 + (text.length >> 4) * (1 + ((made?.size ?? 0) >> 4)));
    if (made === undefined || readDifferently.test(text)) return "unknown";
    return made.pattern.finds(text) ? "yes" : "no";
  }

  #compile(source: string): SizedPattern | undefined {
    this.#work(1 + (source.length >> 2));
    const translated = translatePattern(source);
    if (translated === undefined) return undefined;
    const size = patternSize(translated);
    if (size > schemaPatternSizeMax) return undefined;
    this.#work(size >> 2);
    try {
      return { pattern: this.#engine.compile(translated), size };
    } catch {
      return undefined;
    }
  }

  #equal(left: JsonValue, right: JsonValue): Answer {
    this.#work(1);
    if (isJsonNumber(left) && isJsonNumber(right)) {
      this.#work((left.source.length + right.source.length) >> 6);
      return answerBound(right, left, (order) => order === 0);
    }
    if (isJsonArray(left) && isJsonArray(right)) {
      if (left.length !== right.length) return "no";
      return conjunction(left.map((one, i) => this.#equal(one, right[i])));
    }
    if (isJsonObject(left) && isJsonObject(right)) {
      if (left.size !== right.size) return "no";
      return conjunction(
        [...left].map(([key, one]) => right.has(key) ? this.#equal(one, right.get(key)!) : "no"),
      );
    }
    return left === right ? "yes" : "no";
  }

  #answerUnique(value: readonly JsonValue[]): Answer {
    const exact = new Set<string>();
    const rounded = new Set<string>();
    for (const element of value) {
      const text = canonicalJson(element);
      this.#work(1 + (text.length >> 2));
      exact.add(text);
      rounded.add(canonicalJson(roundNumbers(element)));
    }
    if (exact.size < value.length) return "no";
    return rounded.size < value.length ? "unknown" : "yes";
  }

  /** What a reference inside the schema refers to; undefined for every other. */
  #resolve(ref: string): JsonValue | undefined {
    if (ref === "#") return this.#hasOtherBases ? undefined : this.#root;
    if (!ref.startsWith("#") || this.#hasOtherBases) return undefined;
    this.#work(ref.length >> 6);
    if (!ref.startsWith("#/")) return this.#findAnchor(ref.slice(1));
    let at: JsonValue | undefined = this.#root;
    for (const token of ref.slice(2).split("/")) {
      this.#work(1);
      const key = decodeToken(token);
      if (key === undefined) return undefined;
      if (isJsonObject(at)) at = at.get(key);
      else if (isJsonArray(at) && /^(?:0|[1-9][0-9]{0,8})$/.test(key)) at = at[Number(key)];
      else return undefined;
    }
    return at;
  }

  /** Only among the definitions, where everybody writes them; one that stands twice is none. */
  #findAnchor(name: string): JsonValue | undefined {
    const found: JsonValue[] = [];
    for (const place of ["$defs", "definitions"]) {
      const definitions = isJsonObject(this.#root) ? this.#root.get(place) : undefined;
      if (!isJsonObject(definitions)) continue;
      for (const one of definitions.values()) {
        this.#work(1);
        if (isJsonObject(one) && one.get("$anchor") === name) found.push(one);
      }
    }
    return found.length === 1 ? found[0] : undefined;
  }
}

class TooMuchWork extends Error {}

interface SizedPattern {
  readonly pattern: Pattern;
  readonly size: number;
}

interface Dialect {
  readonly ignoresBesideRef: boolean;
}

const dialects: ReadonlyMap<string, Dialect> = new Map([
  ["json-schema.org/draft/2020-12/schema", { ignoresBesideRef: false }],
  ["json-schema.org/draft/2019-09/schema", { ignoresBesideRef: false }],
  ["json-schema.org/draft-07/schema", { ignoresBesideRef: true }],
  ["json-schema.org/draft-06/schema", { ignoresBesideRef: true }],
  ["json-schema.org/draft-04/schema", { ignoresBesideRef: true }],
]);

function dialectOf(root: JsonValue): Dialect | undefined {
  const named = isJsonObject(root) ? root.get("$schema") : undefined;
  if (named === undefined) return { ignoresBesideRef: false };
  if (typeof named !== "string") return undefined;
  return dialects.get(named.replace(/^https?:\/\//, "").replace(/#$/, ""));
}

/** Whether a part of a schema has an identifier of its own, against which references below it are resolved. */
function namesBase(part: JsonValue): boolean {
  if (isJsonArray(part)) return part.some(namesBase);
  if (!isJsonObject(part)) return false;
  return typeof part.get("$id") === "string" || [...part.values()].some(namesBase);
}
