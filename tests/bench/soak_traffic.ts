/** What the soak sends and expects: the same mixture over and over, told by the number of the request. */

/** What the answer to a request must be. */
export type Expected = "result" | "tool_error" | "denied" | "error" | "short_list";

interface Kind {
  readonly expected: Expected;
  readonly method: string;
  readonly params: Readonly<Record<string, unknown>>;
}

const prose = "The harbour was quiet that morning, and the ferry to the islands left nine minutes late. ";
const callOf = (name: string, expected: Expected): Kind => ({
  expected,
  method: "tools/call",
  params: { name, arguments: { text: prose.repeat(2) } },
});

/** Most are plain calls; among them what takes other ways through the proxy. By number of the request, modulo twenty. */
const kinds: readonly Kind[] = Array.from({ length: 20 }, (_, i) => {
  switch (i) {
    case 3:
    case 11:
      return callOf("forbidden", "denied");
    case 5:
      return { expected: "short_list", method: "tools/list", params: {} };
    case 8:
      return callOf("fail", "tool_error");
    case 14:
      return callOf("break", "error");
    case 17:
      return { expected: "denied", method: "resources/read", params: { uri: "file:///etc/passwd" } };
    default:
      return callOf("echo", "result");
  }
});

/** After so many requests the client sends a notification, and the server one and a request of its own. */
export const requestsPerNotice = 10;

/** Ids cross every length that they can have, and are strings now and then. */
export const idOf = (number: number): number | string => number % 7 === 0 ? `request-${number}` : number;

/** The request with that number, as a line. */
export function requestLine(number: number): string {
  const { method, params } = kinds[number % kinds.length];
  return `${JSON.stringify({ jsonrpc: "2.0", id: idOf(number), method, params })}\n`;
}

/** What must come back for it. */
export function expectedOf(number: number): Expected {
  return kinds[number % kinds.length].expected;
}

/** What an answer is, by the same words; undefined for anything else. */
export function outcomeOf(answer: Answer): Expected | undefined {
  if (answer.error !== undefined) return answer.error.code === 403 ? "denied" : "error";
  const { result } = answer;
  if (result?.tools !== undefined) return result.tools.length === 3 ? "short_list" : undefined;
  if (result?.content === undefined) return undefined;
  if (result.isError !== true) return "result";
  return result._meta?.rule === undefined ? "tool_error" : "denied";
}

/** A message from the other side, as far as the soak looks at it. */
export interface Answer {
  readonly id?: number | string;
  readonly method?: string;
  readonly params?: { readonly number?: number; readonly name?: string; readonly arguments?: unknown };
  readonly error?: { readonly code: number };
  readonly result?: {
    readonly tools?: readonly unknown[];
    readonly content?: readonly unknown[];
    readonly isError?: boolean;
    readonly _meta?: { readonly rule?: string };
    readonly counts?: Counts;
  };
}

/** What the server has seen, told at the end: what was to reach it has, and nothing else. */
export interface Counts {
  readonly requests: number;
  readonly notices: number;
  readonly answers: number;
}
