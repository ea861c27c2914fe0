/**
 * What a decision costs: `deno bench tests/bench/decide_bench.ts`.
 *
 * Aims: at most 200 ns per pattern check on short arguments; a policy of 1,000 rules at most twice one of 10 for a call
 * that one rule names; texts that take exponential time elsewhere, in milliseconds.
 */

import { decide } from "../../src/policy/decide.ts";
import { needs } from "../../src/policy/needs.ts";
import type { Check, Rule } from "../../src/policy/rule.ts";
import { initialState } from "../../src/policy/state.ts";
import {
  call,
  compile,
  document,
  engine,
  equals,
  finds,
  matches,
  oneOf,
  rule,
  under,
} from "../policy/support/build.ts";
import { FakeDisk } from "../policy/support/fake_disk.ts";

const files = new FakeDisk({ "/tmp": "directory", "/tmp/notes.txt": "file" });
const asked = call("read_text_file", '{"path":"/tmp/notes.txt","head":10,"encoding":"utf-8"}');

/** A bench of one decision, facts included in what is measured only as a map that is read. */
function benchDecision(
  name: string,
  rules: readonly Rule[],
  options: { readonly group: string; readonly baseline?: boolean; readonly ownFiles?: readonly string[] },
  operation = asked,
): void {
  const { ownFiles = [], ...bench } = options;
  const policy = compile(document(rules), { workingDirectory: "/tmp", ownFiles });
  const state = initialState(policy);
  const facts = files.answer(needs(policy, operation));
  Deno.bench({
    name,
    ...bench,
    fn() {
      decide(policy, state, operation, facts, 1_000);
    },
  });
}

const allow = rule("allow", "read_text_file", { id: "read" });
/** So many rules about other tools, each a third allow, deny and limit. */
const others = (count: number): readonly Rule[] =>
  Array.from(
    { length: count },
    (_, index) =>
      rule((["allow", "deny", "limit"] as const)[index % 3], `other_tool_${index}`, {
        id: `other-${index}`,
        args: { path: [equals(`/x/${index}`)] },
      }),
  );

benchDecision("one allow by name", [allow], { group: "checks", baseline: true });
benchDecision("… and equality", [with_([equals("/tmp/notes.txt")])], { group: "checks" });
benchDecision("… and one of five", [with_([oneOf("a", "b", "c", "d", "/tmp/notes.txt")])], {
  group: "checks",
});
benchDecision("… and one pattern", [with_([matches("/tmp/[a-z./]+")])], { group: "checks" });
benchDecision("… and under /tmp", [with_([under("/tmp")])], { group: "checks" });
benchDecision("… and a deny of any text", [allow, credentials()], { group: "checks" });
benchDecision("… and a limit", [allow, rule("limit", "*")], { group: "checks" });
benchDecision("… and our own files", [allow], {
  group: "checks",
  ownFiles: ["/w/policy.yaml", "/w/audit.jsonl"],
});

benchDecision("10 rules", [...others(9), allow], { group: "rules", baseline: true });
benchDecision("100 rules", [...others(99), allow], { group: "rules" });
benchDecision("1,000 rules", [...others(999), allow], { group: "rules" });

const pattern = engine.compile("(^|/)\\.(ssh|aws|gnupg)(/|$)");
const path = "/home/someone/projects/thing/src/main/index.ts";
Deno.bench("one pattern check on 46 characters", { group: "pattern", baseline: true }, () => {
  pattern.finds(path);
});
const ten = Array.from({ length: 10 }, (_, index) => finds(`(^|/)\\.(ssh|aws|gnupg|x${index})(/|$)`));
benchDecision(
  "a decision without patterns",
  [rule("allow", "*")],
  { group: "patterns", baseline: true },
  pathCall(),
);
benchDecision(
  "ten denies with a pattern each",
  [
    rule("allow", "*"),
    ...ten.map((check, index) => rule("deny", "*", { id: `d${index}`, args: { path: [check] } })),
  ],
  { group: "patterns" },
  pathCall(),
);

const letters = "a".repeat(100_000);
for (const source of ["^(a+)+$", "(a|aa)+$", "(.*a){20}b", "(x+x+)+y", "^(a{1,30}){1,30}$"]) {
  const hostile = engine.compile(source);
  Deno.bench(`${source} on 100 KB`, { group: "hostile" }, () => {
    hostile.finds(`${letters}!`);
  });
}
const large = call(
  "read_text_file",
  JSON.stringify({ path: "/tmp/x", text: "line of text\n".repeat(80_000) }),
);
benchDecision("a deny of any text over 1 MB", [rule("allow", "*"), credentials()], { group: "large" }, large);

function with_(checks: readonly Check[]): Rule {
  return { ...allow, args: rule("allow", "*", { args: { path: checks } }).args };
}

function credentials(): Rule {
  return rule("deny", "*", { id: "no-credentials", args: { "**": [finds("(^|/)\\.(ssh|aws|gnupg)(/|$)")] } });
}

function pathCall() {
  return call("read_text_file", JSON.stringify({ path }));
}
