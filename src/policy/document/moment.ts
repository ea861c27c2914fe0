/** Moments as a policy writes them: a day, or a day and a time, in UTC. */

import type { Quantity } from "./quantity.ts";

const dayMs = 86_400_000;
const hint =
  "A moment is written 2026-12-31, which is through the end of that day, or 2026-12-31T18:00Z; both in UTC";

const day = /^([0-9]{4})-([0-9]{2})-([0-9]{2})$/;
const dayAndTime = /^([0-9]{4}-[0-9]{2}-[0-9]{2})T([0-9]{2}):([0-9]{2})(?::([0-9]{2}))?Z$/;

/**
 * When something ends, in Unix milliseconds: the first moment in which it is not there any more.
 *
 * ```ts
 * import { parseEnd } from "./moment.ts";
 *
 * const end = parseEnd("2026-12-31");
 * console.assert(end.kind === "ok" && end.value === Date.UTC(2027, 0, 1));
 * ```
 */
export function parseEnd(written: string): Quantity<number> {
  if (day.test(written)) {
    const start = startOfDay(written);
    return start === undefined ? noSuchDay(written) : { kind: "ok", value: start + dayMs };
  }
  const parts = dayAndTime.exec(written);
  if (parts === null) return problem(written);
  const [, date, hours, minutes, seconds = "00"] = parts;
  const start = startOfDay(date);
  if (start === undefined) return noSuchDay(date);
  // No leap seconds: Unix time has none.
  if (Number(hours) > 23 || Number(minutes) > 59 || Number(seconds) > 59) {
    return { kind: "problem", what: `${show(written)} is no time of a day`, hint: "The last is T23:59:59Z" };
  }
  return {
    kind: "ok",
    value: start + Number(hours) * 3_600_000 + Number(minutes) * 60_000 + Number(seconds) * 1000,
  };
}

/** Undefined where the calendar has no such day. */
function startOfDay(date: string): number | undefined {
  const ms = Date.parse(`${date}T00:00:00Z`);
  // Readers of dates take the 31st of February for the 3rd of March.
  return Number.isNaN(ms) || new Date(ms).toISOString().slice(0, 10) !== date ? undefined : ms;
}

function noSuchDay(date: string): Quantity<number> {
  return { kind: "problem", what: `the calendar has no ${date}`, hint };
}

function problem(written: string): Quantity<number> {
  const meant = momentMeant(written);
  return {
    kind: "problem",
    what: `${show(written)} is no moment in UTC`,
    hint: meant === undefined ? hint : `Did you mean ${meant}?`,
  };
}

/** ISO 8601 with an offset or without seconds, a blank for the T, slashes, one digit: what surely was meant. */
function momentMeant(written: string): string | undefined {
  const parts =
    /^([0-9]{4})[-/.]([0-9]{1,2})[-/.]([0-9]{1,2})(?:[T ]([0-9]{1,2}):([0-9]{2})(?::([0-9]{2})(?:\.[0-9]+)?)?)? ?([zZ]|UTC|[+-][0-9]{2}:?[0-9]{2})?$/
      .exec(written.trim());
  if (parts === null) return undefined;
  const [, year, month, dayOfMonth, hours, minutes, seconds = "00", zone = "Z"] = parts;
  const date = `${year}-${month.padStart(2, "0")}-${dayOfMonth.padStart(2, "0")}`;
  if (startOfDay(date) === undefined) return undefined;
  if (hours === undefined) return date;
  const offset = /^[zZ]|^UTC/.test(zone) ? "Z" : zone.replace(/([0-9]{2}):?([0-9]{2})$/, "$1:$2");
  const ms = Date.parse(`${date}T${hours.padStart(2, "0")}:${minutes}:${seconds}${offset}`);
  return Number.isNaN(ms) ? undefined : `${new Date(ms).toISOString().slice(0, 19)}Z`;
}

/** A moment as a person reads it: without a time where it is the end of a day. */
export function formatEnd(endMs: number): string {
  const iso = new Date(endMs % dayMs === 0 ? endMs - dayMs : endMs).toISOString();
  return endMs % dayMs === 0 ? `the end of ${iso.slice(0, 10)}` : `${iso.slice(0, 19)}Z`;
}

function show(written: string): string {
  return JSON.stringify(written.slice(0, 40));
}
