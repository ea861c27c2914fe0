/** The program as a user starts it, with raw lines on its standard input and output. */

import { fileURLToPath } from "node:url";
import { version } from "../../../src/version.ts";

export const repository = fileURLToPath(new URL("../../../", import.meta.url));
export const program = `${repository}mod.ts`;
export const recordingServer = fileURLToPath(new URL("../fixtures/recording_server.mjs", import.meta.url));

/** The words that run the program, as a client's configuration has them. */
export const programCommand: readonly [string, ...string[]] = [
  Deno.execPath(),
  "run",
  "-A",
  "--quiet",
  program,
];

export interface Answer {
  // deno-lint-ignore no-explicit-any
  readonly [key: string]: any;
}

/** A folder that goes when the test ends. */
export class Scratch implements AsyncDisposable {
  private constructor(readonly path: string) {}

  static async make(): Promise<Scratch> {
    return new Scratch(await Deno.realPath(await Deno.makeTempDir({ prefix: "lilith-zero-test-" })));
  }

  file(name: string): string {
    return `${this.path}/${name}`;
  }

  async write(name: string, text: string): Promise<string> {
    await Deno.writeTextFile(this.file(name), text);
    return this.file(name);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.path, { recursive: true });
  }
}

const encoder = new TextEncoder();

export interface RunOptions {
  readonly cwd?: string;
  readonly env?: Record<string, string>;
  readonly clearEnv?: boolean;
  /** Words in front of the program's: what starts it. */
  readonly prefix?: readonly string[];
  /** The program, where it is not the one of the source. */
  readonly program?: readonly string[];
}

/** One run of the program. */
export class Run {
  readonly #process: Deno.ChildProcess;
  readonly #input: WritableStreamDefaultWriter<Uint8Array>;
  readonly #lines: AsyncIterator<string>;
  readonly stderr: Promise<string>;
  readonly status: Promise<Deno.CommandStatus>;
  #inputClosed = false;

  constructor(args: readonly string[], options: RunOptions = {}) {
    const { prefix = [], program = programCommand, ...rest } = options;
    const [command, ...words] = [...prefix, ...program, ...args];
    this.#process = new Deno.Command(command, {
      args: words,
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
      ...rest,
    }).spawn();
    this.#input = this.#process.stdin.getWriter();
    this.#lines = linesOf(this.#process.stdout);
    this.stderr = new Response(this.#process.stderr).text();
    this.status = this.#process.status;
  }

  get pid(): number {
    return this.#process.pid;
  }

  /** Writes bytes, or text, or a value as one line. */
  async write(what: Uint8Array | string | object): Promise<void> {
    const bytes = what instanceof Uint8Array
      ? what
      : encoder.encode(typeof what === "string" ? what : JSON.stringify(what) + "\n");
    await this.#input.write(bytes);
  }

  /** The next line of standard output; undefined at its end. */
  async readLine(): Promise<string | undefined> {
    const { done, value } = await this.#lines.next();
    return done ? undefined : value;
  }

  /** The next line of standard output as a message; undefined at its end. */
  async read(): Promise<Answer | undefined> {
    const line = await this.readLine();
    return line === undefined ? undefined : JSON.parse(line);
  }

  /** Writes a message and reads the next line. */
  async ask(what: Uint8Array | string | object): Promise<Answer> {
    await this.write(what);
    const answer = await this.read();
    if (answer === undefined) throw new Error(`the program ended; it said: ${await this.stderr}`);
    return answer;
  }

  async closeInput(): Promise<void> {
    if (this.#inputClosed) return;
    this.#inputClosed = true;
    await this.#input.close();
  }

  kill(signal: Deno.Signal): void {
    this.#process.kill(signal);
  }

  /** Ends the session as a client does, and gives what was left to read. */
  async finish(): Promise<
    { readonly code: number; readonly stderr: string; readonly rest: readonly Answer[] }
  > {
    await this.closeInput().catch(() => {}); // the program may have gone first
    const rest: Answer[] = [];
    for (let answer = await this.read(); answer !== undefined; answer = await this.read()) rest.push(answer);
    const { code } = await this.status;
    return { code, stderr: await this.stderr, rest };
  }
}

async function* linesOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  let text = "";
  for await (const part of stream.pipeThrough(new TextDecoderStream("utf-8", { ignoreBOM: true }))) {
    text += part;
    for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n")) {
      yield text.slice(0, at);
      text = text.slice(at + 1);
    }
  }
  if (text !== "") yield text;
}

/** Runs the program to its end without any input. */
export async function runProgram(
  args: readonly string[],
  options: RunOptions = {},
): Promise<{ readonly code: number; readonly stdout: string; readonly stderr: string }> {
  const { prefix = [], program = programCommand, ...rest } = options;
  const [command, ...fixed] = [...prefix, ...program];
  const output = await new Deno.Command(command, { args: [...fixed, ...args], stdin: "null", ...rest })
    .output();
  const decoder = new TextDecoder();
  return { code: output.code, stdout: decoder.decode(output.stdout), stderr: decoder.decode(output.stderr) };
}

/** The records of an audit log that may be written to this moment: its whole lines. */
export async function readRecords(path: string): Promise<Answer[]> {
  return (await Deno.readTextFile(path)).split("\n").slice(0, -1).map((line) => JSON.parse(line));
}

export const allowAll = "version: 1\ndefault: allow\n";

export function call(id: unknown, name: string, args: object = {}): object {
  return { jsonrpc: "2.0", id, method: "tools/call", params: { name, arguments: args } };
}

/** Unpacks the archive of `deno task package`; gives the folder that was in it. */
export async function unpack(archive: string, folder: string): Promise<string> {
  const { success } = await new Deno.Command("tar", { args: ["-xzf", archive, "-C", folder] }).output();
  if (!success) throw new Error(`Cannot unpack ${archive}`);
  return `${folder}/lilith-zero-${version}-${Deno.build.target}`;
}
