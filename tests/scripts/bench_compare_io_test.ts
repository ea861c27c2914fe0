import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";

const script = fileURLToPath(new URL("../../scripts/bench_compare.ts", import.meta.url));

/** Compares two runs whose round trips took so long, in µs, beside a relay's 10. */
async function compare(
  before: number,
  after: number,
  program = "lilith-zero",
): Promise<{ code: number; stdout: string }> {
  const folder = await Deno.makeTempDir();
  try {
    for (const [name, p50Us] of [["before", before], ["after", after]] as const) {
      const figures = {
        p50Us: 10,
        p99Us: 1,
        messagesPerSecond: 1,
        largeP50Us: 1,
        firstAnswerMs: 1,
        restingMiB: 1,
      };
      const programs = { relay: [figures], [program]: [{ ...figures, p50Us }] };
      const run = { format: 1, machine: {}, pinned: true, yardstick: "relay", programs };
      await Deno.writeTextFile(`${folder}/${name}.json`, JSON.stringify(run));
    }
    const args = [
      "run",
      "--allow-read",
      script,
      `${folder}/before.json`,
      `${folder}/after.json`,
      "--worse-than",
      "1.10",
    ];
    const { code, stdout } = await new Deno.Command(Deno.execPath(), { args, stdin: "null" }).output();
    return { code, stdout: new TextDecoder().decode(stdout) };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("bench_compare.ts exits 1 when lilith-zero got worse by more than allowed, else 0", async () => {
  const worse = await compare(15, 18);
  assert.equal(worse.code, 1);
  assert.match(worse.stdout, /lilith-zero +\| +p50 µs +\| +1\.50× \| 1\.80× \| +1\.20/);
  assert.equal((await compare(15, 16)).code, 0);
  assert.equal((await compare(15, 10)).code, 0);
});

Deno.test("bench_compare.ts exits 1 when there is nothing of lilith-zero to compare", async () => {
  assert.equal((await compare(15, 15, "another relay")).code, 1);
});
