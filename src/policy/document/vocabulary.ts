/** The words of the policy language: which keys a map may have, which will come, and what people write instead. */

/** The keys of one kind of map. */
export interface Words {
  /** "a rule", "a check": how a message names such a map. */
  readonly what: string;
  readonly known: readonly string[];
  /** Keys of later versions. They are refused by name: a rule that is not enforced must not look as if it were. */
  readonly later?: Readonly<Record<string, string>>;
  /** Keys of the part around it that are easily written one level too deep: the rule's, in a check of an argument. */
  readonly outside?: { readonly of: string; readonly keys: readonly string[] };
  /** What people write who come from other languages; the value is a key of ours. */
  readonly meant?: Readonly<Record<string, string>>;
}

/** By the part of the document that is read, and the path inside it. */
const wordsByPlace: Readonly<Record<string, Words>> = {
  policy: {
    what: "a policy",
    known: [
      "version",
      "name",
      "mode",
      "default",
      "denials",
      "vars",
      "rules",
      "server",
      "audit",
      "max_message",
      "lock",
      "invisible_text",
      "examples",
    ],
    later: { taints: "labels of a session that rules do not give" },
    meant: {
      variables: "vars",
      rule: "rules",
      policies: "rules",
      tests: "examples",
      description: "name",
      logging: "audit",
    },
  },
  "policy.server": {
    what: "server",
    known: [
      "memory",
      "processes",
      "open_files",
      "file_size",
      "cpu_time",
      "stop_timeout",
      "pass_env",
      "directory",
      "containment",
    ],
    later: {
      cpu: "a share of the processor",
      filesystem: "the file sandbox",
      network: "the network sandbox",
      system_calls: "the system call filter",
      timeout: "a time limit for each request",
    },
    meant: {
      env: "pass_env",
      environment: "pass_env",
      cwd: "directory",
      workdir: "directory",
      ram: "memory",
    },
  },
  "policy.audit": {
    what: "audit",
    known: ["mask"],
    later: {
      arguments: "the choice of what is recorded of arguments",
      results: "the recording of results",
      entities: "the choice of what is masked",
      patterns: "patterns of one's own to mask",
      allow: "values that are not masked",
      keys: "key names whose values are masked",
      sync: "the choice of when the log is synced",
      rotate: "rotation",
    },
  },
  rule: {
    what: "a rule",
    known: [
      "id",
      "allow",
      "deny",
      "ask",
      "limit",
      "args",
      "others",
      "to",
      "burst",
      "for",
      "taint",
      "if_tainted",
      "schema",
      "max_result",
      "reason",
      "until",
      "mode",
    ],
    later: {
      result: "masking of results",
    },
    meant: {
      taints: "taint",
      tainted: "if_tainted",
      when_tainted: "if_tainted",
      permit: "allow",
      block: "deny",
      forbid: "deny",
      reject: "deny",
      confirm: "ask",
      approve: "ask",
      rate: "to",
      arguments: "args",
      parameters: "args",
      params: "args",
      expires: "until",
      expiry: "until",
      name: "id",
      message: "reason",
      description: "reason",
    },
  },
  quota: {
    what: '"to"',
    known: ["calls", "sum", "max", "per"],
    meant: {
      call: "calls",
      count: "calls",
      limit: "max",
      total: "max",
      maximum: "max",
      of: "sum",
      every: "per",
    },
  },
  "rule.scope": {
    what: "what a rule covers",
    known: ["tools", "resources", "prompts", "methods"],
    meant: { tool: "tools", uri: "resources", uris: "resources" },
  },
  argument: {
    what: "a check",
    known: [
      "matches",
      "finds",
      "glob",
      "under",
      "url",
      "argv",
      "equals",
      "one_of",
      "min",
      "max",
      "max_length",
      "present",
    ],
    outside: {
      of: "the rule, beside args",
      keys: ["schema", "others", "reason", "until", "max_result", "taint", "if_tainted"],
    },
    later: {
      type: "checks on the type of an argument",
      min_length: "a least length",
      not: "negated checks",
    },
    meant: {
      regex: "matches",
      regexp: "matches",
      pattern: "matches",
      globs: "glob",
      wildcard: "glob",
      like: "glob",
      contains: "finds",
      search: "finds",
      path: "under",
      within: "under",
      in: "one_of",
      uri: "url",
      host: "url",
      domain: "url",
      command: "argv",
      program: "argv",
      cmd: "argv",
      enum: "one_of",
      values: "one_of",
      eq: "equals",
      is: "equals",
      value: "equals",
      minimum: "min",
      gte: "min",
      maximum: "max",
      lte: "max",
      exists: "present",
      required: "present",
    },
  },
  "argument.url": {
    what: "url",
    known: ["scheme", "host", "port"],
    meant: {
      schemes: "scheme",
      protocol: "scheme",
      hosts: "host",
      hostname: "host",
      domain: "host",
      domains: "host",
      ports: "port",
    },
  },
  "argument.argv": {
    what: "argv",
    known: ["program", "flags", "operands"],
    meant: {
      command: "program",
      cmd: "program",
      programs: "program",
      executable: "program",
      flag: "flags",
      options: "flags",
      switches: "flags",
      args: "operands",
      arguments: "operands",
      operand: "operands",
      paths: "operands",
    },
  },
  example: {
    what: "an example",
    known: ["call", "after", "expect"],
    meant: { want: "expect", verdict: "expect" },
  },
  "example.call": {
    what: "the call of an example",
    known: ["tool", "resource", "prompt", "method", "arguments", "from"],
    meant: { args: "arguments", params: "arguments", name: "tool", uri: "resource" },
  },
  "example.expect": {
    what: "what an example expects",
    known: ["allow", "deny", "ask", "limit"],
  },
};

/** The parts of a document that are read one by one, so that a slip in one does not hide those in the next. */
export type Part = "policy" | "rule" | "quota" | "argument" | "example";

/** The words of the map at `path` inside a part. */
export function wordsAt(part: Part, path: readonly PropertyKey[]): Words | undefined {
  const [step] = path;
  if (step === undefined) return wordsByPlace[part];
  if (part === "example" && step === "after") return wordsByPlace["example.call"];
  const inner = part === "rule" && (step === "allow" || step === "deny" || step === "ask" || step === "limit")
    ? "scope"
    : String(step);
  return wordsByPlace[`${part}.${inner}`];
}
