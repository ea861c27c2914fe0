/**
 * What servers do that no server should, each with the one outcome that is decided for it. Every row is run through the
 * program (tests/e2e/odd_servers_io_test.ts), and those that make the clients of the SDKs hang, with these clients too.
 *
 * Three rules made the table. Whoever would wait in vain gets an answer: the message as it came, or an error under the id of
 * the request. What no reader could misread is forwarded byte for byte. Nothing vanishes without a record, and what is no
 * message goes to the operator.
 */

/** One thing that a server does on its turn. `<id>` in a text is the id of the call. Strings are UTF-8. */
export type Act =
  | { readonly kind: "write"; readonly what: string | Uint8Array; readonly times?: number }
  /** One byte at a time. */
  | { readonly kind: "trickle"; readonly what: string }
  | { readonly kind: "stderr"; readonly what: string; readonly times?: number }
  | { readonly kind: "answer" }
  | { readonly kind: "close" }
  | { readonly kind: "exit"; readonly status: number };

export interface OddServer {
  /** A sentence about the server. */
  readonly name: string;
  /** What it does when the tool is called. */
  readonly acts: readonly Act[];
  /** What the agent writes afterwards, in lines; `<next>` is an id that is not in use. */
  readonly then?: readonly string[];
  /** The lines that the agent gets. */
  readonly agentGets: readonly string[];
  /** The lines that the server gets besides the call and the agent's own. */
  readonly serverGets?: readonly string[];
  /** The lines on our standard error. `many`: more than are worth being listed, and some held back over the rate. */
  readonly says: readonly string[] | "many";
  /** The records behind that of the call: kind, sender, what it was, what became of it, notes. */
  readonly records: readonly string[];
  /** The session has only this row: it changes what comes after, or ends it. Then with this exit status. */
  readonly alone?: { readonly status: number; readonly args?: readonly string[] };
  /**
   * What the clients of the TypeScript SDKs, v1 and v2, make of it through the proxy. Absent where they have nothing to do
   * with it; `hangs` where they hang on the very bytes that the server wrote, as they do without the proxy.
   */
  readonly sdk?: "result" | "error" | "hangs";
  /** Why it is decided so, and where it is written. */
  readonly because: string;
}

/** Bytes of one message in these sessions; the ids of their calls have four characters. */
export const messageBytesMax = 256 * 1024;

/** The answer that the server gives when it is asked to. */
export const answer = '{"jsonrpc":"2.0","id":<id>,"result":{"content":[]}}';

export const write = (what: string | Uint8Array, times = 1): Act => ({ kind: "write", what, times });
export const line = (text: string): Act => write(`${text}\n`);
export const answers: Act = { kind: "answer" };

/** The bytes of a text whose characters are one byte each. */
export const latin1 = (text: string) => Uint8Array.from(text, (c) => c.charCodeAt(0));

export const forwarded = "outcome server result forward";
export const replaced = "outcome server error replace malformed";
export const refused = "refused server malformed";

export const noMessage = (text: string) =>
  `lilith-zero: The server wrote a line that is no message: ${JSON.stringify(text)}`;
export const notPassed = (reason: string) =>
  `lilith-zero: warning: The server sent a message that cannot be passed on: ${reason}`;

/** The error that the agent gets in place of an answer. */
export function insteadOf(reason: string, code = -32603, word = "malformed"): string {
  const error = { code, message: `the server's answer was refused: ${reason}`, data: { code: word, reason } };
  return `{"jsonrpc":"2.0","id":<id>,"error":${JSON.stringify(error)}}`;
}

/** A line that was to be the answer, and cannot be: refused, said, and answered in its place. */
export function badAnswer(
  name: string,
  acts: readonly Act[],
  reason: string,
  because: string,
  sdk?: "error",
): OddServer {
  return {
    name,
    acts,
    agentGets: [insteadOf(reason)],
    says: [notPassed(reason)],
    records: [refused, replaced],
    ...(sdk === undefined ? {} : { sdk }),
    because,
  };
}

/** An answer that is passed on as it came. */
export function goodAnswer(
  name: string,
  text: string,
  because: string,
  more: Partial<Pick<OddServer, "sdk" | "says">> & { readonly notes?: string; readonly sent?: Act } = {},
): OddServer {
  const { notes, sdk, sent, says = [] } = more;
  return {
    name,
    acts: [sent ?? line(text)],
    agentGets: [text],
    says,
    records: [notes === undefined ? forwarded : `${forwarded} ${notes}`],
    ...(sdk === undefined ? {} : { sdk }),
    because,
  };
}

/** A line that is no message, before the answer. */
export function chatter(name: string, text: string, shown: string, because: string): OddServer {
  return {
    name,
    acts: [line(text), answers],
    agentGets: [answer],
    says: [noMessage(shown)],
    records: [refused, forwarded],
    sdk: "result",
    because,
  };
}
