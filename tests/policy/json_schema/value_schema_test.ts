import assert from "node:assert/strict";
import fc from "fast-check";
import { schemaStepsMax } from "../../../src/limits.ts";
import { ValueSchema } from "../../../src/policy/json_schema/value_schema.ts";
import { engine } from "../support/build.ts";
import { json } from "../support/json.ts";

function judge(schema: unknown, value: string): string {
  const text = typeof schema === "string" ? schema : JSON.stringify(schema);
  return new ValueSchema(json(text), engine).judge(json(value)).answer;
}

/** [schema, values that satisfy it, values that do not, values of which it cannot be told] */
type Row = readonly [unknown, readonly string[], readonly string[], (readonly string[])?];

const table: readonly Row[] = [
  [true, ["1", "{}"], []],
  [false, [], ["1"]],
  [{ type: "string" }, ['"a"'], ["1", "null", "[]"]],
  [{ type: ["string", "null"] }, ['"a"', "null"], ["1"]],
  [{ type: "integer" }, ["1", "1.0", "10e-1", "1e3"], ["1.5", '"1"'], ["1.00000000000000000001", "1e400"]],
  [{ type: "number" }, ["1.5"], ["true"], ["1e400"]],
  [{ type: "text" }, [], [], ['"a"']],
  [{ const: 1 }, ["1", "1.0"], ["2", '"1"']],
  [{ const: { a: [1] } }, ['{"a":[1.0]}'], ['{"a":[2]}', '{"a":[1],"b":1}']],
  ['{"const":9007199254740993}', ["9007199254740993"], ["9007199254740995"], ["9007199254740992"]],
  [{ enum: ["a", 2, null] }, ['"a"', "2", "null"], ['"A"', "3"]],
  [{ minimum: 1, maximum: 3 }, ["1", "3", '"x"'], ["0.9", "3.1"]],
  [{ exclusiveMinimum: 1, exclusiveMaximum: 3 }, ["2"], ["1", "3"]],
  [{ minimum: 1, exclusiveMinimum: true }, ["2"], ["1"]],
  ['{"maximum":9007199254740992}', ["9007199254740992"], ["9007199254740994"], ["9007199254740993"]],
  [{ minimum: "1" }, [], [], ["5"]],
  [{ multipleOf: 2 }, ["4", "-2", "0"], ["3", "2.5"], ["1e300"]],
  [{ multipleOf: 0.01 }, [], [], ["0.07"]],
  [{ minLength: 2, maxLength: 3 }, ['"ab"'], ['"a"', '"abcd"']],
  [{ maxLength: 1 }, ['"é"'], ['"ab"', '"😀😀"'], ['"😀"']],
  [{ minLength: 2 }, ['"ab"', '"😀😀"', '"a😀"'], ['"a"'], ['"😀"']],
  [{ minLength: 0, maxLength: 4 }, ['""', '"😀😀"'], ['"abcde"'], ['"a😀😀"']],
  [{ pattern: "^[a-z]+$" }, ['"abc"'], ['"ab1"', '""']],
  [{ pattern: "\\d{2}-\\/" }, ['"x12-/"'], ['"1-/"']],
  [{ pattern: "^\\u0041$" }, ['"A"'], ['"B"']],
  [{ pattern: "(?=a)b" }, [], [], ['"ab"']],
  [{ pattern: "(a)\\1" }, [], [], ['"aa"']],
  [{ pattern: "\\Aa" }, [], [], ['"a"', '"Aa"']],
  [{ pattern: "(?i)a" }, [], [], ['"A"']],
  [{ pattern: "a.b" }, ['"a\u00e9b"'], ['"a\\nb"'], ['"a\\rb"', '"a\\u2028b"', '"a😀b"']],
  [{ format: "email" }, ['"no address"'], []],
  [{ items: { type: "string" } }, ['["a"]', "[]", "5"], ['["a",1]']],
  [{ prefixItems: [{ type: "string" }], items: { type: "number" } }, ['["a",1]'], ['["a","b"]', "[1]"]],
  [{ items: [{ type: "string" }], additionalItems: false }, ['["a"]'], ['["a",1]', "[1]"]],
  [{ minItems: 1, maxItems: 2 }, ["[1]"], ["[]", "[1,2,3]"]],
  [{ uniqueItems: true }, ['[1,"1",[1]]'], ["[1,1.0]", '[{"a":1,"b":2},{"b":2,"a":1}]'], [
    "[9007199254740993,9007199254740992]",
  ]],
  [{ contains: { type: "string" }, minContains: 2 }, ['["a","b"]'], ['["a"]']],
  [{ contains: { type: "string" }, maxContains: 1 }, ['["a",1]'], ['["a","b"]', "[]"]],
  [{ required: ["a"] }, ['{"a":null}', "5"], ["{}"]],
  [{ properties: { a: { type: "string" } } }, ['{"a":"x","b":1}'], ['{"a":1}']],
  [{ properties: { a: true }, additionalProperties: false }, ['{"a":1}'], ['{"a":1,"b":1}']],
  [{ properties: { a: true }, additionalProperties: { type: "number" } }, ['{"b":1}'], ['{"b":"x"}']],
  [{ patternProperties: { "^x": { type: "number" } }, additionalProperties: false }, ['{"x1":1}'], [
    '{"x":"a"}',
    '{"y":1}',
  ]],
  [{ patternProperties: { "(?=x)": true }, additionalProperties: false }, ["{}"], [], ['{"x":1}']],
  [{ propertyNames: { maxLength: 2 } }, ['{"ab":1}'], ['{"abc":1}']],
  [{ minProperties: 1, maxProperties: 1 }, ['{"a":1}'], ["{}", '{"a":1,"b":1}']],
  [{ dependentRequired: { a: ["b"] } }, ['{"a":1,"b":1}', "{}"], ['{"a":1}']],
  [{ dependentSchemas: { a: { required: ["b"] } } }, ['{"a":1,"b":1}'], ['{"a":1}']],
  [{ dependencies: { a: ["b"], c: { required: ["d"] } } }, ["{}"], ['{"a":1}', '{"c":1}']],
  [{ allOf: [{ minimum: 1 }, { maximum: 2 }] }, ["1"], ["3"]],
  [{ anyOf: [{ type: "string" }, { minimum: 2 }] }, ['"a"', "2"], ["1"]],
  [{ oneOf: [{ type: "integer" }, { minimum: 2 }] }, ["1", "2.5"], ["3"]],
  [{ not: { type: "string" } }, ["1"], ['"a"']],
  [{ if: { type: "string" }, then: { minLength: 2 }, else: { minimum: 5 } }, ['"ab"', "5"], ['"a"', "4"]],
  [{ $ref: "#/$defs/a~1b", $defs: { "a/b": { type: "string" } } }, ['"x"'], ["1"]],
  [{ $ref: "#name", $defs: { x: { $anchor: "name", type: "string" } } }, ['"x"'], ["1"]],
  [{ properties: { next: { $ref: "#" } }, required: ["v"] }, ['{"v":1,"next":{"v":2}}'], [
    '{"v":1,"next":{}}',
  ]],
  // What is not understood, or is elsewhere, never becomes a yes, whatever stands around it.
  [{ $ref: "https://example.org/a.json" }, [], [], ["1"]],
  [{ $ref: "#/$defs/missing" }, [], [], ["1"]],
  [{ $dynamicRef: "#x" }, [], [], ["1"]],
  [{ unevaluatedProperties: false }, [], [], ["{}"]],
  [{ not: { $ref: "elsewhere" } }, [], [], ["1"]],
  [{ not: { pattern: "(?=a)" } }, [], ["1"], ['"a"']],
  [{ not: { type: "text" } }, [], [], ["1"]],
  [{ anyOf: [{ $ref: "elsewhere" }, { type: "number" }] }, ["1"], [], ['"a"']],
  [{ oneOf: [{ $ref: "elsewhere" }, { type: "number" }] }, [], [], ["1", '"a"']],
  [{ if: { $ref: "elsewhere" }, then: false, else: true }, [], [], ["1"]],
  [{ if: { $ref: "elsewhere" }, then: { type: "number" } }, ["1"], [], ['"a"']],
  [{ $ref: "#/$defs/a", $defs: { a: { $id: "other", type: "string" } } }, [], [], ['"x"']],
  [{ $ref: "#" }, [], [], ["1"]],
  [{ $schema: "https://example.org/own", type: "string" }, [], [], ['"a"']],
  [{ $schema: "http://json-schema.org/draft-07/schema#", type: "string" }, ['"a"'], ["1"]],
  [
    {
      $schema: "http://json-schema.org/draft-07/schema#",
      definitions: { a: { type: "string" } },
      $ref: "#/definitions/a",
      maxLength: 1,
    },
    ['"a"'],
    ["1"],
    ['"ab"'],
  ],
  [{ properties: [] }, [], [], ["{}"]],
  [{ required: "a" }, [], [], ["{}"]],
  [5, [], [], ["1"]],
];

Deno.test("a schema says yes, no or unknown, keyword by keyword", () => {
  for (const [schema, yes, no, unknown = []] of table) {
    for (const value of yes) {
      assert.equal(judge(schema, value), "yes", `${JSON.stringify(schema)} of ${value}`);
    }
    for (const value of no) assert.equal(judge(schema, value), "no", `${JSON.stringify(schema)} of ${value}`);
    for (const value of unknown) {
      assert.equal(judge(schema, value), "unknown", `${JSON.stringify(schema)} of ${value}`);
    }
  }
});

Deno.test("what is no yes names the keyword and the place", () => {
  const schema = { properties: { a: { items: { required: ["b"] } } } };
  const { why } = new ValueSchema(json(JSON.stringify(schema)), engine).judge(json('{"a":[{"b":1},{}]}'));
  assert.equal(why, 'required "b" at "/a/1"');
});

Deno.test("a schema made to take long is unknown after a bounded number of steps", () => {
  let deep: unknown = { type: "string" };
  for (let i = 0; i < 40; i++) deep = { anyOf: [deep, { allOf: [deep] }] };
  const twice = { $defs: {} as Record<string, unknown>, $ref: "#/$defs/d0" };
  for (let i = 0; i < 60; i++) {
    const next = { $ref: `#/$defs/d${i + 1}` };
    twice.$defs[`d${i}`] = { allOf: [next, { allOf: [next] }] };
  }
  twice.$defs.d60 = true;
  assert.equal(judge(twice, "1"), "unknown");
  const long = JSON.stringify(Array.from({ length: schemaStepsMax }, (_, i) => i));
  assert.equal(judge({ items: { type: "number", minimum: 0 } }, long), "unknown");
  assert.equal(judge({ pattern: "^(a+)+$" }, JSON.stringify(`${"a".repeat(50_000)}!`)), "no");
});

Deno.test("work that no value shows is counted too: lists of keys, long names and patterns that repeat repeats", () => {
  const many = Array.from({ length: 10_000 }, (_, i) => `k${i}`);
  const objects = `[${Array(10_000).fill('{"k0":1}')}]`;
  assert.equal(judge({ items: { required: many.fill("k0") } }, objects), "unknown");
  assert.equal(judge({ items: { type: many.fill("object") } }, objects), "unknown");
  const needs = Object.fromEntries(Array.from({ length: 10_000 }, (_, i) => [`n${i}`, ["k0"]]));
  assert.equal(judge({ items: { dependentRequired: needs } }, objects), "unknown");
  assert.equal(judge({ items: { $ref: `#/${"%41".repeat(50_000)}` } }, objects), "unknown");
  const long = JSON.stringify({ v: "x".repeat(1_000_000) });
  const inside = (schema: unknown) => ({ properties: { v: schema } });
  assert.equal(judge(inside({ allOf: Array(1000).fill({ minLength: 600_000 }) }), long), "unknown");
  assert.equal(judge(inside({ allOf: Array(1000).fill({ minLength: 1 }) }), long), "yes");
  // (An engine that keeps to linear time takes a minute for it all the same.)
  assert.equal(judge(inside({ pattern: "x.{900}[cz]$" }), long), "unknown");
  assert.equal(judge({ pattern: "(?:(?:a{100}){100}){2}" }, '"a"'), "unknown");
});

Deno.test("property: a schema and its negation never say yes to the same value, and no judgement throws", () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.constantFrom(...table.map(([schema]) => schema)), (value, schema) => {
      const text = JSON.stringify(value);
      const [it, not] = [judge(schema, text), judge({ not: schema }, text)];
      // (A reference means something else inside `not`.)
      assert.ok(it !== "yes" || not !== "yes" || JSON.stringify(schema).includes("$"));
    }),
  );
  fc.assert(fc.property(fc.jsonValue(), fc.jsonValue(), (schema, value) => {
    judge({ not: schema }, JSON.stringify(value));
  }));
});
