/** Every row of the table of odd servers, through the program. Rows share sessions where they leave them as they were. */

import assert from "node:assert/strict";
import { type OddServer, oddServers } from "../corpus/odd_servers.ts";
import { argumentsFor, base64, groupRows, OddSession, type Seen } from "./support/odd_session.ts";

interface Played extends Seen {
  readonly says: readonly string[];
  readonly status: number;
}

/** Few enough that what they have us say stays below the rate. */
const rowsPerSession = 12;

/** Ids of four characters, as the table counts on. */
const firstId = 1000;

const lateAnswer = (id: number) => base64(`{"jsonrpc":"2.0","id":${id},"result":{"content":[]}}\n`);

async function playRows(rows: readonly OddServer[]): Promise<Played[]> {
  const [first] = rows;
  const session = await OddSession.start(first.alone?.args);
  const endsIt = first.acts.some(({ kind }) => kind === "exit" || kind === "close");
  const seen: Seen[] = [];
  for (const [i, row] of rows.entries()) {
    const call = {
      jsonrpc: "2.0",
      id: firstId + i,
      method: "tools/call",
      params: { name: "odd", arguments: argumentsFor(row.acts) },
    };
    const then = fill((row.then ?? []).map((line) => line + "\n").join(""), i);
    // What the proxy itself writes to the server arrives behind the server's turn: one more round.
    const more = then === "" && row.serverGets === undefined ? [] : [then];
    const first = JSON.stringify(call) + "\n";
    seen.push(await (endsIt ? session.playLast(first, true) : session.play([first, ...more])));
  }
  const { status, says } = await session.end();
  let said = 0;
  return rows.map((row, i) => {
    const last = i === rows.length - 1 ? says.length : said + row.says.length;
    const itsOwn = says.slice(said, last);
    said = last;
    return { ...seen[i], says: itsOwn, status };
  });
}

function fill(text: string, row: number): string {
  const id = firstId + row;
  return text.replaceAll("<id>", String(id)).replaceAll("<next>", `next ${id}`)
    .replaceAll("<late answer>", lateAnswer(id));
}

for (const rows of groupRows(oddServers, rowsPerSession)) {
  let session: Promise<Played[]> | undefined;
  for (const [i, row] of rows.entries()) {
    Deno.test(`a server that ${row.name}`, async () => {
      const played = (await (session ??= playRows(rows)))[i];
      const [call, ...records] = played.records;
      assert.equal(call, "decision agent request forward");
      assert.deepEqual(played.agentGets, row.agentGets.map((line) => fill(line, i)));
      assert.deepEqual(records, row.records);
      assert.deepEqual(played.serverGets, (row.serverGets ?? []).map((line) => fill(line, i)));
      if (row.says !== "many") assert.deepEqual(played.says, row.says.map((line) => fill(line, i)));
      assert.equal(played.status, row.alone?.status ?? 0);
    });
  }
}
