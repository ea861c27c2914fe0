/** The members of `params` and `result`: those that the proxy looks at, and those that only look like them. */

import type { JsonScanner } from "../wire/json.ts";
import { ProtocolKeys } from "./folded_key.ts";
import { MemberList, noMembers } from "./member_list.ts";
import type { Members, Value } from "./message.ts";

/** What is looked for in one kind of object. */
class MemberReader {
  readonly #wanted: readonly string[];
  /** The same by length, so that most keys are told without a comparison. */
  readonly #wantedByLength: readonly (readonly string[] | undefined)[];
  readonly #protocolKeys: ProtocolKeys;
  readonly #where: string;

  /** `wanted`: keys whose values are given out; `others`: more keys of which no near miss may stand there. */
  constructor(where: "params" | "result", wanted: readonly string[], others: readonly string[]) {
    this.#where = where;
    this.#wanted = wanted;
    const byLength: string[][] = [];
    for (const key of wanted) (byLength[key.length] ??= []).push(key);
    this.#wantedByLength = byLength;
    this.#protocolKeys = new ProtocolKeys([...wanted, ...others]);
  }

  /** The wanted members of member `parent`'s value; a reason where a key could be mistaken for a protocol key. */
  read(scanner: JsonScanner, parent: number, buffer: Uint8Array): Members | string {
    let members: MemberList | undefined;
    const { memberCount } = scanner;
    for (let i = parent + 1; i < memberCount && scanner.memberParent(i) === parent; i++) {
      const key = this.#wantedKey(scanner, i, buffer);
      if (key !== undefined) {
        (members ??= new MemberList()).add(key, valueOf(scanner, i));
        continue;
      }
      const obstacle = this.#protocolKeys.obstacle(scanner.keyText(i, buffer));
      if (obstacle !== undefined) return `in "${this.#where}", ${obstacle}`;
    }
    return members ?? noMembers;
  }

  /** Told without making a string of the key. */
  #wantedKey(scanner: JsonScanner, i: number, buffer: Uint8Array): string | undefined {
    const wanted = scanner.keyHasEscapes(i)
      ? this.#wanted
      : this.#wantedByLength[scanner.keyEnd(i) - scanner.keyStart(i)];
    if (wanted === undefined) return undefined;
    for (const key of wanted) if (scanner.keyIs(i, key, buffer)) return key;
    return undefined;
  }
}

/** Directly in `params`: what names and describes the thing asked for … */
const wantedParams = [
  "name",
  "arguments",
  "_meta",
  "uri",
  "requestId",
  "progressToken",
  "inputResponses",
  "requestState",
];
/** … and what else servers act by. */
const otherParams = [
  "cursor",
  "level",
  "ref",
  "argument",
  "task",
  "protocolVersion",
  "capabilities",
];

/** Keys directly in `params` of which no near miss may stand there. */
export const paramsKeys: readonly string[] = [...wantedParams, ...otherParams];

export const paramsReader = new MemberReader("params", wantedParams, otherParams);

/** Directly in `result`: what is listed, asked for or given in it. What else it holds is between the two sides. */
export const resultReader = new MemberReader(
  "result",
  [
    "isError",
    "tools",
    "prompts",
    "resources",
    "resourceTemplates",
    "cacheScope",
    "ttlMs",
    "inputRequests",
    "error",
    "roots",
    "task",
    "taskId",
    "resultType",
    "result",
  ],
  ["nextCursor", "_meta", "requestState"],
);

/** Where the value of member `i` lies. */
export function valueOf(scanner: JsonScanner, i: number): Value {
  return { start: scanner.valueStart(i), end: scanner.valueEnd(i), kind: scanner.valueKind(i) };
}
