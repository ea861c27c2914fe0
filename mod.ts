/**
 * Lilith Zero: a security proxy between an AI agent and an MCP tool server.
 *
 * As a program (`deno run -A mod.ts --help`) it is the command line. As a library it exports the error that every part
 * throws; the parts themselves are not yet a public interface.
 *
 * @module
 */

export {
  type ErrorCode,
  type ErrorDetail,
  formatPosition,
  LilithError,
  type TextPosition,
} from "./src/errors.ts";
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
