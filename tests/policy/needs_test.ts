import assert from "node:assert/strict";
import { queriesMax } from "../../src/limits.ts";
import fc from "fast-check";
import { decide } from "../../src/policy/decide.ts";
import { pathQueries, type Query } from "../../src/policy/facts.ts";
import { needs, needsOfAll } from "../../src/policy/needs.ts";
import type { Rule } from "../../src/policy/rule.ts";
import { initialState } from "../../src/policy/state.ts";
import { anyDocument, anyOperation, disk, ownFile } from "./support/arbitrary.ts";
import { call, compile, document, equals, operation, rule, under } from "./support/build.ts";

function pathOf(query: Query): string {
  return query.kind === "resolve" ? query.path : query.kind;
}

/** The paths that a policy of these rules asks for. */
function asked(rules: readonly Rule[], argumentsJson: string, tool = "read"): readonly string[] {
  return needs(compile(document(rules)), call(tool, argumentsJson)).map(pathOf);
}

const allowTmp = rule("allow", "read", { args: { path: [under("/tmp")] } });
const denyEtc = rule("deny", "read", { args: { path: [under("/etc")] } });

Deno.test("needs() asks nothing where no rule looks at paths", () => {
  assert.deepEqual(
    asked([rule("allow", "*", { args: { path: [equals("/tmp/a")] } })], '{"path":"/tmp/a"}'),
    [],
  );
});

Deno.test("needs() asks nothing where no rule with a path covers the call", () => {
  assert.deepEqual(asked([allowTmp, denyEtc], '{"path":"/tmp/a"}', "write"), []);
});

Deno.test("needs() asks for the root and for the path, once each", () => {
  assert.deepEqual(asked([allowTmp], '{"path":"/tmp/./a"}'), ["/tmp", "/tmp/a"]);
  assert.deepEqual(asked([allowTmp, { ...allowTmp, id: "again" }], '{"path":"/tmp/a"}'), ["/tmp", "/tmp/a"]);
});

Deno.test("needs() asks for both ways to read `..`", () => {
  assert.deepEqual(asked([allowTmp], '{"path":"/tmp/x/../a"}'), ["/tmp", "/tmp/a", "/tmp/x/../a"]);
});

Deno.test("needs() asks for what any of several policies wants", () => {
  const policy = compile([document([rule("allow", "*")]), document([allowTmp])]);
  assert.deepEqual(needs(policy, call("read", '{"path":"/tmp/a"}')).map(pathOf), [
    "/tmp",
    "/tmp/a",
  ]);
});

Deno.test("needs() asks for every percent-decoded reading", () => {
  assert.deepEqual(asked([allowTmp], '{"path":"/tmp/%2541"}'), ["/tmp", "/tmp/%2541", "/tmp/%41", "/tmp/A"]);
});

Deno.test("an allow asks the disk only for what is inside by name, in every reading", () => {
  for (
    const path of ["/etc/passwd", "/tmp/../etc", "/tmp/%2e%2e/etc", "~", "", "/tmp/a\\u0000", "/tmp/%ff"]
  ) {
    assert.deepEqual(asked([allowTmp], `{"path":"${path}"}`), [], path);
  }
});

Deno.test("a deny asks the disk for what is outside by name, because a link may lead in", () => {
  assert.deepEqual(asked([denyEtc], '{"path":"/tmp/a"}'), ["/etc", "/tmp/a"]);
  for (const path of ["/etc/passwd", "/tmp/../etc", "~", ""]) {
    assert.deepEqual(asked([denyEtc], `{"path":"${path}"}`), [], path);
  }
});

Deno.test("a limit asks as a deny does", () => {
  const pace = rule("limit", "read", { args: { path: [under("/etc")] } });
  assert.deepEqual(asked([pace], '{"path":"/tmp/a"}'), ["/etc", "/tmp/a"]);
});

Deno.test("needs() asks nothing for a value that is no text, and nothing for a mistakable name", () => {
  for (const all of ['{"path":5}', '{"path":["/tmp/a"]}', '{"PATH":"/tmp/a"}', "null", "[]", "{}"]) {
    assert.deepEqual(asked([allowTmp, denyEtc], all), [], all);
  }
});

Deno.test('needs() asks for every text under "**"', () => {
  const everywhere = rule("deny", "read", { args: { "**": [under("/etc")] } });
  assert.deepEqual(asked([everywhere], '{"a":["/x",7]}'), ["/etc", "/wd/a", "/x", "/wd/7"]);
});

Deno.test("needs() asks for no more paths than the bound, and what is left out is denied", () => {
  const policy = compile(document([], { default: "allow" }), { ownFiles: [ownFile] });
  const texts = Array.from({ length: queriesMax + 44 }, (_, index) => `./file-${index}`);
  const many = call("read", JSON.stringify({ texts }));
  const queries = needs(policy, many);
  assert.equal(queries.length, queriesMax);
  assert.equal(decide(policy, initialState(policy), many, disk().answer(queries), 0).code, "own_file");
  const fewer = call("read", JSON.stringify({ texts: texts.slice(0, queriesMax) }));
  assert.equal(
    decide(policy, initialState(policy), fewer, disk().answer(needs(policy, fewer)), 0).verdict,
    "allow",
  );
});

Deno.test("needs() asks nothing for an operation that cannot be looked at, and decide() denies it", () => {
  const broken = Object.defineProperty(operation({ name: "read" }), "arguments", {
    get() {
      throw new Error("broken");
    },
  });
  for (
    const policy of [
      compile(document([allowTmp])),
      compile(document([], { default: "allow" }), { ownFiles: [ownFile] }),
    ]
  ) {
    assert.deepEqual(needs(policy, broken), []);
    assert.equal(decide(policy, initialState(policy), broken, new Map(), 0).code, "error");
  }
});

Deno.test("the facts that needs() asks for are all that decide() wants", () => {
  fc.assert(
    fc.property(
      fc.array(anyDocument, { minLength: 1, maxLength: 2 }),
      anyOperation,
      fc.constantFrom<readonly string[]>([], [ownFile]),
      (documents, operation, ownFiles) => {
        const policy = compile(documents, { ownFiles });
        const queries = needs(policy, operation);
        assert.equal(new Set(queries.map(pathOf)).size, queries.length);
        const state = initialState(policy);
        assert.deepEqual(
          decide(policy, state, operation, disk().answer(queries), 0),
          decide(policy, state, operation, disk().all(), 0),
        );
      },
    ),
    { numRuns: 1_000 },
  );
});

Deno.test("needsOfAll() asks once for what several operations want, and the checks of a policy go first", () => {
  const policy = compile(document([allowTmp]), { ownFiles: ["/tmp/a"] });
  const one = call("read", '{"path":"/tmp/a"}');
  const other = call("write", '{"path":"/tmp/a","to":"/tmp/b"}');
  const queries = needsOfAll(policy, [other, one]);
  assert.deepEqual(pathQueries(queries).map(({ path, askedBy }) => `${path} ${askedBy}`), [
    "/tmp check",
    "/tmp/a check",
    "/tmp/b own_files",
  ]);
  assert.deepEqual(needsOfAll(policy, [one]), needs(policy, one));
});

Deno.test("needsOfAll() asks for no more than the bound in all", () => {
  const policy = compile(document([]), { ownFiles: ["/tmp/a"] });
  const many = (from: number) =>
    call("read", JSON.stringify(Array.from({ length: queriesMax - 1 }, (_, i) => `/x/${from + i}`)));
  assert.equal(needsOfAll(policy, [many(0), many(queriesMax)]).length, queriesMax);
});
