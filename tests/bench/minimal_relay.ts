/**
 * minimal_relay.ts COMMAND [ARGUMENT…]: passes bytes between us and COMMAND, and does nothing else.
 *
 * The least that Deno can do between two pairs of pipes without calls into C: the difference to it is our own work. The
 * sockets over the descriptors 0 and 1 are driven by epoll, where `Deno.stdin` would hand each read to a thread.
 */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { Socket } from "node:net";
import type { Readable, Writable } from "node:stream";

const [command, ...args] = Deno.args;
if (command === undefined) {
  console.error("usage: minimal_relay.ts COMMAND [ARGUMENT…]");
  Deno.exit(2);
}

const server = spawn(command, args, { stdio: ["pipe", "pipe", "inherit"] });
server.on("error", (error) => {
  console.error(`Cannot start ${command}: ${error.message}`);
  Deno.exit(1);
});
const stdout = new Socket({ fd: 1, readable: false, writable: true });
const ended = Promise.all([once(server, "close"), once(stdout, "finish")]);
pump(new Socket({ fd: 0, readable: true, writable: false }), server.stdin);
pump(server.stdout, stdout);
const [[code]] = await ended;
Deno.exit(code ?? 1);

function pump(from: Readable, to: Writable): void {
  from.on("data", (chunk) => {
    if (to.write(chunk)) return;
    from.pause();
    to.once("drain", () => from.resume());
  });
  from.on("end", () => to.end());
}
