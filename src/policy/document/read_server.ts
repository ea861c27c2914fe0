/** How the server process is to be kept: `server:` of a policy. */

import type { ServerSettings } from "../rule.ts";
import { quote } from "../sentence.ts";
import type { Report } from "./diagnostic.ts";
import type { ServerShape } from "./schema.ts";
import { entryOf, nodeAt, type YamlNode } from "./yaml_tree.ts";

/** `shape` is what the schema made of it; undefined where it found nothing or nothing right. */
export function readServer(root: YamlNode, shape: ServerShape | undefined, report: Report): ServerSettings {
  const node = entryOf(root, "server")?.value;
  if (node === undefined || shape === undefined) return {};
  checkVariables(node, shape, report);
  checkDirectory(node, shape, report);
  return {
    ...(shape.memory === undefined ? {} : { memoryBytesMax: shape.memory }),
    ...(shape.processes === undefined ? {} : { processesMax: shape.processes }),
    ...(shape.open_files === undefined ? {} : { openFilesMax: shape.open_files }),
    ...(shape.file_size === undefined ? {} : { fileBytesMax: shape.file_size }),
    ...(shape.cpu_time === undefined ? {} : { cpuSecondsMax: shape.cpu_time / 1000 }),
    ...(shape.stop_timeout === undefined ? {} : { stopTimeoutMs: shape.stop_timeout }),
    ...(shape.pass_env === undefined ? {} : { passEnv: shape.pass_env }),
    ...(shape.directory === undefined ? {} : { directory: shape.directory }),
    ...(shape.containment === undefined ? {} : { containment: shape.containment }),
  };
}

function checkVariables(node: YamlNode, shape: ServerShape, report: Report): void {
  for (const [index, name] of (shape.pass_env ?? []).entries()) {
    const at = nodeAt(node, ["pass_env", index])!.at;
    if (name.includes("=")) {
      const hint = "pass_env names variables; their values come from the client";
      report.error("policy_bad_value", at, `"pass_env" names ${quote(name)}`, hint);
    } else if (name === "" || /[*?\s]|\p{C}/u.test(name)) {
      // A `*` taken for a letter would pass nothing, and the author would believe the opposite.
      report.error(
        "policy_bad_value",
        at,
        `"pass_env" names ${quote(name)}`,
        "Write each variable's name; there are no globs",
      );
    }
  }
}

function checkDirectory(node: YamlNode, { directory }: ServerShape, report: Report): void {
  if (directory === undefined || /^(?:\/|[A-Za-z]:[\\/])/.test(directory) && !/\p{C}/u.test(directory)) {
    return;
  }
  report.error(
    "policy_bad_value",
    nodeAt(node, ["directory"])!.at,
    `"directory" is ${quote(directory)}`,
    "Write an absolute path: clients start the proxy in folders of their own",
  );
}
