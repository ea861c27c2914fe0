import assert from "node:assert/strict";
import fc from "fast-check";
import type { Answer } from "../../../src/policy/answer.ts";
import { answerArgv, type ArgvRule } from "../../../src/policy/argv/answer_argv.ts";
import { readFlagRule } from "../../../src/policy/argv/flag_rule.ts";
import type { JsonValue } from "../../../src/wire/json_value.ts";
import { argvCheck, commandLists, commands } from "../support/arbitrary.ts";
import { json } from "../support/json.ts";
import { naiveArgvAnswer } from "../support/naive_argv.ts";

const numberOf = { no: -1, unknown: 0, yes: 1 } as const;

Deno.test("a command is judged as a naive reading of the description judges it", () => {
  const seen = new Set<string>();
  const anyWord = fc.constantFrom(
    ..."ls git status -l -a -la -n -n5 5 --color --color=a --color=ab/c -- - /tmp -I --col push".split(" "),
  );
  const anyValue: fc.Arbitrary<JsonValue> = fc.oneof(
    fc.constantFrom(...commands),
    fc.constantFrom(...commandLists).map(json),
    fc.array(anyWord, { minLength: 1, maxLength: 5 }).map((words) => `ls ${words.join(" ")}`),
    fc.array(anyWord, { maxLength: 5 }),
  );
  fc.assert(
    fc.property(
      argvCheck,
      anyValue,
      fc.constantFrom("allow", "deny" as const),
      (check, value, mode) => {
        assert.ok(check.kind === "argv");
        const strictness = mode as "allow" | "deny";
        // Any function of a word will do here: the checks of operands have tests of their own.
        const say = (word: string): Answer => word.length < 3 ? "unknown" : word.includes("/") ? "yes" : "no";
        const answer = answerArgv(check.rule, value, strictness, say);
        const naive = naiveArgvAnswer(check.rule, value, strictness, (word) => numberOf[say(word)]);
        assert.equal(numberOf[answer], naive);
        seen.add(`${strictness} ${answer}`);
      },
    ),
    { numRuns: 20_000 },
  );
  assert.equal(seen.size, 6);
});

interface Parts {
  readonly program?: readonly string[];
  readonly flags?: readonly string[];
  readonly operands?: "none" | { readonly atLeast: number };
}

/** A rule whose operands all pass if they begin with /tmp. */
function rule({ program = ["ls"], flags, operands }: Parts): ArgvRule<never> {
  return {
    programs: program.map((words) => words === "" ? [] : words.split(" ")),
    ...(flags === undefined ? {} : {
      flags: flags.map((flag) => {
        const read = readFlagRule(flag);
        assert.ok(!("kind" in read), flag);
        return read;
      }),
    }),
    ...(operands === undefined
      ? {}
      : { operands: operands === "none" ? operands : { checks: [], ...operands } }),
  };
}

const inTmp = (word: string): Answer => word === "-" ? "unknown" : word.startsWith("/tmp") ? "yes" : "no";
const some = { atLeast: 0 };

function assertAnswers(
  one: ArgvRule<never>,
  expected: Readonly<Record<string, Answer>>,
  mode: "allow" | "deny" = "allow",
): void {
  for (const [text, answer] of Object.entries(expected)) {
    assert.equal(answerArgv(one, text, mode, inTmp), answer, `${mode}: ${text}`);
    if (text === "") continue;
    const list = text.split(" ");
    assert.equal(answerArgv(one, list, mode, inTmp), answer, `${mode}, as a list: ${text}`);
  }
}

Deno.test("a program stands first and is spelt as the rule spells it", () => {
  assertAnswers(rule({ program: ["ls", "git status"] }), {
    "ls": "yes",
    "LS": "no",
    "/bin/ls": "no",
    "./ls": "no",
    "git status": "yes",
    "git": "no",
    "git -C status": "no",
    "sudo ls": "no",
    "lsof": "no",
    "A=b ls": "unknown",
  });
  assertAnswers(rule({ program: [""], flags: ["-l"], operands: some }), {
    "-l /tmp": "yes",
    "/tmp/a": "yes",
    "ls": "no",
  });
});

Deno.test("what the rule does not name is not there: neither flags nor operands", () => {
  assertAnswers(rule({}), { "ls": "yes", "ls -l": "no", "ls /tmp": "no", "ls -": "no", "ls --": "no" });
  assertAnswers(rule({ operands: "none", flags: ["-l"] }), { "ls -l": "yes", "ls -l /tmp": "no" });
});

Deno.test("flags of one letter may stand together, and the last of them may have a value", () => {
  assertAnswers(rule({ flags: ["-l", "-a", "-n *", "-I?", "-name"], operands: some }), {
    "ls -l -a": "yes",
    "ls -la /tmp": "yes",
    "ls -laR": "no",
    "ls -n 5": "yes",
    "ls -ln 5 /tmp": "yes",
    "ls -nl 5": "no",
    "ls -n5": "no",
    "ls -n": "no",
    "ls -n -l": "unknown",
    "ls -n /etc": "no",
    "ls -Ix": "yes",
    "ls -Ixy": "no",
    "ls -I x": "no",
    "ls -name": "yes",
    "ls --l": "no",
  });
});

Deno.test("a value is a glob whose star ends at a slash, and two stars do not", () => {
  assertAnswers(rule({ flags: ["--color=*", "--format=a/?", "--out=/tmp/**", "--all"] }), {
    "ls --color=auto": "yes",
    "ls --color=": "yes",
    "ls --color=../x": "no",
    "ls --color": "no",
    "ls --colo=auto": "no",
    "ls --color auto": "no",
    "ls --format=a/b": "yes",
    "ls --format=a/bc": "no",
    "ls --out=/tmp/a/b": "yes",
    "ls --out=/etc": "no",
    "ls --all": "yes",
    "ls --all=1": "no",
    "ls --al": "no",
  });
});

Deno.test("every operand must pass, and there must be as many as the rule wants", () => {
  assertAnswers(rule({ flags: ["-l"], operands: { atLeast: 1 } }), {
    "ls": "no",
    "ls -l": "no",
    "ls /tmp": "yes",
    "ls -l /tmp /tmp/a": "yes",
    "ls /tmp /etc": "no",
    "ls /tmp -": "unknown",
    // A flag to GNU, an operand to BSD.
    "ls /tmp -l": "unknown",
    "ls /tmp -R": "no",
  });
});

Deno.test("two dashes end the flags where the rule lists them", () => {
  assertAnswers(rule({ flags: ["-l"], operands: some }), { "ls -- /tmp": "no" });
  assertAnswers(rule({ flags: ["-l", "--"], operands: some }), {
    "ls -- /tmp": "yes",
    "ls -l -- /tmp/a /tmp/b": "yes",
    "ls -- -l": "no",
    "ls --": "yes",
    "ls -- --": "no",
  });
});

Deno.test("a deny fires on every way to spell the program, and asks for a flag and an operand only where it names them", () => {
  assertAnswers(rule({ program: ["rm"] }), {
    "rm": "yes",
    "rm -rf /": "yes",
    "/bin/rm /tmp": "yes",
    "./RM.exe": "yes",
    "rmdir /tmp": "no",
    "ls rm": "no",
    "rm $HOME": "unknown",
  }, "deny");
  assertAnswers(rule({ program: ["rm"], flags: ["-r", "--recursive", "--mode=a*"] }), {
    "rm -rf /x": "yes",
    "rm /x -vfr": "yes",
    "rm --recurs /x": "yes",
    "rm --mode=ab": "yes",
    "rm --mode=b": "no",
    "rm --mode b": "yes",
    "rm -f /x": "no",
    "rm --r": "yes",
  }, "deny");
  assertAnswers(rule({ program: ["git push"] }), {
    "git -C /x push": "yes",
    "git PUSH": "yes",
    "git pull": "no",
  }, "deny");
  assertAnswers(rule({ program: ["cp"], operands: some }), {
    "cp /etc/a /tmp/b": "yes",
    "cp --target=/tmp /etc/a": "yes",
    "cp -t/tmp /etc/a": "yes",
    "cp /etc/a /etc/b": "no",
    "cp /etc/a -": "unknown",
    "cp": "no",
  }, "deny");
  assertAnswers(
    rule({ program: ["cp"], operands: "none" }),
    { "cp": "yes", "cp -l": "yes", "cp a": "no" },
    "deny",
  );
});
