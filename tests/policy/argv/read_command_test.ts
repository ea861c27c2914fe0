import assert from "node:assert/strict";
import fc from "fast-check";
import { commandWordsMax } from "../../../src/limits.ts";
import { readCommand } from "../../../src/policy/argv/read_command.ts";
import type { JsonValue } from "../../../src/wire/json_value.ts";
import { json } from "../support/json.ts";

function words(value: JsonValue): readonly string[] | undefined {
  const reading = readCommand(value);
  return reading.kind === "words" ? reading.words : undefined;
}

function why(value: JsonValue): string | undefined {
  const reading = readCommand(value);
  return reading.kind === "unknown" ? reading.why : undefined;
}

Deno.test("readCommand() splits plain words at single spaces, and takes a list of them as it is", () => {
  for (
    const text of [
      "ls",
      "ls -la /tmp",
      "/usr/bin/ls ./a ../b a-b_c+d",
      "git log --format=medium --since=2026-01-01T10:00",
      "ssh user@host.example.com",
      "curl https://example.com/x",
      "tar -xzf a.tar.gz",
      "ls - --",
      "date +s",
      "ls --color=",
      "scp a:b c:/d",
      "kill -9 12345",
      "head -n/5",
    ]
  ) {
    assert.deepEqual(words(text), text.split(" "), text);
    assert.deepEqual(words(text.split(" ")), text.split(" "), text);
  }
  assert.deepEqual(words([]), []);
});

/** What a shell makes of it, or one shell and not another. */
const tricks: readonly (readonly [string, string])[] = [
  // A second command.
  ["ls;id", "a list"],
  ["ls ; id", "a list"],
  ["ls&&id", "a list"],
  ["ls & id", "in the background"],
  ["ls||id", "a list"],
  ["ls | sh", "a pipe"],
  ["ls\nid", "a line end"],
  ["ls\rid", "a line end to some"],
  ["ls\r\nid", "a line end"],
  ["ls \u2028id", "a line end to JavaScript"],
  ["ls \u0085id", "a line end to some"],
  ["ls\fid", "a blank to some"],
  ["ls\vid", "a blank to some"],
  ["(ls)", "a subshell"],
  ["{ ls; }", "a group"],
  ["! ls", "a negation"],
  // Substitution.
  ["ls $(id)", "a command"],
  ["ls `id`", "a command, or an escape to PowerShell"],
  ["ls ${IFS}/etc", "a variable"],
  ["ls $HOME", "a variable"],
  ["ls $'\\x2f'", "a quote of bash"],
  ["ls <(id)", "a process"],
  ["ls >(id)", "a process"],
  ["ls %PATH%", "a variable of cmd"],
  ["ls !PATH!", "a variable of cmd"],
  ["ls !!", "history"],
  ["ls ^a^b", "history, or an escape of cmd"],
  ["ls @(id)", "an array of PowerShell"],
  ["ls @args", "splatting of PowerShell"],
  ["ls =ls", "a path to zsh"],
  ["ls $((1+1))", "arithmetic"],
  // Redirection.
  ["ls > /etc/x", "a file"],
  ["ls >> x", "a file"],
  ["ls < /etc/passwd", "a file"],
  ["ls 2>&1", "a descriptor"],
  ["ls <<< x", "a here string"],
  // Expansion.
  ["ls *", "a glob"],
  ["ls /tmp/?", "a glob"],
  ["ls /tmp/[a-z]", "a glob"],
  ["ls /{tmp,etc}", "braces"],
  ["ls ~", "a home"],
  ["ls ~root", "a home"],
  ["ls a~", "a glob of zsh"],
  ["ls a#b", "a glob of zsh"],
  ["ls #x", "a comment"],
  ["ls a,b", "a list of PowerShell, a blank of cmd"],
  // Quoting.
  ["ls 'a b'", "two words to cmd and to splitters"],
  ['ls "a b"', "two words to splitters"],
  ['ls "/tmp /etc"', "two words to splitters"],
  ["l''s", "the word ls"],
  ['l""s', "the word ls"],
  ["l\\s", "the word ls, or a path to cmd"],
  ["ls a\\ b", "one word or two"],
  ["ls \\\\host\\share", "a share"],
  ["ls C:\\x", "a path of cmd"],
  // Words in front.
  ["A=b ls", "a variable"],
  ["PATH=/tmp ls", "a variable"],
  ["ls a=b", "an assignment under set -k"],
  ["ls -a=b", "a value to some"],
  [":ls", "a label of cmd"],
  ["@ls", "an echo off of cmd"],
  // Blanks.
  ["", "nothing"],
  [" ", "nothing"],
  [" ls", "an empty word to splitters"],
  ["ls ", "an empty word to splitters"],
  ["ls  /tmp", "an empty word to splitters"],
  ["ls\t/tmp", "a blank"],
  ["ls\u00a0/tmp", "a blank of some locales"],
  ["ls\u3000/tmp", "a blank of zsh"],
  ["ls\0/etc", "the end of a C string"],
  ["ls \x1b[2J", "an escape"],
  // Letters that are others to some.
  ["ls –a", "a dash of PowerShell"],
  ["ls ‘a’", "quotes of PowerShell"],
  ["ls “a”", "quotes of PowerShell"],
  ["ls ；id", "a semicolon after NFKC"],
  ["ls ／etc", "a slash after NFKC"],
  ["ls à", "a blank in the bytes, to a locale of one"],
  ["ls \u200b", "invisible"],
  ["ls \ud800", "no text"],
  // Dashes that PowerShell cuts.
  ["ls -a.b", "two words to PowerShell"],
  ["ls -a:b", "two words to PowerShell"],
  ["ls --%", "the end of parsing in PowerShell"],
  ["ls ---a", "no flag that anyone knows"],
  ["ls --a=b=c", "no value that all split alike"],
];

Deno.test("readCommand() takes no command that some shell reads differently", () => {
  assert.ok(tricks.length >= 80);
  assert.deepEqual(tricks.filter(([text]) => words(text) !== undefined), []);
  assert.deepEqual(
    tricks.filter(([text]) => text !== "" && words(["echo", text]) !== undefined),
    [],
  );
});

Deno.test("readCommand() says what it cannot read", () => {
  const table: [JsonValue, string][] = [
    ["", "it is empty"],
    ["ls;id", "it holds a ; which shells interpret"],
    ["ls 'a'", "it holds a ' which shells interpret"],
    ["ls\tx", "it holds a character that shells may interpret"],
    ["ls à", "it holds a character that shells may interpret"],
    ["ls  x", "a word of it is empty, or two spaces stand together"],
    [["ls", "a b"], "a word of it holds a space"],
    ["A=b ls", "a word of it has a : @ . or = where shells read it differently"],
    [json('["ls",5]'), "one of its words is no text"],
    [json('["ls",["a"]]'), "one of its words is no text"],
    [json("5"), "it is neither a text nor a list of texts"],
    [null, "it is neither a text nor a list of texts"],
    [json("{}"), "it is neither a text nor a list of texts"],
    [new Array(commandWordsMax + 1).fill("a"), "it has too many words"],
    [new Array(commandWordsMax + 1).fill("a").join(" "), "it has too many words"],
    [" ".repeat(2_000_000), "it is too long"],
  ];
  for (const [value, expected] of table) assert.equal(why(value), expected, String(value).slice(0, 40));
  assert.equal(words(new Array(commandWordsMax).fill("a").join(" "))?.length, commandWordsMax);
});

Deno.test("no text with a character that some shell interprets is read, wherever it stands", () => {
  const special = [
    ..."\t\n\r\0\x1b\x7f!\"#$%&'()*,;<>?[\\]^`{|}~",
    "\u00a0",
    "\u2028",
    "\uff0f",
    "é",
    "\u2013",
  ];
  const plain = fc.constantFrom("ls", " ", "-a", "/tmp", "--b=c", "x", "@", ":", "=");
  fc.assert(
    fc.property(
      fc.array(plain, { maxLength: 5 }),
      fc.constantFrom(...special),
      fc.array(plain, { maxLength: 5 }),
      (before, character, after) => {
        const text = [...before, character, ...after].join("");
        assert.equal(words(text), undefined, text);
        assert.equal(words(["ls", text]), undefined, text);
      },
    ),
  );
});
