/**
 * The shape of a policy: which keys, which types, which words. Only the shape; what the words mean together is checked
 * where the document is built. The schemas stay private, so that the types that other files see are written by hand.
 */

import { z } from "zod";
import {
  frameBytesMax,
  messageBytesMin,
  policyNameCharactersMax,
  recordTextCharactersMax,
} from "../../limits.ts";
import { exampleCallsMax, rateCallsMax, serverMemoryBytesMin } from "../../limits.ts";
import type { ServerSettings } from "../rule.ts";
import { parseDuration, parseSize, type Quantity } from "./quantity.ts";
import type { Part } from "./vocabulary.ts";

/** A policy without its rules and examples, which are read one by one. */
export interface PolicyShape {
  readonly version: 1;
  readonly name?: string | undefined;
  readonly mode?: "enforce" | "observe" | undefined;
  readonly default?: "allow" | "deny" | undefined;
  readonly denials?: "tool_result" | "protocol_error" | undefined;
  readonly server?: ServerShape | undefined;
  readonly max_message?: number | undefined;
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
  readonly reason?: string | undefined;
  readonly mode?: "enforce" | "observe" | undefined;
}

export interface ExampleShape {
  readonly call: {
    readonly tool?: string | undefined;
    readonly resource?: string | undefined;
    readonly prompt?: string | undefined;
    readonly method?: string | undefined;
    readonly from?: "agent" | "server" | undefined;
  };
  readonly after?: number | undefined;
}

/** What is known of a part once its shape is right. */
export interface Shapes {
  readonly policy: PolicyShape;
  readonly rule: RuleShape;
  /** Only the shape is checked; the checks are built from the tree. */
  readonly argument: unknown;
  readonly example: ExampleShape;
}

/** Text that stands in records and on terminals: no line feeds, nothing invisible. */
function line(charactersMax: number) {
  return z.string().min(1).max(charactersMax).refine((text) => !/\p{C}/u.test(text), {
    message: "a character that cannot be seen",
    params: { hint: "Write it as one line of plain text" },
  });
}

/** Text or a number in the text's own grammar, read into what it means. */
function quantity(parse: (written: string | number) => Quantity<number>, accept: Accept = () => undefined) {
  return z.union([z.string(), z.number()]).transform((written, context) => {
    const read = parse(written);
    const problem = read.kind === "ok" ? accept(read.value) : read;
    if (problem !== undefined) {
      context.addIssue({ code: "custom", message: problem.what, params: { hint: problem.hint } });
    }
    return read.kind === "ok" ? read.value : z.NEVER;
  });
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

const wholeSeconds = quantity(parseDuration, (ms) =>
  ms % 1000 === 0 ? undefined : {
    what: "a CPU time that is not whole seconds",
    // setrlimit(2): RLIMIT_CPU is counted in seconds.
    hint: "The system counts it in seconds: write 10s or 2m",
  });

const names = z.union([z.string(), z.array(z.string()).min(1)]);

const scope = z.union([
  z.string(),
  z.array(z.string()).min(1),
  z.strictObject({
    tools: names.optional(),
    resources: names.optional(),
    prompts: names.optional(),
    methods: names.optional(),
  }),
]);

const mode = z.enum(["enforce", "observe"]);

const policy = z.strictObject({
  version: z.literal(1),
  name: line(policyNameCharactersMax).optional(),
  mode: mode.optional(),
  default: z.enum(["allow", "deny"]).optional(),
  denials: z.enum(["tool_result", "protocol_error"]).optional(),
  rules: z.array(z.unknown()).optional(),
  server: z.strictObject({
    memory: memory.optional(),
    processes: z.int().min(1).optional(),
    // Three are open before the program begins, and its loader needs one.
    open_files: z.int().min(4).optional(),
    file_size: quantity(parseSize).optional(),
    cpu_time: wholeSeconds.optional(),
    stop_timeout: quantity(parseDuration).optional(),
    pass_env: z.array(z.string()).optional(),
    directory: z.string().min(1).optional(),
    containment: z.enum(["namespace", "process"]).optional(),
  }).optional(),
  audit: z.strictObject({ mask: z.literal("all").optional() }).optional(),
  max_message: messageSize.optional(),
  examples: z.array(z.unknown()).optional(),
});

const rule = z.strictObject({
  id: line(policyNameCharactersMax).optional(),
  allow: scope.optional(),
  deny: scope.optional(),
  limit: scope.optional(),
  args: z.unknown().optional(),
  others: z.literal("none").optional(),
  to: z.unknown().optional(),
  burst: z.int().min(1).max(rateCallsMax).optional(),
  reason: line(recordTextCharactersMax).optional(),
  mode: mode.optional(),
});

const literal = z.union([z.string(), z.number(), z.boolean(), z.null()]);

const argument = z.union([
  literal,
  z.array(literal).min(1),
  z.strictObject({
    matches: z.string().min(1).optional(),
    finds: z.string().min(1).optional(),
    under: z.union([z.string(), z.array(z.string()).min(1)]).optional(),
    equals: literal.optional(),
    one_of: z.array(literal).min(1).optional(),
    min: z.number().optional(),
    max: z.number().optional(),
    max_length: z.int().min(0).optional(),
    present: z.boolean().optional(),
  }),
]);

const ruleName = z.string().min(1);

const example = z.strictObject({
  call: z.strictObject({
    tool: z.string().optional(),
    resource: z.string().optional(),
    prompt: z.string().optional(),
    method: z.string().min(1).optional(),
    arguments: z.unknown().optional(),
    from: z.enum(["agent", "server"]).optional(),
  }),
  after: z.int().min(1).max(exampleCallsMax).optional(),
  expect: z.union([
    z.enum(["allow", "deny", "limit"]),
    z.strictObject({ allow: ruleName.optional(), deny: ruleName.optional(), limit: ruleName.optional() }),
  ]),
});

/** The annotation holds the hand-written types above and the schemas together: it would not compile otherwise. */
const schemas: { readonly [P in Part]: z.ZodType<Shapes[P]> } = { policy, rule, argument, example };

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
  const result = schemas[part].safeParse(value);
  return result.success ? { kind: "ok", shape: result.data } : { kind: "wrong", issues: result.error.issues };
}
