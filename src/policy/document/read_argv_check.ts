/** The check `argv` of a policy: the program, its flags and its operands, or what is wrong with them. */

import type { OperandRule } from "../argv/answer_argv.ts";
import { describeFlagRule, type FlagRule, readFlagRule } from "../argv/flag_rule.ts";
import { readCommand } from "../argv/read_command.ts";
import type { Check } from "../rule.ts";
import { quote } from "../sentence.ts";
import type { Report } from "./diagnostic.ts";
import { describeNode } from "./shape_issue.ts";
import { entryOf, type YamlNode } from "./yaml_tree.ts";

/** Reads the checks of an argument: those of an operand are the same. */
export type ReadChecks = (name: string, node: YamlNode, report: Report) => Check[] | undefined;

/** Reads the map below `argv`, whose shape is right; `undefined` where the report now says what is wrong. */
export function readArgvCheck(node: YamlNode, report: Report, readChecks: ReadChecks): Check | undefined {
  const program = entryOf(node, "program")!.value;
  const flags = entryOf(node, "flags")?.value;
  const operands = entryOf(node, "operands")?.value;
  const programs = readPrograms(program, report);
  const flagRules = flags && readFlags(flags, report);
  const operandRule = operands && readOperands(operands, report, readChecks);
  if (!programs || (flags && !flagRules) || (operands && !operandRule)) return undefined;
  return {
    kind: "argv",
    rule: {
      programs,
      ...(flagRules && { flags: flagRules }),
      ...(operandRule && { operands: operandRule }),
    },
    at: node.at,
  };
}

function itemsOf(node: YamlNode): readonly YamlNode[] {
  return node.kind === "list" ? node.items : [node];
}

/** As it stands: `-1` is a flag, though YAML reads a number. */
function textOf(node: YamlNode): string {
  if (node.kind !== "scalar") return "";
  return typeof node.value === "string" ? node.value : node.source;
}

function readPrograms(node: YamlNode, report: Report): string[][] | undefined {
  if (node.kind === "scalar" && node.value === "none") return [[]];
  const programs: string[][] = [];
  for (const item of itemsOf(node)) {
    const reading = readCommand(textOf(item));
    const problem = reading.kind === "unknown"
      ? { what: `, which no command could begin with: ${reading.why}`, hint: "Write its name alone: ls" }
      : reading.words.some((word) => word.startsWith("-"))
      ? { what: ", with a flag", hint: 'Flags stand in "flags", and may come in any order' }
      : undefined;
    if (problem !== undefined) {
      report.error(
        "policy_bad_value",
        item.at,
        `"program" is ${describeNode(item)}${problem.what}`,
        problem.hint,
      );
      return undefined;
    }
    if (reading.kind === "words") programs.push([...reading.words]);
  }
  return programs;
}

function readFlags(node: YamlNode, report: Report): FlagRule[] | undefined {
  const flags: FlagRule[] = [];
  for (const item of itemsOf(node)) {
    const flag = readFlagRule(textOf(item));
    if ("kind" in flag) {
      report.error("policy_bad_value", item.at, `"flags" names ${describeNode(item)}${flag.what}`, flag.hint);
      return undefined;
    }
    const other = flags.find((one) => one.flag === flag.flag && takesNext(one) !== takesNext(flag));
    if (other !== undefined && [other, flag].some(({ value }) => value === undefined)) {
      report.error(
        "policy_bad_value",
        item.at,
        `"flags" names ${quote(describeFlagRule(other))} and ${quote(describeFlagRule(flag))}: ` +
          "whether the next word is a value could not be told",
        "Write one of them, or two rules",
      );
      return undefined;
    }
    flags.push(flag);
  }
  return flags;
}

function takesNext({ value }: FlagRule): boolean {
  return value?.behind === " ";
}

function readOperands(
  node: YamlNode,
  report: Report,
  readChecks: ReadChecks,
): "none" | OperandRule<Check> | undefined {
  if (node.kind === "scalar" && node.value === "none") return "none";
  if (node.kind === "scalar" && node.source === "" && node.value === null) {
    report.error("policy_wrong_type", node.at, '"operands" is empty', "Write checks, or operands: none");
    return undefined;
  }
  const least = entryOf(node, "at_least");
  const atLeast = least === undefined ? 0 : readCount(least.value, report);
  const entries = node.kind === "map" ? node.entries.filter((entry) => entry !== least) : [];
  if (node.kind === "map" && entries.length === 0) {
    report.error(
      "policy_bad_value",
      node.at,
      '"operands" has no check',
      "Write one, for example { under: /tmp }; { matches: '.*' } takes any",
    );
    return undefined;
  }
  const checks = readChecks('"operands"', node.kind === "map" ? { ...node, entries } : node, report);
  return checks === undefined || atLeast === undefined ? undefined : { checks, atLeast };
}

function readCount(node: YamlNode, report: Report): number | undefined {
  const value = node.kind === "scalar" ? node.value : undefined;
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= 1) return value;
  const what = `"at_least" is ${describeNode(node)}, where a whole number above 0 is expected`;
  report.error("policy_wrong_type", node.at, what, "Write at_least: 1");
  return undefined;
}
