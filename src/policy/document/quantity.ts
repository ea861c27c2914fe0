/** Sizes, durations and rates as people write them in a policy. */

import { rateCallsMax } from "../../limits.ts";
import type { Rate } from "../rule.ts";
import { nearest } from "./suggest.ts";

/** A number that was read, or why it could not be. */
export type Quantity<T> =
  | { readonly kind: "ok"; readonly value: T }
  | { readonly kind: "problem"; readonly what: string; readonly hint: string };

const byteUnits: ReadonlyMap<string, number> = new Map([
  ["B", 1],
  ["KiB", 1024],
  ["MiB", 1024 ** 2],
  ["GiB", 1024 ** 3],
  ["TiB", 1024 ** 4],
]);

/**
 * `512MiB`, `1.5GiB`, `64KiB` or a plain number of bytes → bytes.
 *
 * Only the binary units: `MB` means 10^6 to some and 2^20 to others, and a memory cap is no place to guess.
 */
export function parseSize(written: string | number): Quantity<number> {
  const hint = "A size is written 512MiB, 1GiB, 64KiB, or as a number of bytes";
  const parts = splitUnit(written);
  if (parts === undefined) return problem(`${show(written)} is not a size`, hint);
  const { number, unit } = parts;
  const factor = byteUnits.get(unit === "" ? "B" : unit);
  if (factor === undefined) {
    const meant = sizeUnitMeant(unit);
    return problem(
      `${show(written)} has no unit of size that is known here`,
      meant === undefined ? hint : `Did you mean ${number}${meant}?`,
    );
  }
  const bytes = number * factor;
  if (!Number.isSafeInteger(bytes)) return problem(`${show(written)} is not a whole number of bytes`, hint);
  return { kind: "ok", value: bytes };
}

/** `512m`, `512M`, `512MB`, `512mib` … were meant as MiB by most who write them in a configuration. */
function sizeUnitMeant(unit: string): string | undefined {
  const letter = /^([kmgt])(i?b)?$/i.exec(unit)?.[1];
  if (letter !== undefined) return `${letter.toUpperCase()}iB`;
  return nearest(unit, [...byteUnits.keys()]);
}

const timeUnitsMs: ReadonlyMap<string, number> = new Map([
  ["ms", 1],
  ["s", 1000],
  ["m", 60_000],
  ["h", 3_600_000],
]);

/** `5s`, `500ms`, `2m`, `1h` → milliseconds, whole and above zero. A number without a unit is refused. */
export function parseDuration(written: string | number): Quantity<number> {
  const hint = "A duration is written 500ms, 5s, 2m or 1h";
  const parts = splitUnit(written);
  if (parts === undefined) return problem(`${show(written)} is not a duration`, hint);
  const { number, unit } = parts;
  if (unit === "") {
    return problem(
      `${show(written)} has no unit of time`,
      `Write ${number}s for seconds, ${number}m for minutes`,
    );
  }
  const factor = timeUnitsMs.get(unit);
  if (factor === undefined) return problem(`${show(written)} has no unit of time that is known here`, hint);
  const ms = number * factor;
  if (!Number.isSafeInteger(ms) || ms < 1) {
    return problem(`${show(written)} is not a whole number of milliseconds above 0`, hint);
  }
  return { kind: "ok", value: ms };
}

function splitUnit(written: string | number): { number: number; unit: string } | undefined {
  const match = /^([0-9]+(?:\.[0-9]+)?)[ ]?([A-Za-z]*)$/.exec(String(written));
  if (match === null) return undefined;
  return { number: Number(match[1]), unit: match[2] };
}

const rateUnitsMs: ReadonlyMap<string, number> = new Map([
  ["second", 1000],
  ["minute", 60_000],
  ["hour", 3_600_000],
  ["day", 86_400_000],
]);

const shortRateUnits: ReadonlyMap<string, string> = new Map([
  ["s", "second"],
  ["sec", "second"],
  ["m", "minute"],
  ["min", "minute"],
  ["h", "hour"],
  ["hr", "hour"],
  ["d", "day"],
]);

/** `60 calls/minute` → a rate whose bucket holds the calls of one unit. */
export function parseRate(written: string): Quantity<Rate> {
  const hint = "A limit is written 60 calls/minute: a whole number, per second, minute, hour or day";
  const match = /^([0-9]+) calls?[ ]?\/[ ]?([a-z]+)$/.exec(written);
  const unitMs = match === null ? undefined : rateUnitsMs.get(match[2]);
  if (match === null || unitMs === undefined) {
    const meant = rateMeant(written);
    return problem(`${show(written)} is not a limit`, meant === undefined ? hint : `Did you mean ${meant}?`);
  }
  const calls = Number(match[1]);
  if (calls < 1) return problem("a limit of 0 calls", "To close something altogether, write deny");
  if (calls > rateCallsMax) return problem(`${show(written)} is above ${rateCallsMax} calls`, hint);
  return { kind: "ok", value: { calls, perMs: unitMs, burst: calls } };
}

/** `60/min`, `60 calls per minute`, `60 requests / minutes`: what the author probably wanted to write. */
function rateMeant(written: string): string | undefined {
  const match = /^([0-9]+) *(?:[a-z]+)? *(?:\/|per|a) *([a-z]+)$/i.exec(written);
  if (match === null) return undefined;
  const unit = match[2].toLowerCase();
  const known = shortRateUnits.get(unit) ?? nearest(unit, [...rateUnitsMs.keys()]);
  return known === undefined ? undefined : `"${match[1]} calls/${known}"`;
}

function problem(what: string, hint: string): { kind: "problem"; what: string; hint: string } {
  return { kind: "problem", what, hint };
}

function show(written: string | number): string {
  return typeof written === "number" ? String(written) : JSON.stringify(written.slice(0, 40));
}
