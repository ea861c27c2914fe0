/**
 * The proxy over streams of Node in place of descriptors: the same session, log and relay, without a call into C on the
 * way of a message. Only to be measured beside the program itself; it supervises nothing.
 *
 *     deno run -A tests/bench/stream_proxy.ts POLICY AUDIT COMMAND [ARGUMENT…]
 */

import { spawn } from "node:child_process";
import { randomBytes, randomUUID } from "node:crypto";
import { Socket } from "node:net";
import { openSink } from "../../src/audit/sink.ts";
import { compilePolicies } from "../../src/policy/compile.ts";
import { decodeDocument } from "../../src/policy/document.ts";
import { noFacts } from "../../src/policy/facts.ts";
import { Relay, type ServerEnding } from "../../src/proxy/relay.ts";
import { createSession } from "../../src/proxy/session.ts";
import { StreamChannel } from "../../src/transport/stream_channel.ts";

const [policyPath, auditPath, command, ...args] = Deno.args;
const decoded = decodeDocument(Deno.readFileSync(policyPath), policyPath);
if (decoded.kind !== "ok") throw new Error(`Cannot read ${policyPath}`);
const sink = openSink(auditPath);
const settings = {
  workingDirectory: Deno.cwd(),
  pathCase: "exact",
  ownFiles: [policyPath, auditPath],
} as const;
const session = createSession({
  session: randomUUID(),
  policy: compilePolicies([decoded.document], settings, undefined),
  audited: true,
  anchor: sink.anchor,
  digestKey: randomBytes(32),
});
const server = spawn(command, args, { stdio: ["pipe", "pipe", "inherit"] });
const exited = new Promise<ServerEnding>((resolve) =>
  server.on("exit", (status) => resolve({ status: status ?? 1, description: `ended with status ${status}` }))
);
const downstream = new StreamChannel(
  new Socket({ fd: 0, readable: true, writable: false }),
  new Socket({ fd: 1, readable: false, writable: true }),
  { dropFraming: false },
);
const upstream = new StreamChannel(server.stdout, server.stdin, { dropFraming: true });
const relay = new Relay(session, {
  downstream,
  upstream,
  server: {
    exited,
    stop() {
      upstream.close();
      return exited;
    },
  },
  sink,
  lookUp: () => noFacts,
  now: Date.now,
  say: (_level, text) => console.error(text),
});
const { server: ending } = await relay.run();
sink.close();
Deno.exit(ending.status);
