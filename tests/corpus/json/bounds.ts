/** Depth and numbers of keys, at their limits and far beyond. */

import { jsonDepthMax } from "../../../src/limits.ts";
import { accepted, disputed, type JsonCase, rejected } from "./case.ts";

const recursion = "RFC 8259 §9 lets readers bound the depth; those that recurse overflow";

const arrays = (depth: number) => "[".repeat(depth) + "]".repeat(depth);
const objects = (depth: number) => '{"a":'.repeat(depth) + "1" + "}".repeat(depth);
const mixed = (depth: number) => '[{"a":'.repeat(depth / 2) + "1" + "}]".repeat(depth / 2);

export const bounds: readonly JsonCase[] = [
  accepted("arrays nested to the limit", arrays(jsonDepthMax), recursion),
  accepted("objects nested to the limit", objects(jsonDepthMax), recursion),
  accepted("arrays and objects nested to the limit", mixed(jsonDepthMax), recursion),
  accepted("many shallow arrays", `[${Array(5000).fill("[]").join(",")}]`, "depth is not number"),
  accepted("brackets inside a string", `"${"[".repeat(1000)}"`, "depth is not text"),
  accepted("five thousand keys in one object", keys(5000), "RFC 8259 §4 has no bound"),
  accepted("many keys that need escapes", keys(500, "\\u0061"), "RFC 8259 §4 has no bound"),

  disputed("arrays nested one deeper than the limit", arrays(jsonDepthMax + 1), "depth", recursion),
  disputed("objects nested one deeper than the limit", objects(jsonDepthMax + 1), "depth", recursion),
  disputed(
    "an array at the limit that holds an object",
    `${"[".repeat(jsonDepthMax)}{}${"]".repeat(jsonDepthMax)}`,
    "depth",
    recursion,
  ),
  rejected("200,000 opening brackets", "[".repeat(200_000), "depth", recursion),
  rejected("200,000 opening braces with keys", '{"a":'.repeat(200_000), "depth", recursion),
  disputed("100,000 brackets that are all closed", arrays(100_000), "depth", recursion),
];

function keys(count: number, prefix = ""): string {
  return `{${Array.from({ length: count }, (_, i) => `"${prefix}${i}":${i}`).join(",")}}`;
}
