import assert from "node:assert/strict";
import fc from "fast-check";
import {
  decodeVariable,
  encodeEnvironment,
  formatInitArguments,
  type InitPlan,
  parseInitArguments,
} from "../../src/supervisor/init_plan.ts";

const plan: InitPlan = {
  parentPid: 7,
  directory: "/srv",
  limits: { openFilesMax: 64 },
  environment: "server",
};
const encode = (text: string) => new TextEncoder().encode(text);
const decode = (bytes: Uint8Array | undefined) => bytes && new TextDecoder().decode(bytes);

Deno.test("a plan and a command come back from the arguments that they were made into", () => {
  fc.assert(fc.property(fc.array(fc.string(), { minLength: 1 }), (command) => {
    assert.deepEqual(parseInitArguments(formatInitArguments(plan, command)), { plan, command });
  }));
});

Deno.test("parseInitArguments() refuses what we did not make", () => {
  const [text] = formatInitArguments(plan, ["/bin/true"]);
  for (
    const args of [[], ["{}", "--", "x"], [text], [text, "--"], [text, "x", "y"], ["null", "--", "x"], [
      "{",
      "--",
      "x",
    ]]
  ) {
    assert.throws(() => parseInitArguments(args), { code: "usage" }, JSON.stringify(args));
  }
});

Deno.test("a server's variables come back from the stage's, whatever their names and values", () => {
  const name = fc.string({ minLength: 1, unit: "binary" }).filter((text) =>
    !/[=\0]/.test(text) && text !== "__proto__"
  );
  fc.assert(fc.property(fc.dictionary(name, fc.string({ unit: "binary" }), { maxKeys: 5 }), (environment) => {
    const encoded = Object.entries(encodeEnvironment(environment));
    const decoded = encoded.map(([variable, value]) =>
      decode(decodeVariable(encode(`${variable}=${value}`)))
    );
    assert.deepEqual(decoded, Object.entries(environment).map(([variable, value]) => `${variable}=${value}`));
  }));
});

Deno.test("encodeEnvironment() gives names that a shell hands on and that set nothing up", () => {
  const encoded = encodeEnvironment({ LD_PRELOAD: "/tmp/x.so", "a.b": "", "ü": "" });
  for (const name of Object.keys(encoded)) assert.match(name, /^LILITH_SERVER_([0-9a-f]{2})+$/);
});

Deno.test("decodeVariable() leaves the stage's own variables out, and a value that is no UTF-8 as it is", () => {
  for (
    const text of ["HOME=/root", "LILITH_SERVER_=x", "LILITH_SERVER_4=x", "LILITH_SERVER_zz=x", "novalue", ""]
  ) {
    assert.equal(decodeVariable(encode(text)), undefined, text);
  }
  const raw = new Uint8Array([...encode("LILITH_SERVER_41="), 0xff, 0x3d, 0x00]);
  assert.deepEqual([...decodeVariable(raw) ?? []], [0x41, 0x3d, 0xff, 0x3d, 0x00]);
});
