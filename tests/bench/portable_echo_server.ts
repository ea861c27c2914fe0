/** native/echo_server.c for a machine without a C compiler: answers every request with a result of its length. */

import { createInterface } from "node:readline";
import { Socket } from "node:net";
import { makeAnswer } from "./portable_message.ts";

const stdout = new Socket({ fd: 1, readable: false, writable: true });
const lines = createInterface({ input: new Socket({ fd: 0, readable: true, writable: false }) });
lines.on("line", (line) => stdout.write(makeAnswer(line)));
lines.on("close", () => stdout.end(() => Deno.exit(0)));
