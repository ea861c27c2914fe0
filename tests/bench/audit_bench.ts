/** What one record costs on the way of a message: `deno bench --allow-read=. tests/bench/audit_bench.ts`. */

import {
  appendRecord,
  type DecisionRecord,
  emptyAnchor,
  type OutcomeRecord,
  startChain,
} from "../../src/audit/record.ts";
import { redactJson } from "../../src/audit/redact.ts";
import { verifyLog } from "../../src/audit/verify.ts";
import type { Decision } from "../../src/policy/decision.ts";
import { noFacts } from "../../src/policy/facts.ts";

const encoder = new TextEncoder();
const chain = startChain("0198b2f4-6c1e-7d3a-9b58-3f1c7a2e9d04", emptyAnchor);
const now = 1_790_000_000_123;

const allowed: Decision = {
  verdict: "allow",
  action: "forward",
  policy: "files under /tmp, read only",
  rule: "read-tmp",
  reason: "allowed by the rule",
  observed: [],
  charges: [],
  denials: "tool_result",
};

function decisionOn(argumentsJson: string): DecisionRecord {
  const bytes = encoder.encode(argumentsJson);
  return {
    kind: "decision",
    call: 17,
    from: "agent",
    type: "request",
    id: "17",
    method: "tools/call",
    target: "tool",
    name: "read_text_file",
    decision: allowed,
    facts: noFacts,
    arguments: { bytes, start: 0, end: bytes.length },
    bytes: 300,
  };
}

/** About 200 bytes each. */
const plain = decisionOn(JSON.stringify({
  path: "/tmp/project/src/components/header.tsx",
  head: 40,
  note:
    "Read the beginning of the file to see which hooks the component uses, then compare them with the list in the readme.",
}));
const personal = decisionOn(JSON.stringify({
  to: "ada.lovelace@example.com",
  phone: "+44 20 7946 0958",
  body: "My card is 4111 1111 1111 1111 and the password: hunter2. Please answer before the weekend, thanks.",
}));
const answered: OutcomeRecord = {
  kind: "outcome",
  call: 17,
  from: "server",
  type: "result",
  action: "forward",
  durationMs: 12,
  bytes: 2048,
};

Deno.bench("a decision, 200 bytes of arguments, nothing to mask", { group: "record" }, () => {
  appendRecord(chain, plain, now);
});
Deno.bench("a decision, 200 bytes of arguments, four things to mask", { group: "record" }, () => {
  appendRecord(chain, personal, now);
});
Deno.bench("an outcome", { group: "record" }, () => {
  appendRecord(chain, answered, now);
});

/** One KiB of each, as a JSON string. */
const texts: Readonly<Record<string, string>> = {
  prose: "The quick brown fox jumps over the lazy dog near the river bank, and nobody minds. ",
  "prose with an address":
    "Send it to bob@example.com by Friday, the quick brown fox jumps over the lazy dog. ",
  code: 'const total = items.reduce((sum, item) => sum + item.price * 1.19, 0); // token = getToken("x")\n',
  "log lines":
    "2026-01-15T10:30:00.123Z INFO 10.20.30.40 GET /v1/users/8731 200 12ms id=550e8400-e29b-41d4-a716-446655440000 ",
  "rows of digits": "12 34 56 78 90 ",
  hexadecimal: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
  "at signs": "a@b.c",
  colons: "a1:b2:",
  "telling words": "token: password= ",
  Chinese: "今天天气很好，我们去公园散步吧。",
};
for (const [name, piece] of Object.entries(texts)) {
  const bytes = encoder.encode(
    JSON.stringify({ text: piece.repeat(Math.ceil(1024 / piece.length)).slice(0, 1024) }),
  );
  Deno.bench(`mask 1 KiB: ${name}`, { group: "mask" }, () => {
    redactJson(bytes, 0, bytes.length);
  });
}

/** Texts made to be expensive: work must grow with their length and no faster. */
for (const piece of ["cookie:", "token=", "sk-", "eyJ-", "xoxb-", "1 ", "a@b.c", '{"a":', '"password="']) {
  for (const KiB of [16, 64]) {
    const length = KiB * 1024;
    const bytes = encoder.encode(
      JSON.stringify({ text: piece.repeat(Math.ceil(length / piece.length)).slice(0, length) }),
    );
    Deno.bench(`mask ${KiB} KiB: ${piece}`, { group: piece }, () => {
      redactJson(bytes, 0, bytes.length);
    });
  }
}

const log = function () {
  let place = chain;
  const lines: Uint8Array[] = [];
  for (let i = 0; i < 1000; i++) {
    const { line, chain: next } = appendRecord(place, i % 2 === 0 ? plain : answered, now + i);
    lines.push(line);
    place = next;
  }
  return lines;
}();
Deno.bench("verify 1000 lines", { group: "verify" }, () => {
  verifyLog(log);
});
