/** What the proxy tells people, on standard error: one line each, masked like the audit log. */

import { configureSync, getLogger, type Logger, type LogRecord } from "@logtape/logtape";
import { redactSentence } from "../audit/redact.ts";
import type { StderrWriter } from "./stderr_writer.ts";

/** Sets up the log and gives its one logger. Nothing of it ever goes to standard output, which carries MCP alone. */
export function openOperatorLog(stderr: StderrWriter): Logger {
  configureSync({
    reset: true,
    sinks: { stderr: (record: LogRecord) => stderr.write(formatLine(record)) },
    loggers: [
      { category: "lilith-zero", sinks: ["stderr"], lowestLevel: "info" },
      // The library's own log would else print a notice on the console, which is standard output.
      { category: ["logtape", "meta"], sinks: ["stderr"], lowestLevel: "error" },
    ],
  });
  return getLogger("lilith-zero");
}

function formatLine(record: LogRecord): string {
  const text = record.message.map((part) => typeof part === "string" ? part : String(part)).join("");
  const level = record.level === "info" ? "" : `${record.level}: `;
  // A line of ours is one line: what it quotes may hold line breaks, terminal escapes and characters that turn the
  // direction of what is read.
  const masked = redactSentence(text).replaceAll(/(?![ \t])[\p{C}\p{Z}]/gu, "\ufffd");
  return `lilith-zero: ${level}${masked}\n`;
}
