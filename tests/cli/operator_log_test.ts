import assert from "node:assert/strict";
import { openOperatorLog } from "../../src/cli/operator_log.ts";
import { StderrWriter } from "../../src/cli/stderr_writer.ts";
import { operatorLinesPerSecondMax } from "../../src/limits.ts";

function openLog() {
  const clock = { nowMs: 0 };
  let text = "";
  const stderr = new StderrWriter((bytes) => {
    text += new TextDecoder().decode(bytes);
    return Promise.resolve(bytes.length);
  });
  const { logger, end } = openOperatorLog(stderr, () => clock.nowMs);
  return { clock, logger, end, lines: () => stderr.flush(1000).then(() => text.split("\n").slice(0, -1)) };
}

Deno.test("the operator's log holds a flood of lines to a rate, and says how many it held back", async () => {
  const { clock, logger, end, lines } = openLog();
  const some = operatorLinesPerSecondMax;
  for (let i = 0; i < some + 7; i++) logger.info("{text}", { text: `banner ${i}` });
  clock.nowMs = 1000;
  for (let i = 0; i < some + 2; i++) logger.info("{text}", { text: `again ${i}` });
  end();
  end();
  const said = await lines();
  assert.equal(said.length, 2 * some + 2);
  assert.equal(said[some - 1], `lilith-zero: banner ${some - 1}`);
  assert.equal(said[some], "lilith-zero: 7 lines like these were held back (over the rate)");
  assert.equal(said[some + 1], "lilith-zero: again 0");
  assert.equal(said.at(-1), "lilith-zero: 2 lines like these were held back (over the rate)");
});

Deno.test("a flood of one level does not silence the other", async () => {
  const { logger, lines } = openLog();
  for (let i = 0; i < operatorLinesPerSecondMax + 7; i++) logger.info("{text}", { text: "banner" });
  logger.warn("{text}", { text: "the log cannot be written" });
  assert.equal((await lines()).at(-1), "lilith-zero: warning: the log cannot be written");
});

Deno.test("a line of the operator's log is one line, masked, without what a terminal would obey", async () => {
  const { logger, lines } = openLog();
  logger.info("{text}", { text: "a\nb \x1b[31mada@example.com\u202e" });
  assert.deepEqual(await lines(), ["lilith-zero: a\ufffdb ‹email›\ufffd"]);
});
