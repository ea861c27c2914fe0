/** Tokens → what a module imports: statically, by `export … from`, as types, and dynamically. */

import { type Token, UnreadableSource } from "./tokens.ts";

/** One import of a module. */
export interface ModuleImport {
  /** As written: "./frame.ts", "node:crypto", "yaml". */
  readonly specifier: string;
  /** `dynamic`: `import("…")`, in code or in a type. */
  readonly form: "static" | "dynamic";
  /** The names that are taken, `default` and `*` among them; empty for `import "…"`, `["*"]` for a dynamic import. */
  readonly names: readonly string[];
  /** The line of the specifier, from 1. */
  readonly line: number;
}

/**
 * Everything that the module imports, in order.
 *
 * Throws `UnreadableSource` for an import whose specifier is not a plain string, and for forms that we do not use
 * (`import x = require("…")`, `import.defer`).
 *
 * ```ts
 * import { readImports } from "./imports.ts";
 * import { tokenize } from "./tokens.ts";
 *
 * const [found] = readImports(tokenize('import { hash, type Hash } from "node:crypto";'));
 * console.assert(found.specifier === "node:crypto" && found.names.join() === "hash,Hash");
 * ```
 */
export function readImports(tokens: readonly Token[]): ModuleImport[] {
  const imports: ModuleImport[] = [];
  for (let i = 0; i < tokens.length; i++) {
    const token = tokens[i];
    if (token.kind !== "name" || isMember(tokens, i)) continue;
    if (token.text === "import") {
      const found = readImport(tokens, i);
      if (found !== null) imports.push(found);
    } else if (token.text === "export") {
      const found = readReexport(tokens, i);
      if (found !== null) imports.push(found);
    }
  }
  return imports;
}

/** `at` stands on `import`. Null for `import.meta` and for a key of that name. */
function readImport(tokens: readonly Token[], at: number): ModuleImport | null {
  const next = tokens[at + 1];
  if (next?.kind === "string") {
    return { specifier: next.text, form: "static", names: [], line: next.line };
  }
  if (next?.text === ":") return null;
  if (next?.text === ".") {
    if (tokens[at + 2]?.text === "meta") return null;
    throw new UnreadableSource(`"import.${tokens[at + 2]?.text}" is not read by the layer check`, next.line);
  }
  if (next?.text === "(") {
    const specifier = tokens[at + 2];
    const end = tokens[at + 3]?.text;
    if (specifier?.kind !== "string" || (end !== ")" && end !== ",")) {
      throw new UnreadableSource("a dynamic import whose specifier is not a plain string", tokens[at].line);
    }
    return { specifier: specifier.text, form: "dynamic", names: ["*"], line: specifier.line };
  }
  return readClause(tokens, at + 1);
}

/** `at` stands on `export`. Null where what is exported is the module's own. */
function readReexport(tokens: readonly Token[], at: number): ModuleImport | null {
  const from = tokens[at + 1]?.text === "type" ? at + 2 : at + 1;
  const first = tokens[from]?.text;
  if (first === "*") return readClause(tokens, from);
  if (first !== "{") return null;
  const end = tokens.findIndex((token, i) => i > from && token.kind === "mark" && token.text === "}");
  return tokens[end + 1]?.text === "from" && tokens[end + 2]?.kind === "string"
    ? readClause(tokens, from)
    : null;
}

/** `[type] a, { b, type c as d }, * as e from "…"`, from the token behind `import` or `export`. */
function readClause(tokens: readonly Token[], begin: number): ModuleImport {
  const names: string[] = [];
  let inBraces = false;
  let nameExpected = true;
  for (let i = begin; i < tokens.length; i++) {
    const token = tokens[i];
    const next = tokens[i + 1];
    if (!inBraces && token.text === "from" && next?.kind === "string") {
      return { specifier: next.text, form: "static", names, line: next.line };
    }
    if (token.kind === "mark") {
      if (token.text === "{") inBraces = true;
      else if (token.text === "}") inBraces = false;
      else if (token.text === "*") names.push("*");
      else if (token.text !== ",") break;
      nameExpected = token.text !== "*" && token.text !== "}";
      continue;
    }
    if (token.kind !== "name" && token.kind !== "string") break;
    // "type" is a modifier unless it is itself the name: `import type from "…"`, `{ type }`, `{ type as t }`.
    const isModifier = token.text === "type" &&
      (next?.kind === "name"
        ? next.text !== "as" && next.text !== "from"
        : next?.text === "{" || next?.text === "*");
    if (isModifier || !nameExpected) continue;
    names.push(inBraces ? token.text : "default");
    nameExpected = false; // what follows up to the comma is `as local`
  }
  throw new UnreadableSource("an import that the layer check cannot read", tokens[begin]?.line ?? 1);
}

/** `x.import`, `x?.export`: a property, not the keyword. */
function isMember(tokens: readonly Token[], at: number): boolean {
  const before = tokens[at - 1]?.text;
  return tokens[at - 1]?.kind === "mark" && (before === "." || before === "?.");
}
