/** Checks on URLs and commands that let more through than they seem to, and what no such check can see. */

import { operandChecks } from "../argv/answer_argv.ts";
import type { Check, PolicyDocument, Rule } from "../rule.ts";
import { quote } from "../sentence.ts";
import type { Report } from "./diagnostic.ts";

/** Warns of rules that allow, and says once in a policy what `url` is blind to. */
export function findOpenChecks(document: PolicyDocument, report: Report): void {
  let told = false;
  for (const rule of document.rules) {
    if (rule.effect !== "allow" && rule.effect !== "ask") continue;
    for (const check of rule.args.flatMap(({ checks }) => checks.flatMap(withOperands))) {
      if (check.kind === "url") {
        warnOfUrl(rule, check, report);
        if (!told && check.rule.hosts !== undefined) noteOfBlindness(check, report);
        told ||= check.rule.hosts !== undefined;
      } else if (check.kind === "argv") {
        warnOfRunners(rule, check, report);
      }
    }
  }
}

/** A check, and those that it holds for its operands. */
export function withOperands(check: Check): readonly Check[] {
  return check.kind === "argv" ? [check, ...operandChecks(check.rule)] : [check];
}

type UrlCheck = Check & { readonly kind: "url" };

function noteOfBlindness({ at }: UrlCheck, report: Report): void {
  report.note(
    "blind_spot",
    at,
    '"url" sees the text alone: a public name may lead to a private address, and a server may follow redirects',
    "Where that matters, keep the server off your network as well",
  );
}

/** URLs of these have no host, so nothing of them could be checked. */
const hostless = new Set(["about", "blob", "data", "file", "javascript", "mailto", "urn", "vscode"]);

function warnOfUrl({ id }: Rule, { rule, at }: UrlCheck, report: Report): void {
  if (rule.schemes?.every((scheme) => hostless.has(scheme))) {
    const [scheme] = rule.schemes;
    report.warning(
      "dead_rule",
      at,
      `the rule ${quote(id)} never takes a URL: those of ${quote(scheme)} have no host`,
      scheme === "file" ? 'For files, use "under"' : "Name a scheme such as https, or use matches",
    );
  } else if (rule.hosts === undefined) {
    report.warning(
      "open_host",
      at,
      `the rule ${quote(id)} takes URLs of any host, localhost and private addresses too`,
      "Name the hosts, or write host: public",
    );
  }
}

type ArgvCheck = Check & { readonly kind: "argv" };

/** Programs that start another, which then stands among the operands. */
const runners = new Set(
  ("awk bash busybox chroot cmd csh dash doas docker env eval exec find fish flock ksh make nice node nohup npx parallel " +
    "perl php pkexec powershell pwsh python python3 rsync ruby script sed setsid sh ssh stdbuf strace su sudo tar time " +
    "timeout unshare watch xargs zsh").split(" "),
);

function warnOfRunners(rule: Rule, { rule: argv, at }: ArgvCheck, report: Report): void {
  const { programs, flags } = argv;
  const checks = operandChecks(argv);
  const isOpen = flags !== undefined || checks.length > 0;
  if (!isOpen || checks.some(({ kind }) => kind === "equals" || kind === "one_of")) return;
  const runner = programs.find(([name]) => name !== undefined && runners.has(name.split("/").at(-1)!));
  if (runner === undefined) return;
  report.warning(
    "runs_others",
    at,
    `the rule ${quote(rule.id)} takes ${quote(runner[0])}, which can run any other program`,
    "Name the program that it shall run instead, or check every operand by equals or one_of",
  );
}
