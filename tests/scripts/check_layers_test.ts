import assert from "node:assert/strict";
import { findViolations, layers } from "../../scripts/check_layers.ts";

/** The violations in one file, as `line: message`. */
function violationsIn(path: string, text: string): string[] {
  return findViolations([{ path, text }]).map((found) => `${found.line}: ${found.message}`);
}

Deno.test("the table of layers knows only layers of its own, and pure layers import only pure ones", () => {
  for (const layer of layers) {
    for (const name of layer.mayImport) {
      const target = layers.find((other) => other.name === name);
      assert.ok(target !== undefined, `${layer.name} may import "${name}", which is no layer`);
      assert.ok(!layer.pure || target.pure, `${layer.name} is pure and may import ${name}, which is not`);
    }
  }
});

Deno.test("the table of layers has no circle", () => {
  const reaches = (from: string, seen: readonly string[]): void => {
    assert.ok(!seen.includes(from), `${[...seen, from].join(" → ")} is a circle`);
    const layer = layers.find(({ name }) => name === from);
    layer?.mayImport.forEach((next) => reaches(next, [...seen, from]));
  };
  layers.forEach(({ name }) => reaches(name, []));
});

Deno.test("findViolations() accepts each arrow as it is drawn", () => {
  const arrows: [path: string, specifier: string][] = [
    ["src/wire/json.ts", "../limits.ts"],
    ["src/wire/json.ts", "./frame.ts"],
    ["src/mcp/message.ts", "../wire/json.ts"],
    ["src/policy/decide.ts", "../mcp/operation.ts"],
    ["src/audit/record.ts", "../policy/decision.ts"],
    ["src/audit/sink.ts", "./record.ts"],
    ["src/proxy/session.ts", "../audit/redact.ts"],
    ["src/proxy/relay.ts", "./session.ts"],
    ["src/proxy/relay.ts", "../transport/channel.ts"],
    ["src/proxy/relay.ts", "../audit/sink.ts"],
    ["src/transport/inbox.ts", "../wire/frame.ts"],
    ["src/supervisor/linux.ts", "./ffi/posix.ts"],
    ["src/supervisor/ffi/posix.ts", "../../errors.ts"],
    ["src/cli/run.ts", "../proxy/relay.ts"],
    ["src/cli/run.ts", "../permissions.ts"],
    ["src/permissions.ts", "./errors.ts"],
    ["mod.ts", "./src/policy/decide.ts"],
  ];
  for (const [path, specifier] of arrows) {
    assert.deepEqual(violationsIn(path, `import { a } from "${specifier}";`), [], `${path} → ${specifier}`);
  }
});

Deno.test("findViolations() refuses every arrow that points up or across", () => {
  const arrows: [path: string, specifier: string, message: string][] = [
    ["src/errors.ts", "./wire/json.ts", "ground may not import wire"],
    ["src/wire/json.ts", "../mcp/message.ts", "wire may not import mcp"],
    ["src/mcp/message.ts", "../policy/decide.ts", "mcp may not import policy"],
    ["src/policy/decide.ts", "../audit/record.ts", "policy may not import audit"],
    ["src/audit/record.ts", "../proxy/session.ts", "audit may not import session"],
    ["src/audit/record.ts", "./sink.ts", "audit may not import sink"],
    ["src/proxy/session.ts", "./relay.ts", "session may not import relay"],
    ["src/proxy/session_effects.ts", "../audit/sink.ts", "session may not import sink"],
    ["src/proxy/relay.ts", "../transport/inbox.ts", "relay may not import transport"],
    ["src/proxy/relay.ts", "../supervisor/child.ts", "relay may not import supervisor"],
    ["src/transport/inbox.ts", "../policy/decide.ts", "transport may not import policy"],
    ["src/supervisor/child.ts", "../wire/frame.ts", "supervisor may not import wire"],
    ["src/supervisor/containment.ts", "./linux.ts", "containment may not import supervisor"],
    ["src/permissions.ts", "./supervisor/child.ts", "permissions may not import supervisor"],
    ["src/proxy/relay.ts", "../cli/run.ts", "relay may not import cli"],
  ];
  const forms = [
    (specifier: string) => `import { a } from "${specifier}";`,
    (specifier: string) => `import type { A } from "${specifier}";`,
    (specifier: string) => `export * from "${specifier}";`,
    (specifier: string) => `const a = await import("${specifier}");`,
    (specifier: string) => `type A = import("${specifier}").A;`,
    (specifier: string) => `import "${specifier}";`,
  ];
  for (const [path, specifier, message] of arrows) {
    for (const form of forms) {
      assert.deepEqual(violationsIn(path, `\n${form(specifier)}`), [`2: ${message} ("${specifier}")`]);
    }
  }
});

Deno.test("findViolations() refuses a file that has no layer, and an import of one", () => {
  assert.match(violationsIn("src/helpers/text.ts", "")[0], /^1: belongs to no layer/);
  assert.match(violationsIn("src/audit/record.ts", 'import "../helpers/text.ts";')[0], /belongs to no layer/);
  assert.match(violationsIn("src/sinkhole.ts", "")[0], /belongs to no layer/);
});

Deno.test("findViolations() refuses an import from outside the source", () => {
  assert.match(
    violationsIn("src/wire/json.ts", 'import "../../tests/a.ts";')[0],
    /the source imports only itself/,
  );
  assert.match(
    violationsIn("src/wire/json.ts", 'import "../../src2/a.ts";')[0],
    /the source imports only itself/,
  );
  for (
    const specifier of ["npm:zod", "jsr:@std/path", "https://example.com/a.ts", "/src/a.ts", "fast-check"]
  ) {
    assert.match(
      violationsIn("src/policy/document.ts", `import "${specifier}";`)[0],
      /is no package of the program/,
    );
  }
});

Deno.test("findViolations() keeps each package in its place", () => {
  assert.deepEqual(violationsIn("src/policy/document.ts", 'import { z } from "zod"; import "yaml";'), []);
  assert.deepEqual(violationsIn("src/policy/document_schema.ts", 'import { z } from "zod";'), []);
  assert.deepEqual(violationsIn("src/policy/pattern.ts", 'import { RE2JS } from "re2js";'), []);
  assert.deepEqual(violationsIn("src/cli/main.ts", 'import "commander"; import "@logtape/logtape";'), []);
  const misplaced: [path: string, specifier: string][] = [
    ["src/policy/decide.ts", "zod"],
    ["src/policy/documentary.ts", "yaml/util"],
    ["src/policy/document.ts", "re2js"],
    ["src/proxy/relay.ts", "@logtape/logtape"],
    ["src/supervisor/child.ts", "commander"],
  ];
  for (const [path, specifier] of misplaced) {
    assert.match(violationsIn(path, `import "${specifier}";`)[0], /may be imported only in src\//);
  }
});

Deno.test("findViolations() lets pure files take only pure functions of Node's modules", () => {
  assert.deepEqual(
    violationsIn("src/audit/record.ts", 'import { createHmac, hash } from "node:crypto";'),
    [],
  );
  assert.deepEqual(violationsIn("src/wire/json.ts", 'import { Buffer, isUtf8 } from "node:buffer";'), []);
  assert.deepEqual(violationsIn("src/audit/sink.ts", 'import fs from "node:fs";'), []);
  const impure = [
    'import { hash, randomBytes } from "node:crypto";',
    'import crypto from "node:crypto";',
    'import * as fs from "node:fs";',
    'import { readFileSync } from "node:fs";',
    'import "node:process";',
    'import("node:crypto");',
    'import type { Socket } from "node:net";',
  ];
  for (const text of impure) {
    assert.match(
      violationsIn("src/audit/record.ts", text)[0],
      /a pure file may not import .* from "node:/,
      text,
    );
  }
});

Deno.test("findViolations() refuses an effect in a pure file, and only there", () => {
  const text = "\nconst at = Date.now();";
  const pure = [
    "src/wire/json.ts",
    "src/audit/redact.ts",
    "src/proxy/session.ts",
    "src/supervisor/containment.ts",
  ];
  for (const path of pure) assert.match(violationsIn(path, text)[0], /^2: "Date.now" in a pure file: /, path);
  for (
    const path of ["src/audit/sink.ts", "src/proxy/relay.ts", "src/supervisor/child.ts", "src/cli/run.ts"]
  ) {
    assert.deepEqual(violationsIn(path, text), [], path);
  }
});

Deno.test("findViolations() refuses what it cannot read", () => {
  assert.deepEqual(violationsIn("src/cli/run.ts", "\nawait import(name);"), [
    "2: cannot read it: a dynamic import whose specifier is not a plain string",
  ]);
  assert.deepEqual(violationsIn("src/cli/run.ts", "\n\nconst a = 'b"), [
    "3: cannot read it: a string without an end",
  ]);
});

Deno.test("findViolations() lets mod.ts load what has effects only when it runs as a program", () => {
  for (const path of ["./src/cli/main.ts", "./src/supervisor/init.ts"]) {
    assert.deepEqual(violationsIn("mod.ts", `if (import.meta.main) await import("${path}");`), []);
  }
  assert.equal(violationsIn("mod.ts", `await import("./src/proxy/relay.ts");`).length, 1);
  for (
    const specifier of ["./src/cli/main.ts", "./src/proxy/relay.ts", "./src/audit/sink.ts", "zod", "node:fs"]
  ) {
    assert.match(
      violationsIn("mod.ts", `export * from "${specifier}";`)[0],
      /^1: mod.ts imports pure files/,
      specifier,
    );
  }
});
