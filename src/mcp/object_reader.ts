/** Objects that lie deeper in a message than its own reader looks: read as strictly as `params` and `result` are. */

import { JsonScanner } from "../wire/json.ts";
import { decodeString } from "../wire/json_value.ts";
import { ProtocolKeys } from "./folded_key.ts";
import { MemberList } from "./member_list.ts";
import { valueOf } from "./members.ts";
import type { Members, Value } from "./message.ts";

/** Scratch space; it holds nothing between two calls. */
const scanner = new JsonScanner();

/** What is looked for in one kind of object. */
export class ObjectReader {
  readonly #where: string;
  readonly #wanted: ReadonlySet<string>;
  readonly #keys: ProtocolKeys;

  /** `where`: what the object is called in reasons; `others`: more keys of which no near miss may stand in it. */
  constructor(where: string, wanted: readonly string[], others: readonly string[] = []) {
    this.#where = where;
    this.#wanted = new Set(wanted);
    this.#keys = new ProtocolKeys([...wanted, ...others]);
  }

  /**
   * The wanted members of the object `value`; a reason where it is no object, a key stands twice in it or is spelt with
   * a needless escape, or one could be mistaken for a protocol key. What its values hold is not looked at.
   */
  read(buffer: Uint8Array, value: Value): Members | string {
    if (value.kind !== "object") return `"${this.#where}" is not an object`;
    const refusal = scanner.scan(buffer, value.start, value.end);
    if (refusal !== undefined) return refusal.message;
    const members = this.#read(buffer);
    scanner.release();
    return members;
  }

  #read(buffer: Uint8Array): Members | string {
    if (scanner.duplicateDepth === 1) return `in "${this.#where}", a key stands twice`;
    if (scanner.surrogateDepth === 1) return `in "${this.#where}", a lone surrogate`;
    if (scanner.keyEscapeDepth === 1) return `in "${this.#where}", a key with a letter spelt as \\uXXXX`;
    const members = new MemberList();
    for (let i = 0; i < scanner.memberCount; i++) {
      if (scanner.memberParent(i) >= 0) continue;
      const key = scanner.keyText(i, buffer);
      if (this.#wanted.has(key)) {
        members.add(key, valueOf(scanner, i));
        continue;
      }
      const obstacle = this.#keys.obstacle(key);
      if (obstacle !== undefined) return `in "${this.#where}", ${obstacle}`;
    }
    return members;
  }
}

/**
 * Why two readers could see different things in `value`, however deep; undefined where they cannot. It is what a
 * request is held to as a whole, for what is asked inside an answer.
 */
export function findAmbiguity(buffer: Uint8Array, value: Value): string | undefined {
  const refusal = scanner.scan(buffer, value.start, value.end);
  const { duplicateDepth, surrogateDepth, keyEscapeDepth } = scanner;
  scanner.release();
  if (refusal !== undefined) return refusal.message;
  if (duplicateDepth > 0) return "a key stands twice in one object";
  if (surrogateDepth > 0) return "a lone surrogate (\\uD800 to \\uDFFF without its partner)";
  if (keyEscapeDepth > 0) return "a key with a letter spelt as \\uXXXX";
  return undefined;
}

/** The text of a member that is a string; undefined where it is none, or not there. */
export function textOf(buffer: Uint8Array, value: Value | undefined): string | undefined {
  return value?.kind === "string" ? decodeString(buffer, value.start, value.end) : undefined;
}
