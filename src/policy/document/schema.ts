/**
 * The shape of a policy: which keys, which types, which words. Only the shape; what the words mean together is checked
 * where the document is built. The schemas stay private, so that the types that other files see are written by hand.
 */

// The functions of zod without its methods and its messages in every language: an eighth of the time to load.
import * as z from "zod/mini";
import {
  approvedForMsMax,
  frameBytesMax,
  globCharactersMax,
  messageBytesMin,
  policyNameCharactersMax,
  recordTextCharactersMax,
  resultBytesMin,
} from "../../limits.ts";
import { exampleCallsMax, rateCallsMax, ruleTaintsMax, serverMemoryBytesMin } from "../../limits.ts";
import type { ServerSettings, Window } from "../rule.ts";
import { parseDuration, parseSize, type Quantity } from "./quantity.ts";
import type { Part } from "./vocabulary.ts";

// A policy is read once: compiling the schemas to code would cost more than it saves.
z.config({ jitless: true });

/** A policy without its rules and examples, which are read one by one. */
export interface PolicyShape {
  readonly version: 1;
  readonly name?: string | undefined;
  readonly mode?: "enforce" | "observe" | undefined;
  readonly default?: "allow" | "deny" | undefined;
  readonly denials?: "tool_result" | "protocol_error" | undefined;
  readonly server?: ServerShape | undefined;
  readonly max_message?: number | undefined;
  readonly lock?: "required" | undefined;
  readonly invisible_text?: "note" | "refuse" | undefined;
}

/** `server:` with its quantities read. */
export interface ServerShape {
  readonly memory?: number | undefined;
  readonly processes?: number | undefined;
  readonly open_files?: number | undefined;
  readonly file_size?: number | undefined;
  /** Milliseconds, as all durations are. */
  readonly cpu_time?: number | undefined;
  readonly stop_timeout?: number | undefined;
  readonly pass_env?: readonly string[] | undefined;
  readonly directory?: string | undefined;
  readonly containment?: ServerSettings["containment"];
}

/** A rule but for what it covers and its arguments, whose places in the text matter. */
export interface RuleShape {
  readonly id?: string | undefined;
  readonly others?: "none" | undefined;
  readonly burst?: number | undefined;
  /** Milliseconds. */
  readonly for?: number | undefined;
  readonly taint?: string | readonly string[] | undefined;
  readonly if_tainted?: string | readonly string[] | undefined;
  readonly schema?: "declared" | undefined;
  readonly max_result?: number | undefined;
  readonly reason?: string | undefined;
  readonly until?: string | undefined;
  readonly mode?: "enforce" | "observe" | undefined;
}

/** `to:` of a limit where it is a map. */
export interface QuotaShape {
  readonly calls?: number | undefined;
  readonly sum?: string | undefined;
  readonly max?: number | undefined;
  readonly per: Window;
}

/** A call of an example but for its arguments. */
export interface CallShape {
  readonly tool?: string | undefined;
  readonly resource?: string | undefined;
  readonly prompt?: string | undefined;
  readonly method?: string | undefined;
  readonly from?: "agent" | "server" | undefined;
}

export interface ExampleShape {
  readonly call: CallShape;
  readonly after?: number | readonly CallShape[] | undefined;
}

/** What is known of a part once its shape is right. */
export interface Shapes {
  readonly policy: PolicyShape;
  readonly rule: RuleShape;
  readonly quota: QuotaShape;
  /** Only the shape is checked; the checks are built from the tree. */
  readonly argument: unknown;
  readonly example: ExampleShape;
}

/** Text that stands in records and on terminals: no line feeds, nothing invisible. */
function line(charactersMax: number) {
  return z.string().check(
    z.minLength(1),
    z.maxLength(charactersMax),
    z.refine((text) => !/\p{C}/u.test(text), {
      message: "a character that cannot be seen",
      params: { hint: "Write it as one line of plain text" },
    }),
  );
}

/** Text or a number in the text's own grammar, read into what it means. */
function quantity(parse: (written: string | number) => Quantity<number>, accept: Accept = () => undefined) {
  const read = z.transform((written: string | number, context) => {
    const read = parse(written);
    const problem = read.kind === "ok" ? accept(read.value) : read;
    if (problem !== undefined) {
      context.issues.push({
        code: "custom",
        message: problem.what,
        params: { hint: problem.hint },
        input: written,
      });
    }
    return read.kind === "ok" ? read.value : z.NEVER;
  });
  return z.pipe(z.union([z.string(), z.number()]), read);
}

/** What is wrong with a quantity that could be read; undefined where nothing is. */
type Accept = (value: number) => { what: string; hint: string } | undefined;

const memory = quantity(parseSize, (bytes) =>
  bytes >= serverMemoryBytesMin ? undefined : {
    what: `${bytes} bytes of memory, in which no program runs`,
    hint: "Is the unit missing? A size is written 512MiB or 1GiB",
  });

const messageSize = quantity(parseSize, (bytes) => {
  if (bytes > frameBytesMax) {
    return {
      what: `${bytes} bytes is above the limit of ${frameBytesMax} that always holds`,
      hint: "A policy can only lower it",
    };
  }
  if (bytes < messageBytesMin) {
    return { what: `${bytes} bytes, in which no handshake fits`, hint: `Write at least ${messageBytesMin}` };
  }
  return undefined;
});

const resultSize = quantity(parseSize, (bytes) =>
  bytes >= resultBytesMin ? undefined : {
    what: `${bytes} bytes, in which no answer fits`,
    hint: `Is the unit missing? A size is written 64KiB or 1MiB, and is at least ${resultBytesMin}`,
  });

const wholeSeconds = quantity(parseDuration, (ms) =>
  ms % 1000 === 0 ? undefined : {
    what: "a CPU time that is not whole seconds",
    // setrlimit(2): RLIMIT_CPU is counted in seconds.
    hint: "The system counts it in seconds: write 10s or 2m",
  });

const approval = quantity(parseDuration, (ms) =>
  ms <= approvedForMsMax ? undefined : {
    what: "an approval that holds for more than a day",
    hint: "A person approves one call; what may always pass is a rule with allow",
  });

const names = z.union([z.string(), z.array(z.string()).check(z.minLength(1))]);

const scope = z.union([
  z.string(),
  z.array(z.string()).check(z.minLength(1)),
  z.strictObject({
    tools: z.optional(names),
    resources: z.optional(names),
    prompts: z.optional(names),
    methods: z.optional(names),
  }),
]);

const mode = z.enum(["enforce", "observe"]);

const policy = z.strictObject({
  version: z.literal(1),
  name: z.optional(line(policyNameCharactersMax)),
  mode: z.optional(mode),
  default: z.optional(z.enum(["allow", "deny"])),
  denials: z.optional(z.enum(["tool_result", "protocol_error"])),
  vars: z.optional(z.unknown()),
  rules: z.optional(z.array(z.unknown())),
  server: z.optional(z.strictObject({
    memory: z.optional(memory),
    processes: z.optional(z.int().check(z.minimum(1))),
    // Three are open before the program begins, and its loader needs one.
    open_files: z.optional(z.int().check(z.minimum(4))),
    file_size: z.optional(quantity(parseSize)),
    cpu_time: z.optional(wholeSeconds),
    stop_timeout: z.optional(quantity(parseDuration)),
    pass_env: z.optional(z.array(z.string())),
    directory: z.optional(z.string().check(z.minLength(1))),
    containment: z.optional(z.enum(["namespace", "process"])),
  })),
  audit: z.optional(z.strictObject({ mask: z.optional(z.literal("all")) })),
  max_message: z.optional(messageSize),
  lock: z.optional(z.literal("required")),
  invisible_text: z.optional(z.enum(["note", "refuse"])),
  examples: z.optional(z.array(z.unknown())),
});

/** A word of the author's own. */
const label = z.string().check(
  z.refine((text) => /^\p{L}[\p{L}\p{N}_-]{0,63}$/u.test(text), {
    message: "no label",
    params: { hint: "A label is one word of letters, digits, - and _, for example private" },
  }),
);

const labels = z.union([label, z.array(label).check(z.minLength(1), z.maxLength(ruleTaintsMax))]);

const quota = z.strictObject({
  calls: z.optional(z.int().check(z.minimum(1), z.maximum(rateCallsMax))),
  sum: z.optional(z.string().check(z.minLength(1))),
  max: z.optional(z.number().check(z.gt(0))),
  per: z.enum(["session", "hour", "day"]),
});

const rule = z.strictObject({
  id: z.optional(line(policyNameCharactersMax)),
  allow: z.optional(scope),
  deny: z.optional(scope),
  ask: z.optional(scope),
  limit: z.optional(scope),
  args: z.optional(z.unknown()),
  others: z.optional(z.literal("none")),
  to: z.optional(z.unknown()),
  burst: z.optional(z.int().check(z.minimum(1), z.maximum(rateCallsMax))),
  for: z.optional(approval),
  taint: z.optional(labels),
  if_tainted: z.optional(labels),
  schema: z.optional(z.literal("declared")),
  max_result: z.optional(resultSize),
  reason: z.optional(line(recordTextCharactersMax)),
  until: z.optional(z.string()),
  mode: z.optional(mode),
});

const literal = z.union([z.string(), z.number(), z.boolean(), z.null()]);

const glob = z.string().check(z.minLength(1), z.maxLength(globCharactersMax));
const port = z.int().check(z.minimum(1), z.maximum(65_535));

/** `-1` is a number to YAML. */
const flag = z.union([z.string(), z.number()]);

const argument = z.union([
  literal,
  z.array(literal).check(z.minLength(1)),
  z.strictObject({
    matches: z.optional(z.string().check(z.minLength(1))),
    finds: z.optional(z.string().check(z.minLength(1))),
    glob: z.optional(z.union([glob, z.array(glob).check(z.minLength(1))])),
    under: z.optional(z.union([z.string(), z.array(z.string()).check(z.minLength(1))])),
    url: z.optional(z.strictObject({
      scheme: z.optional(names),
      host: z.optional(names),
      port: z.optional(z.union([port, z.array(port).check(z.minLength(1)), z.string()])),
    })),
    argv: z.optional(z.strictObject({
      program: names,
      flags: z.optional(z.union([flag, z.array(flag).check(z.minLength(1))])),
      // Checks again, read as those of an argument.
      operands: z.optional(z.unknown()),
    })),
    equals: z.optional(literal),
    one_of: z.optional(z.array(literal).check(z.minLength(1))),
    min: z.optional(z.number()),
    max: z.optional(z.number()),
    max_length: z.optional(z.int().check(z.minimum(0))),
    present: z.optional(z.boolean()),
  }),
]);

const ruleName = z.string().check(z.minLength(1));

const call = z.strictObject({
  tool: z.optional(z.string()),
  resource: z.optional(z.string()),
  prompt: z.optional(z.string()),
  method: z.optional(z.string().check(z.minLength(1))),
  arguments: z.optional(z.unknown()),
  from: z.optional(z.enum(["agent", "server"])),
});

const example = z.strictObject({
  call,
  after: z.optional(z.union([
    z.int().check(z.minimum(1), z.maximum(exampleCallsMax)),
    z.array(call).check(z.minLength(1), z.maxLength(exampleCallsMax)),
  ])),
  expect: z.union([
    z.enum(["allow", "deny", "ask", "limit"]),
    z.strictObject({
      allow: z.optional(ruleName),
      deny: z.optional(ruleName),
      ask: z.optional(ruleName),
      limit: z.optional(ruleName),
    }),
  ]),
});

/** The annotation holds the hand-written types above and the schemas together: it would not compile otherwise. */
export const partSchemas: { readonly [P in Part]: z.ZodMiniType<Shapes[P]> } = {
  policy,
  rule,
  quota,
  argument,
  example,
};

/** One thing that the schema did not find in order. */
export type ShapeIssue = z.core.$ZodIssue;

/** The part as its shape says, quantities read; or everything that is wrong with it. */
export function checkShape<P extends Part>(
  part: P,
  value: unknown,
): { readonly kind: "ok"; readonly shape: Shapes[P] } | {
  readonly kind: "wrong";
  readonly issues: readonly ShapeIssue[];
} {
  const result = partSchemas[part].safeParse(value);
  return result.success ? { kind: "ok", shape: result.data } : { kind: "wrong", issues: result.error.issues };
}
