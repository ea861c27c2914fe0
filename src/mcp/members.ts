/** The members of `params` and `result`: those that the proxy looks at, and those that only look like them. */

import type { JsonScanner } from "../wire/json.ts";
import { ProtocolKeys } from "./folded_key.ts";
import type { Members, Value } from "./message.ts";

/** What is looked for in one kind of object. */
class MemberReader {
  readonly #wanted: readonly string[];
  readonly #protocolKeys: ProtocolKeys;
  readonly #where: string;

  /** `wanted`: keys whose values are given out; `others`: more keys of which no near miss may stand there. */
  constructor(where: "params" | "result", wanted: readonly string[], others: readonly string[]) {
    this.#where = where;
    this.#wanted = wanted;
    this.#protocolKeys = new ProtocolKeys([...wanted, ...others]);
  }

  /** The wanted members of member `parent`'s value; a reason where a key could be mistaken for a protocol key. */
  read(scanner: JsonScanner, parent: number, buffer: Uint8Array): Members | string {
    const members = new Map<string, Value>();
    const { memberCount } = scanner;
    for (let i = parent + 1; i < memberCount && scanner.memberParent(i) === parent; i++) {
      const key = this.#wantedKey(scanner, i, buffer);
      if (key !== undefined) {
        members.set(key, valueOf(scanner, i));
        continue;
      }
      const obstacle = this.#protocolKeys.obstacle(scanner.keyText(i, buffer));
      if (obstacle !== undefined) return `in "${this.#where}", ${obstacle}`;
    }
    return members;
  }

  /** Told without making a string of the key. */
  #wantedKey(scanner: JsonScanner, i: number, buffer: Uint8Array): string | undefined {
    for (const key of this.#wanted) if (scanner.keyIs(i, key, buffer)) return key;
    return undefined;
  }
}

/** Directly in `params`: what names and describes the thing asked for, and what else servers act by. */
export const paramsReader = new MemberReader(
  "params",
  ["name", "arguments", "uri", "requestId", "_meta", "progressToken"],
  [
    "cursor",
    "level",
    "ref",
    "argument",
    "task",
    "protocolVersion",
    "capabilities",
    "inputResponses",
    "requestState",
  ],
);

/** Directly in `result`. What else a result holds is between the server and the agent. */
export const resultReader = new MemberReader(
  "result",
  ["tools", "prompts", "resources", "isError", "task", "resultType"],
  ["resourceTemplates", "nextCursor", "_meta"],
);

/** Where the value of member `i` lies. */
export function valueOf(scanner: JsonScanner, i: number): Value {
  return { start: scanner.valueStart(i), end: scanner.valueEnd(i), kind: scanner.valueKind(i) };
}
