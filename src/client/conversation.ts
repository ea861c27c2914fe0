/** A client's half of a conversation: one question at a time, each with its answer; what the server asks is declined. */

import { LilithError } from "../errors.ts";
import { quotedCharactersMax, surveyBytesMax } from "../limits.ts";
import type { Incoming } from "../mcp/message.ts";
import { isJsonNumber, isJsonObject, readJson } from "../wire/json_value.ts";
import type { Channel } from "../transport/channel.ts";

/** An answer; its bytes are a copy, and those of the result alone. */
export type Answer =
  | { readonly kind: "result"; readonly bytes: Uint8Array }
  | { readonly kind: "error"; readonly code: number | undefined; readonly message: string };

export interface ConversationOptions {
  readonly timeoutMs: number;
  readonly ended: Promise<string>;
}

const encoder = new TextEncoder();

export class Conversation {
  readonly #channel: Channel;
  readonly #timer: ReturnType<typeof setTimeout>;
  #lastId = 0;
  #waiting: { readonly id: string; readonly method: string; settle(answer: Answer): void } | undefined;
  readonly #failed = Promise.withResolvers<never>();
  #bytes = 0;
  #notifications: string[] = [];
  /** Lines that were no messages: banners, mostly. */
  unreadable = 0;

  constructor(channel: Channel, { timeoutMs, ended }: ConversationOptions) {
    this.#channel = channel;
    this.#failed.promise.catch(() => {}); // whoever waits is told; if nobody does, it was not needed
    this.#timer = setTimeout(
      () => this.#fail(`it did not answer ${this.#asked} within ${timeoutMs / 1000} s`),
      timeoutMs,
    );
    void ended.then((how) => this.#fail(`it ${how} before it answered ${this.#asked}`));
    channel.listen({
      message: (incoming) => this.#take(incoming),
      idle: () => channel.flush(),
      // Its exit, which says more, follows mostly.
      end: () =>
        void setTimeout(() => this.#fail(`it closed its output before it answered ${this.#asked}`), 1000),
      broken: () => {}, // it is told by the end of its output, or by its exit
    });
  }

  get #asked(): string {
    return this.#waiting?.method ?? "everything";
  }

  /** Asks, and waits for the answer. */
  ask(method: string, params: object): Promise<Answer> {
    const id = String(++this.#lastId);
    const answered = Promise.withResolvers<Answer>();
    this.#waiting = { id, method, settle: answered.resolve };
    this.#send({ jsonrpc: "2.0", id: this.#lastId, method, params });
    return Promise.race([answered.promise, this.#failed.promise]);
  }

  tell(method: string): void {
    this.#send({ jsonrpc: "2.0", method });
  }

  /** The methods of the notifications since they were last forgotten. */
  get notifications(): readonly string[] {
    return this.#notifications;
  }

  forgetNotifications(): void {
    this.#notifications = [];
  }

  /** Lets the server speak for a while. */
  async rest(durationMs: number): Promise<void> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const over = new Promise<void>((resolve) => timer = setTimeout(resolve, durationMs));
    await Promise.race([over, this.#failed.promise]).finally(() => clearTimeout(timer));
  }

  end(): void {
    clearTimeout(this.#timer);
    this.#waiting = undefined;
  }

  #take(incoming: Incoming): void {
    if (incoming.kind === "oversize") return this.#fail("it wrote a message that is too large to be read");
    this.#bytes += incoming.frame.end - incoming.frame.start;
    if (this.#bytes > surveyBytesMax) return this.#fail(`it wrote more than ${surveyBytesMax} bytes`);
    switch (incoming.kind) {
      case "malformed":
        if (incoming.answers?.key === `n${this.#waiting?.id}`) {
          return this.#fail(`its answer to ${this.#asked} cannot be read: ${incoming.reason}`);
        }
        this.unreadable++;
        return;
      case "batch":
        this.unreadable++;
        return;
      case "request":
        return this.#send(replyTo(incoming.method, incoming.id.source));
      case "notification":
        if (this.#notifications.length < notificationsMax) this.#notifications.push(incoming.method);
        return;
      case "result": {
        const { start, end } = incoming.result;
        if (incoming.id.key !== `n${this.#waiting?.id}`) return;
        return this.#settle({ kind: "result", bytes: incoming.frame.buffer.slice(start, end) });
      }
      case "error":
        if (incoming.id?.key !== `n${this.#waiting?.id}`) return;
        return this.#settle(readError(incoming.frame.buffer, incoming.error));
    }
  }

  #settle(answer: Answer): void {
    this.#waiting?.settle(answer);
    this.#waiting = undefined;
  }

  #send(message: unknown): void {
    const bytes = encoder.encode(typeof message === "string" ? message : `${JSON.stringify(message)}\n`);
    this.#channel.send(bytes, 0, bytes.length);
    this.#channel.flush();
  }

  #fail(seen: string): void {
    this.#failed.reject(
      new LilithError("server_unusable", {
        message: `Cannot learn what the server offers: ${seen}`,
        hint: "Start its command by itself: what does it write? It has to speak MCP on its standard output",
      }),
    );
  }
}

/** Methods are kept to see which lists have changed; a flood of them is one change. */
const notificationsMax = 1000;

/** What a server asks gets an answer, so that it does not wait: nothing is given away, and nobody is asked. */
function replyTo(method: string, id: string): string {
  switch (method) {
    case "ping":
      return `{"jsonrpc":"2.0","id":${id},"result":{}}\n`;
    case "roots/list":
      return `{"jsonrpc":"2.0","id":${id},"result":{"roots":[]}}\n`;
    case "elicitation/create":
      return `{"jsonrpc":"2.0","id":${id},"result":{"action":"decline"}}\n`;
    default:
      return `{"jsonrpc":"2.0","id":${id},"error":{"code":-32601,"message":"only asked what there is"}}\n`;
  }
}

function readError(buffer: Uint8Array, { start, end }: { start: number; end: number }): Answer {
  try {
    const error = readJson(buffer, start, end);
    if (isJsonObject(error)) {
      const code = error.get("code");
      const message = error.get("message");
      return {
        kind: "error",
        code: isJsonNumber(code) ? code.value : undefined,
        message: typeof message === "string" ? quoteOf(message) : "no message",
      };
    }
  } catch {
    // Two keys alike: it is an error all the same.
  }
  return { kind: "error", code: undefined, message: "an error that cannot be read" };
}

/** A text of the server's as a sentence of ours may show it: nothing in it moves a cursor or turns text round. */
export function quoteOf(text: string): string {
  const shown = text.length > quotedCharactersMax ? `${text.slice(0, quotedCharactersMax)}…` : text;
  return JSON.stringify(shown.toWellFormed()).replace(/[\p{C}\p{Zl}\p{Zp}]/gu, "\ufffd");
}
