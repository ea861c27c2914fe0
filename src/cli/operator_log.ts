/** What the proxy tells people, on standard error: one line each, masked like the audit log, and so many per second. */

import { configureSync, getLogger, type Logger, type LogRecord } from "@logtape/logtape";
import { redactSentence } from "../audit/redact.ts";
import { dropEscapes, visibleText } from "../audit/terminal_text.ts";
import { LinePace } from "./line_pace.ts";
import type { StderrWriter } from "./stderr_writer.ts";

export interface OperatorLog {
  readonly logger: Logger;
  /** Says how many lines were held back and not told of yet. */
  end(): void;
}

/** Sets up the log and gives its one logger. Nothing of it ever goes to standard output, which carries MCP alone. */
export function openOperatorLog(stderr: StderrWriter, now: () => number): OperatorLog {
  const pace = new LinePace(now);
  const tellHeld = (lines: number) => {
    if (lines > 0) stderr.write(`lilith-zero: ${lines} lines like these were held back (over the rate)\n`);
  };
  configureSync({
    reset: true,
    sinks: {
      stderr(record: LogRecord) {
        const { isDue, held } = pace.take(record.level);
        tellHeld(held);
        if (isDue) stderr.write(formatLine(record));
      },
    },
    loggers: [
      { category: "lilith-zero", sinks: ["stderr"], lowestLevel: "info" },
      // The library's own log would else print a notice on the console, which is standard output.
      { category: ["logtape", "meta"], sinks: ["stderr"], lowestLevel: "error" },
    ],
  });
  return { logger: getLogger("lilith-zero"), end: () => tellHeld(pace.takeHeld()) };
}

function formatLine(record: LogRecord): string {
  const text = record.message.map((part) => typeof part === "string" ? part : String(part)).join("");
  const level = record.level === "info" ? "" : `${record.level}: `;
  // A line of ours is one line: what it quotes may hold line breaks, terminal escapes and characters that turn the
  // direction of what is read.
  const masked = visibleText(redactSentence(dropEscapes(text)));
  return `lilith-zero: ${level}${masked}\n`;
}
