/** What is forwarded is what came in, to the byte; the exceptions are named in tests of their own. */

import assert from "node:assert/strict";
import fc from "fast-check";
import type { Side } from "../../src/mcp/operation.ts";
import { ByteSession } from "../support/byte_session.ts";
import { answerText, notificationText, requestText } from "../support/json_messages.ts";
import { asText, encode } from "../wire/support/bytes.ts";
import { ruleOf, scopeOf } from "../support/policies.ts";

const other = (side: Side): Side => side === "downstream" ? "upstream" : "downstream";

/** Ids in different spellings, none equal to another by value. */
const spellings = ["1", "2.0", "30e-1", "-4", '"a"', '"5"', '"\\u0062"', '"é"', "9007199254740991", '""'];

/** A line, who sends it, and what ends it. */
interface Line {
  readonly side: Side;
  readonly text: string;
  readonly ending: "\n" | "\r\n";
}

/** Requests of both sides, each answered by the other, with notifications in between. */
const conversation: fc.Arbitrary<Line[]> = fc.tuple(
  fc.shuffledSubarray(spellings, { minLength: 1, maxLength: 6 }),
  fc.infiniteStream(fc.constantFrom<Side>("downstream", "upstream")),
).chain(([ids, sides]) =>
  fc.tuple(...ids.map((id) => {
    const asker = sides.next().value!;
    return fc.tuple(requestText(fc.constant(id)), answerText(fc.constant(id)), notificationText, fc.boolean())
      .map(
        ([request, answer, notice, noticed]) => [
          { side: asker, text: request },
          { side: other(asker), text: answer },
          ...(noticed ? [{ side: asker, text: notice }] : []),
        ],
      );
  }))
).chain((groups) =>
  fc.tuple(fc.constant(groups.flat()), fc.infiniteStream(fc.constantFrom<"\n" | "\r\n">("\n", "\r\n")))
).map(([lines, endings]) => lines.map((line) => ({ ...line, ending: endings.next().value! })));

/** What must come out: an agent's bytes as they are, a server's without the CR that is mere framing. */
const expectedOf = ({ side, text, ending }: Line) => text + (side === "downstream" ? ending : "\n");

Deno.test("property: what is forwarded is byte for byte what came in, in both directions and in every spelling", () => {
  fc.assert(
    fc.property(conversation, (lines) => {
      const session = new ByteSession();
      const expected = { downstream: [] as string[], upstream: [] as string[] };
      for (const line of lines) {
        session.push(line.side, encode(line.text + line.ending));
        expected[other(line.side)].push(asText(encode(expectedOf(line))));
      }
      assert.deepEqual(session.sentTo("upstream"), expected.upstream);
      assert.deepEqual(session.sentTo("downstream"), expected.downstream);
    }),
    { numRuns: 400 },
  );
});

Deno.test("the generator of conversations makes odd spellings, or the property above would say little", () => {
  const texts = fc.sample(conversation, { numRuns: 300, seed: 1 }).flat().map(({ text }) => text).join("\n");
  for (
    const odd of [
      "\u2028",
      "\\u0061",
      "\\ud83d\\ude00",
      "\t",
      "e400",
      "12345678901234567890",
      '"constructor"',
      "😀",
      '"2.\\u0030"',
    ]
  ) {
    assert.ok(texts.includes(odd), JSON.stringify(odd));
  }
});

Deno.test("the first exception: elements are cut out of a list, and every other byte of the answer stays", () => {
  const rules = [ruleOf({ effect: "allow", scope: scopeOf({ tools: ["read"] }) })];
  const session = new ByteSession({ document: { rules } });
  session.push("downstream", encode('{"jsonrpc":"2.0","id":1,"method":"tools/list"}\n'));
  session.push(
    "upstream",
    encode(
      '{ "id":1.0 ,"result":{"tools" : [{"name":"write"},\t{"x":1.00,"name":"read"} ], "nextCursor":"\\u0063"},"jsonrpc":"2.0"}\r\n',
    ),
  );
  assert.deepEqual(session.sentTo("downstream"), [
    '{ "id":1.0 ,"result":{"tools" : [{"x":1.00,"name":"read"}], "nextCursor":"\\u0063"},"jsonrpc":"2.0"}\n',
  ]);
});

Deno.test("the second exception: a server's byte order mark and CR are framing and go; an agent's are refused and stay", () => {
  const ping = '{"jsonrpc":"2.0","id":1,"method":"ping"}';
  const session = new ByteSession();
  session.push("upstream", encode(`\ufeff${ping}\r\n`));
  assert.deepEqual(session.sentTo("downstream"), [`${ping}\n`]);
  session.push("downstream", encode(`\ufeff${ping}\r\n`));
  assert.deepEqual(session.sentTo("upstream"), []);
  session.push("downstream", encode(`${ping}\r\n`));
  assert.deepEqual(session.sentTo("upstream"), [`${ping}\r\n`]);
});
