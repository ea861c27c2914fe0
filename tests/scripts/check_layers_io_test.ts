import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { findViolations, readSourceFiles } from "../../scripts/check_layers.ts";
import { readImports } from "../../scripts/source/imports.ts";
import { tokenize } from "../../scripts/source/tokens.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

async function run(args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const command = new Deno.Command(Deno.execPath(), {
    args,
    cwd: root,
    stdin: "null",
    env: { NO_COLOR: "1" },
  });
  const { code, stdout, stderr } = await command.output();
  return { code, stdout: new TextDecoder().decode(stdout), stderr: new TextDecoder().decode(stderr) };
}

async function withProject(
  files: Record<string, string>,
  use: (folder: string) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    for (const [path, text] of Object.entries(files)) {
      await Deno.mkdir(join(folder, path, ".."), { recursive: true });
      await Deno.writeTextFile(join(folder, path), text);
    }
    await use(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("check_layers.ts prints each violation with file and line, and exits 1", async () => {
  const files = {
    "mod.ts": 'export * from "./src/errors.ts";\n',
    "src/errors.ts": "export {};\n",
    "src/wire/deep/frame.ts": 'import "../../errors.ts";\n\nexport const at = Date.now();\n',
    "src/wire/json.mts": 'import "../mcp/message.ts";\n',
  };
  await withProject(files, async (folder) => {
    const { code, stderr } = await run(["run", "--allow-read", "scripts/check_layers.ts", folder]);
    const lines = stderr.trim().split("\n");
    assert.equal(code, 1);
    assert.match(lines[0], /^src\/wire\/deep\/frame\.ts:3: "Date\.now" in a pure file/);
    assert.match(lines[1], /^src\/wire\/json\.mts:1: wire may not import mcp/);
    assert.match(lines[2], /^Cannot accept the layers: 2 violations/);
    assert.equal(lines.length, 3);
  });
});

Deno.test("check_layers.ts exits 0 where the layers hold", async () => {
  const files = { "mod.ts": 'export * from "./src/errors.ts";\n', "src/errors.ts": "export {};\n" };
  await withProject(files, async (folder) => {
    const { code, stdout } = await run(["run", "--allow-read", "scripts/check_layers.ts", folder]);
    assert.equal(code, 0);
    assert.match(stdout, /^Layers hold: 2 files/);
  });
});

Deno.test("the source keeps its layers", () => {
  assert.deepEqual(findViolations(readSourceFiles(root)), []);
});

Deno.test("readImports() finds in every source file the imports that Deno's own parser finds", async () => {
  const files = readSourceFiles(root);
  const entry = await Deno.makeTempFile({ suffix: ".ts" });
  try {
    await Deno.writeTextFile(
      entry,
      files.map(({ path }) => `import ${JSON.stringify(urlOf(path))};`).join("\n"),
    );
    const { code, stdout, stderr } = await run([
      "info",
      "--json",
      "--config",
      join(root, "deno.json"),
      entry,
    ]);
    assert.equal(code, 0, stderr);
    const { modules } = JSON.parse(stdout) as {
      modules: { specifier: string; dependencies?: { specifier: string }[] }[];
    };
    for (const { path, text } of files) {
      const known = modules.find(({ specifier }) => specifier === urlOf(path));
      assert.ok(known !== undefined, `${path} is not in the module graph`);
      const expected = new Set((known.dependencies ?? []).map(({ specifier }) => specifier));
      const found = new Set(readImports(tokenize(text)).map(({ specifier }) => specifier));
      assert.deepEqual(found, expected, path);
    }
  } finally {
    await Deno.remove(entry);
  }
});

function urlOf(path: string): string {
  return new URL(`../../${path}`, import.meta.url).href;
}
