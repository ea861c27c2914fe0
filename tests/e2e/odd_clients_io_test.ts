/** Every row of the table of odd clients, through the program, in one session; those that end it in one of their own. */

import assert from "node:assert/strict";
import { type OddClient, oddClients } from "../corpus/odd_clients.ts";
import { groupRows, OddSession, type Seen } from "./support/odd_session.ts";

async function playRows(rows: readonly OddClient[]): Promise<Seen[]> {
  const session = await OddSession.start();
  const seen: Seen[] = [];
  for (const { writes, alone } of rows) {
    seen.push(await (alone ? session.playLast(writes) : session.play([writes])));
  }
  const { status, says } = await session.end();
  // Whatever an agent writes is its own affair: the operator hears of nothing.
  assert.deepEqual([status, says], [0, []]);
  return seen;
}

for (const rows of groupRows(oddClients, oddClients.length)) {
  let session: Promise<Seen[]> | undefined;
  for (const [i, row] of rows.entries()) {
    Deno.test(`a client that ${row.name}`, async () => {
      const { agentGets, serverGets, records } = (await (session ??= playRows(rows)))[i];
      assert.deepEqual({ agentGets, serverGets, records }, {
        agentGets: row.agentGets,
        serverGets: row.serverGets,
        records: row.records,
      });
    });
  }
}
