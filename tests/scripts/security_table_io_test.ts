/** SECURITY.md names a test for each promise: here it is seen that there are such tests. */

import assert from "node:assert/strict";

const security = await Deno.readTextFile(new URL("../../SECURITY.md", import.meta.url));

/** `file`: sentence, of each row of the last table. */
function readTable(): { readonly row: string; readonly proofs: readonly { file: string; name: string }[] }[] {
  const table = security.slice(security.lastIndexOf("| failure ")).trimEnd().split("\n").slice(2);
  return table.map((row) => {
    const cells = row.slice(1, -1).split(" | ").map((cell) => cell.trim());
    assert.ok(cells.length === 3 && cells.every((cell) => cell !== ""), `no three cells: ${row}`);
    const proofs = cells[2].split("; `").map((proof) => {
      const [, file, name] = proof.match(/^`?([\w./]+)`: (.+)$/) ?? [];
      assert.ok(file && name, `no file and sentence: ${proof}`);
      return { file, name };
    });
    return { row, proofs };
  });
}

Deno.test("SECURITY.md names for each failure at least one test, and every test that it names exists", async () => {
  const rows = readTable();
  assert.ok(rows.length >= 25, String(rows.length));
  for (const { proofs } of rows) {
    assert.ok(proofs.length > 0);
    for (const { file, name } of proofs) {
      const text = await Deno.readTextFile(new URL(`../../${file}`, import.meta.url));
      // Quotation marks may stand escaped in the code; numbers and levels may follow.
      assert.ok(text.replaceAll("\\`", "`").includes(name), `${file} has no test "${name}"`);
    }
  }
});
