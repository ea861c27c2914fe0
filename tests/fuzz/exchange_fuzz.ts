/**
 * Lets an agent, a server and a person who answer each other at random talk through the session, with all that waits in
 * it: calls held for a person, lists that we ask for ourselves, limits and labels that another proxy shares, policies that
 * change, a log that fails;
 * and asks after each step whether the promises hold (exchange_referee.ts).
 *
 *     deno run --ignore-env=LOG_TOKENS,LOG_STREAM tests/fuzz/exchange_fuzz.ts --seconds 10 --seed 1
 *     deno run --ignore-env=LOG_TOKENS,LOG_STREAM tests/fuzz/exchange_fuzz.ts --canary
 *
 * Options and exit status are those of json_fuzz.ts.
 */

import { concat, encode } from "../wire/support/bytes.ts";
import { exchangeCanaries } from "./exchange_canaries.ts";
import { Exchange, type ExchangeSession, soundSession } from "./exchange.ts";
import { Random } from "./random.ts";
import { type FuzzResult, runFuzzer } from "./run_fuzzer.ts";

/** Steps of one exchange. */
const stepsMax = 60;

/** Plays up to `textsMax` exchanges, or until `isOver` says so, or until a promise is broken. */
export function fuzzExchanges(
  session: ExchangeSession,
  seed: number,
  textsMax: number,
  isOver: () => boolean = () => false,
): FuzzResult {
  let accepted = 0;
  for (let texts = 0; texts < textsMax; texts++) {
    if (texts % 16 === 0 && isOver()) return { texts, accepted };
    const exchange = new Exchange(session, new Random(seed * 1_000_003 + texts));
    const what = play(exchange);
    if (what !== undefined) {
      const text = concat(
        [`exchange ${texts} of seed ${seed}`, ...exchange.story].map((line) => encode(`${line}\n`)),
      );
      return { texts, accepted, disagreement: { text, what } };
    }
    if (exchange.referee.passed > 5) accepted++;
  }
  return { texts: textsMax, accepted };
}

/** A sentence about the first promise that was broken; undefined where all were kept. */
function play(exchange: Exchange): string | undefined {
  try {
    for (let steps = 0; steps < stepsMax; steps++) {
      exchange.step();
      if (exchange.referee.breach !== undefined) return exchange.referee.breach;
    }
    exchange.finish();
    return exchange.referee.breach;
  } catch (error) {
    return `threw ${error instanceof Error ? error.stack : error}`;
  }
}

/** Exchanges within which every canary must be noticed. */
export const exchangeCanaryTextsMax = 2_000;

if (import.meta.main) {
  const fuzzer = {
    name: "exchanges",
    fuzz: fuzzExchanges,
    make: (): ExchangeSession => soundSession,
    canaries: exchangeCanaries,
    canaryTextsMax: exchangeCanaryTextsMax,
  };
  if (!runFuzzer(fuzzer, Deno.args)) Deno.exit(1);
}
