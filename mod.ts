/**
 * Lilith Zero: a security proxy between an AI agent and an MCP tool server.
 *
 * As a program (`deno run -A mod.ts --help`) it is the command line. As a library it is the pure core: the strict
 * JSON reader, the message reader and the policy engine, without any input or output.
 *
 * @module
 */

export { type ErrorCode, type ErrorDetail, formatPosition, LilithError, type TextPosition } from "./src/errors.ts";
export { version } from "./src/version.ts";

if (import.meta.main) {
  // First of all, before the rest is even loaded: nobody may open our inspector, and a server of ours could try.
  const [command] = Deno.args;
  if (command === "__init") {
    const { runInit } = await import("./src/supervisor/init.ts");
    runInit(Deno.args.slice(1));
  }
  if (command === "run") {
    const { guardSelf } = await import("./src/supervisor/self_guard.ts");
    guardSelf();
  }
  const { main } = await import("./src/cli/main.ts");
  Deno.exit(await main(Deno.args));
}
