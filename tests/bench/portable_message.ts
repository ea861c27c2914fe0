/** native/message.h for a machine without a C compiler: the one request and the one answer of the benchmark. */

const head = '{"jsonrpc":"2.0","id":';
const idDigits = 10;
const answerBody = ',"result":{"content":[{"type":"text","text":"';
const prose = "The harbour was quiet that morning, and the ferry to the islands left nine minutes late. ";

/** The id of the first request; each has as many digits. */
export const idFirst = 1_000_000_000;

/** A request of exactly `lengthBytes`, its LF included. */
export function makeRequest(lengthBytes: number, id: number): string {
  const body = ',"method":"tools/call","params":{"name":"echo","arguments":{"text":"';
  return fill(`${head}${id}${body}`, '"}}}\n', lengthBytes);
}

/** The answer to a request line, which comes without its LF; as long as the request. */
export function makeAnswer(request: string): string {
  if (!request.startsWith(head)) {
    throw new Error(`Cannot answer: not a request of the benchmark: ${request.slice(0, 200)}`);
  }
  const id = request.slice(head.length, head.length + idDigits);
  return fill(`${head}${id}${answerBody}`, '"}]}}\n', request.length + 1);
}

/** Whether `line`, its LF included, is the server's own answer to `id`. */
export function isAnswer(line: string, lengthBytes: number, id: number): boolean {
  return line.length === lengthBytes && line.startsWith(`${head}${id}${answerBody}`);
}

function fill(begin: string, end: string, lengthBytes: number): string {
  const room = lengthBytes - begin.length - end.length;
  if (room < 0) throw new Error(`Cannot make a message of ${lengthBytes} bytes`);
  return begin + prose.repeat(Math.ceil(room / prose.length)).slice(0, room) + end;
}
