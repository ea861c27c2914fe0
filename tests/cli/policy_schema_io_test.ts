import assert from "node:assert/strict";
import { Ajv } from "ajv";
import { parse } from "yaml";
import schema from "../../policies/policy.schema.json" with { type: "json" };
import { policySchemaText } from "../../src/cli/policy_schema.ts";

const folder = new URL("../../policies/", import.meta.url);

Deno.test("every file in policies/ is valid by the schema that lies beside it", async () => {
  const validate = new Ajv({ strict: false }).compile(schema);
  let count = 0;
  for await (const { name } of Deno.readDir(folder)) {
    if (!name.endsWith(".yaml")) continue;
    count++;
    const text = await Deno.readTextFile(new URL(name, folder));
    assert.ok(validate(parse(text)), `${name}: ${JSON.stringify(validate.errors)}`);
  }
  assert.ok(count > 3);
});

Deno.test("the file holds the same bytes that `policy schema` prints", async () => {
  assert.equal(await Deno.readTextFile(new URL("policy.schema.json", folder)), policySchemaText());
});
