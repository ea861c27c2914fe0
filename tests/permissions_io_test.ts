/** After the drop: every kind of permission is attempted and refused, and the proxy's work goes on. */

import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { permissionKinds, phases } from "../src/permissions.ts";

const fixture = fileURLToPath(new URL("./fixtures/after_drop.ts", import.meta.url));

interface Report {
  /** By kind: what an attempt met. */
  readonly attempts: Readonly<Record<string, string>>;
  /** By what was tried: whether it worked. */
  readonly work: Readonly<Record<string, unknown>>;
}

async function runFixture(...args: readonly string[]): Promise<Report> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-prompt", fixture, ...args],
    stdin: "null",
  }).output();
  assert.equal(code, 0, new TextDecoder().decode(stderr));
  return JSON.parse(new TextDecoder().decode(stdout));
}

Deno.test("control: before the drop the same attempts meet no refusal", async () => {
  const { attempts } = await runFixture("keep");
  assert.deepEqual(Object.keys(attempts).sort(), [...permissionKinds].sort());
  for (const [kind, met] of Object.entries(attempts)) assert.notEqual(met, "refused", kind);
});

for (const packages of ["before", "after"]) {
  Deno.test(`all eight kinds are refused after the drop, with yaml and re2js first used ${packages} it`, async () => {
    const { attempts } = await runFixture("drop", packages);
    assert.deepEqual(Object.keys(attempts).sort(), [...permissionKinds].sort());
    for (const [kind, met] of Object.entries(attempts)) assert.equal(met, "refused", kind);
  });

  Deno.test(`the proxy's work goes on after the drop, with yaml and re2js first used ${packages} it`, async () => {
    const { work } = await runFixture("drop", packages);
    assert.deepEqual(work, {
      environment: [],
      yaml: { version: 1 },
      re2js: true,
      policy: "ok",
      childEchoes: "over the pipes",
      resolves: { kind: "real", path: "/usr" },
      readsPolicy: "version: 1\n# new\n",
      stopsServer: 0,
    });
  });
}

Deno.test("the table of phases ends with one that holds nothing", () => {
  assert.deepEqual(phases.at(-1)?.holds, []);
  for (const { name, because } of phases) assert.ok(name !== "" && because !== "");
});
