/** What must hold for every message, whatever it is; asked of a session that bytes were given to. */

import { readMessage } from "../../src/mcp/read_message.ts";
import type { Effect } from "../../src/proxy/effect.ts";
import { JsonScanner } from "../../src/wire/json.ts";
import { asText } from "../wire/support/bytes.ts";
import { type ByteSession, bytesOf, type Delivery } from "./byte_session.ts";
import { recordOf } from "./lines.ts";

/**
 * A sentence about the first promise that was broken; undefined where all were kept:
 *
 * 1. every message leaves a record;
 * 2. nothing leaves before a record of the message that brought it about;
 * 3. nothing is forwarded without a record that says so;
 * 4. nothing is forwarded that our own reader refuses;
 * 5. what is forwarded is a message as it came, but for lists that were cut and answers that were gathered.
 */
export function findBreach(session: ByteSession): string | undefined {
  let permits = 0;
  for (const [i, delivery] of session.deliveries.entries()) {
    const records = recordsAmong(delivery.effects);
    // An array that is taken apart leaves the records of its messages, which come right behind it.
    const isTakenApart = delivery.incoming.kind === "batch" &&
      session.deliveries[i + 1]?.side === delivery.side;
    if (records.length === 0 && !isTakenApart) return "a message without a record";
    permits += records.filter(({ action }) => action === "forward" || action === "filter").length;
    const isCut = records.some(({ action }) => action === "filter");
    let recorded = false;
    for (const effect of delivery.effects) {
      if (effect.kind === "record") recorded = true;
      if (effect.kind !== "forward" && effect.kind !== "reply") continue;
      if (!recorded) return `a ${effect.kind} before its record`;
      if (effect.kind !== "forward") continue;
      if (--permits < 0) return "a message forwarded without a record that says so";
      const wrong = findFault(delivery, effect, isCut);
      if (wrong !== undefined) return wrong;
    }
  }
  return undefined;
}

const scanner = new JsonScanner();

function findFault(
  { side, incoming }: Delivery,
  effect: Effect & { readonly kind: "forward" },
  isCut: boolean,
): string | undefined {
  if (effect.to === side) return "a message forwarded to its sender";
  const bytes = bytesOf(effect);
  if (bytes.at(-1) !== 0x0a) return "a message forwarded without a line feed";
  const read = readMessage(scanner, { buffer: bytes, start: 0, end: bytes.length - 1 });
  if (read.kind === "malformed" || read.kind === "batch") {
    return `forwarded what is refused: ${asText(bytes)}`;
  }
  if (incoming.kind === "oversize" || incoming.kind === "malformed") {
    return `forwarded for what is no message: ${asText(bytes)}`;
  }
  const { buffer, start, end } = incoming.frame;
  if (!isCut && asText(bytes) !== `${asText(buffer.subarray(start, end))}\n`) {
    return `changed on its way: ${asText(bytes)}`;
  }
  return undefined;
}

/** Every record of the session, in order. */
export function recordsOf(session: ByteSession): Record<string, unknown>[] {
  return session.deliveries.flatMap(({ effects }) => recordsAmong(effects));
}

function recordsAmong(effects: readonly Effect[]): Record<string, unknown>[] {
  return effects.map(recordOf).filter((record) => record !== undefined);
}
