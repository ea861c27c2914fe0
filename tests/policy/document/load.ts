/** Loading in tests: a text in, what was said of it out. */

import assert from "node:assert/strict";
import { loadDocument, type LoadResult } from "../../../src/policy/document.ts";
import type { PolicyDocument, Rule } from "../../../src/policy/rule.ts";

/** The document of a text that is in order; warnings are allowed. */
export function load(text: string): PolicyDocument {
  const loaded = loadDocument(text, "p.yaml");
  assert.equal(loaded.kind, "ok", said(loaded).join("\n"));
  return (loaded as LoadResult & { kind: "ok" }).document;
}

/** The rules of a list of rules. */
export function loadRules(rules: string): readonly Rule[] {
  return load(`version: 1\nrules:\n${rules}`).rules;
}

/** Everything that was said of a text, errors first: `line:column code what | hint`. */
export function complaints(text: string): string[] {
  return said(loadDocument(text, "p.yaml"));
}

/** The same for a list of rules that begins in line 3. */
export function ruleComplaints(rules: string): string[] {
  return complaints(`version: 1\nrules:\n${rules}`);
}

function said(loaded: LoadResult): string[] {
  const errors = loaded.kind === "error" ? loaded.errors : [];
  return [...errors, ...loaded.warnings].map(({ code, message, hint, at }) => {
    const what = message.replace(/^Cannot load policy "p\.yaml": /, "");
    return `${at?.line}:${at?.column} ${code} ${what}${hint === undefined ? "" : ` | ${hint}`}`;
  });
}
