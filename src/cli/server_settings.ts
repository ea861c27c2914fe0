/** One server, several policies: each may only tighten what the others say. */

import { LilithError } from "../errors.ts";
import type { ServerSettings } from "../policy/rule.ts";

/** The strictest of each setting. Two different working directories are an error: neither is stricter. */
export function mergeServerSettings(all: readonly ServerSettings[]): ServerSettings {
  const directories = new Set(all.flatMap(({ directory }) => directory ?? []));
  if (directories.size > 1) {
    throw new LilithError("policy_bad_value", {
      message: `Cannot start the server: the policies name different working directories (${
        [...directories].join(", ")
      })`,
      hint: "Name it in one of the policies only",
    });
  }
  const [directory] = directories;
  const environments = all.flatMap(({ passEnv }) => passEnv === undefined ? [] : [passEnv]);
  const passEnv = environments.length === 0
    ? undefined
    : environments.reduce((names, others) => names.filter((name) => others.includes(name)));
  const merged = {
    memoryBytesMax: smallest(all, "memoryBytesMax"),
    processesMax: smallest(all, "processesMax"),
    openFilesMax: smallest(all, "openFilesMax"),
    fileBytesMax: smallest(all, "fileBytesMax"),
    cpuSecondsMax: smallest(all, "cpuSecondsMax"),
    stopTimeoutMs: smallest(all, "stopTimeoutMs"),
    passEnv,
    directory,
    containment: strictestLevel(all),
  };
  return Object.fromEntries(Object.entries(merged).filter(([, value]) => value !== undefined));
}

type NumberSetting = {
  [K in keyof ServerSettings]-?: ServerSettings[K] extends number | undefined ? K : never;
}[keyof ServerSettings];

function smallest(all: readonly ServerSettings[], key: NumberSetting): number | undefined {
  const given = all.flatMap((settings) => settings[key] ?? []);
  return given.length === 0 ? undefined : Math.min(...given);
}

function strictestLevel(all: readonly ServerSettings[]): ServerSettings["containment"] {
  const demanded = all.flatMap(({ containment }) => containment ?? []);
  if (demanded.includes("namespace")) return "namespace";
  return demanded[0];
}
