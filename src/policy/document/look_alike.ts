/** Plain words and digits that YAML 1.1 readers, and people who know them, take for something other than text. */

import { quote } from "../sentence.ts";
import type { Report } from "./diagnostic.ts";
import type { YamlNode } from "./yaml_tree.ts";

/** YAML 1.1, tag:yaml.org,2002:bool. */
const booleanIn11 = /^(?:y|Y|yes|Yes|YES|n|N|no|No|NO|on|On|ON|off|Off|OFF)$/;
/**
 * YAML 1.1, tag:yaml.org,2002:int and float: digits in groups, and sexagesimal (12:30:45). It takes time with the square
 * of the length, so it is asked of what people write as a number.
 */
const numberIn11 = /^[-+]?[0-9][0-9_]*(?:_[0-9_]*|(?::[0-5]?[0-9])+)(?:\.[0-9_]*)?$/;
const numberCharactersMax = 100;

/** Warns of every such text in a value that is compared with what a call says, where text and boolean differ. */
export function warnOfLookAlikes(node: YamlNode, report: Report): void {
  switch (node.kind) {
    case "list":
      for (const item of node.items) warnOfLookAlikes(item, report);
      return;
    case "map":
      for (const { value } of node.entries) warnOfLookAlikes(value, report);
      return;
    case "scalar": {
      const { value, quoted, at } = node;
      if (quoted || typeof value !== "string") return;
      const other = booleanIn11.test(value)
        ? "true or false"
        : value.length <= numberCharactersMax && numberIn11.test(value)
        ? "a number"
        : undefined;
      if (other === undefined) return;
      report.warning(
        "look_alike",
        at,
        `${quote(value)} is text here, and ${other} to readers of YAML 1.1`,
        `Write ${other === "a number" ? "the number as in JSON" : other}, or put it in quotes: ${
          quote(value)
        }`,
      );
    }
  }
}
