/**
 * Gives real conversations, changed at random, to the whole session, and asks whether it kept its promises
 * (support/breaches.ts), whatever came.
 *
 *     deno run --ignore-env=LOG_TOKENS,LOG_STREAM tests/fuzz/session_fuzz.ts --seconds 10 --seed 1
 *     deno run --ignore-env=LOG_TOKENS,LOG_STREAM tests/fuzz/session_fuzz.ts --canary
 *
 * Options and exit status are those of json_fuzz.ts.
 */

import type { Side } from "../../src/mcp/operation.ts";
import { receive } from "../../src/proxy/session.ts";
import { conversations } from "../corpus/conversations.ts";
import { findBreach } from "../support/breaches.ts";
import { ByteSession } from "../support/byte_session.ts";
import { ruleOf, scopeOf } from "../support/policies.ts";
import { concat, encode } from "../wire/support/bytes.ts";
import { split } from "../wire/support/naive_frames.ts";
import { changesOfText } from "./changes.ts";
import { Random } from "./random.ts";
import { type FuzzResult, runFuzzer } from "./run_fuzzer.ts";
import { type Receive, sessionCanaries } from "./session_canaries.ts";

/** A line of one side with what ends it. */
export interface Line {
  readonly side: Side;
  readonly bytes: Uint8Array;
}

const policies = [
  { default: "allow" as const },
  {
    rules: [
      ruleOf({
        effect: "allow",
        scope: scopeOf({ tools: ["read*", "ask"], methods: ["ping", "elicitation/*"] }),
      }),
      ruleOf({ effect: "limit", scope: scopeOf({ tools: ["*"] }), to: { calls: 2, perMs: 1000, burst: 2 } }),
    ],
  },
  {
    default: "allow" as const,
    invisibleText: "refuse" as const,
    rules: [
      ruleOf({ effect: "ask", scope: scopeOf({ tools: ["ask", "delete"], methods: ["sampling/*"] }) }),
      ruleOf({
        effect: "allow",
        scope: scopeOf({ tools: ["read*"] }),
        schema: "declared",
        taint: ["private"],
      }),
      ruleOf({ effect: "allow", scope: scopeOf({ tools: ["slow"] }), resultBytesMax: 1024 }),
      ruleOf({ effect: "deny", scope: scopeOf({ resources: ["*"] }), ifTainted: ["private"] }),
      ruleOf({
        effect: "limit",
        scope: scopeOf({ tools: ["*"] }),
        quota: { per: "session", max: 3 },
      }),
    ],
  },
];

/** Small enough for changed lines to reach it now and then. */
export const frameBytesMax = 400;

/** Tries up to `textsMax` conversations, or until `isOver` says so, or until a promise is broken. */
export function fuzzSession(
  broken: Receive,
  seed: number,
  textsMax: number,
  isOver: () => boolean = () => false,
): FuzzResult {
  const random = new Random(seed);
  let accepted = 0;
  for (let texts = 0; texts < textsMax; texts++) {
    if (texts % 16 === 0 && isOver()) return { texts, accepted };
    const lines = nextConversation(random);
    const session = new ByteSession({ document: random.pick(policies), frameBytesMax, receive: broken });
    const what = play(session, lines, random) ?? findBreach(session);
    if (what !== undefined) {
      return { texts, accepted, disagreement: { text: concat(lines.map(({ bytes }) => bytes)), what } };
    }
    if (session.sentTo("upstream").length > 2) accepted++;
  }
  return { texts: textsMax, accepted };
}

/** A sentence where the session throws. */
function play(session: ByteSession, lines: readonly Line[], random: Random): string | undefined {
  try {
    for (const { side, bytes } of lines) {
      const cuts = Array.from({ length: random.below(3) }, () => random.below(bytes.length + 1));
      for (const chunk of split(bytes, cuts)) session.push(side, chunk);
    }
    session.end("downstream");
    session.end("upstream");
    return undefined;
  } catch (error) {
    return `threw ${error instanceof Error ? error.stack : error}`;
  }
}

const endings = ["\n", "\n", "\n", "\n", "\n", "\r\n", "\n\n", "", "\r"].map(encode);

/** One of the corpus; its lines changed in their bytes, their order, their number and their side. */
export function nextConversation(random: Random): Line[] {
  const lines: Line[] = random.pick(conversations).map((line) => ({
    side: line.startsWith(">") ? "downstream" : "upstream",
    bytes: concat([encode(line.slice(1)), random.pick(endings)]),
  }));
  for (let changes = random.below(6); changes > 0; changes--) {
    random.pick(changesOfConversation)(lines, random);
  }
  return lines;
}

const changesOfConversation: readonly ((lines: Line[], random: Random) => void)[] = [
  changeBytes,
  changeBytes,
  changeBytes,
  function swapTwo(lines, random) {
    const [a, b] = [random.below(lines.length), random.below(lines.length)];
    [lines[a], lines[b]] = [lines[b], lines[a]];
  },
  function sayTwice(lines, random) {
    lines.splice(random.below(lines.length), 0, random.pick(lines));
  },
  function leaveOut(lines, random) {
    if (lines.length > 1) lines.splice(random.below(lines.length), 1);
  },
  function changeSide(lines, random) {
    const at = random.below(lines.length);
    lines[at] = { ...lines[at], side: lines[at].side === "upstream" ? "downstream" : "upstream" };
  },
  function sayNoise(lines, random) {
    const bytes = Uint8Array.from({ length: random.below(40) }, () => random.below(256));
    lines.splice(random.below(lines.length), 0, { side: random.pick(["downstream", "upstream"]), bytes });
  },
  function gather(lines, random) {
    const at = random.below(lines.length);
    const { side, bytes } = lines[at];
    lines[at] = {
      side,
      bytes: concat([encode("["), bytes.subarray(0, -1), encode(`,${random.below(3)}]\n`)]),
    };
  },
];

function changeBytes(lines: Line[], random: Random): void {
  const at = random.below(lines.length);
  lines[at] = { ...lines[at], bytes: random.pick(changesOfText)(lines[at].bytes, random) };
}

/** Conversations within which every canary must be noticed. */
export const sessionCanaryTextsMax = 2_000;

if (import.meta.main) {
  const fuzzer = {
    name: "the session",
    fuzz: fuzzSession,
    make: (): Receive => receive,
    canaries: sessionCanaries,
    canaryTextsMax: sessionCanaryTextsMax,
  };
  if (!runFuzzer(fuzzer, Deno.args)) Deno.exit(1);
}
