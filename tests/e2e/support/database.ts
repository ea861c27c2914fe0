/**
 * A PostgreSQL database as far as a client can tell that sends simple queries (PostgreSQL 17, 53.7 "Message Formats"):
 * it takes everyone, answers each statement with one row, and notes what was asked.
 */

export interface Database extends AsyncDisposable {
  /** What a client connects to. */
  readonly url: string;
  /** Every statement, in the order in which it came. */
  readonly statements: readonly string[];
}

/** Listens on this machine alone, on a port of the system's choice. */
export function openDatabase(): Database {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const statements: string[] = [];
  const open = new Set<Deno.Conn>();
  const served = (async () => {
    for await (const connection of listener) {
      open.add(connection);
      serve(connection, statements).catch(() => {}).finally(() => open.delete(connection));
    }
  })();
  return {
    url: `postgresql://reader@127.0.0.1:${listener.addr.port}/shop?sslmode=disable`,
    statements,
    async [Symbol.asyncDispose]() {
      for (const connection of open) connection.close();
      listener.close();
      await served;
    },
  };
}

async function serve(connection: Deno.Conn, statements: string[]): Promise<void> {
  const reader = new Reader(connection);
  // StartupMessage: it alone has no letter before its length.
  await reader.take(await reader.takeLength());
  await write(connection, message("R", int32(0)), ready);
  for (;;) {
    const [letter] = await reader.take(1);
    const body = await reader.take(await reader.takeLength());
    if (letter !== letterOf("Q")) return; // Terminate, or what nobody here speaks
    const statement = new TextDecoder().decode(body.subarray(0, -1));
    statements.push(statement);
    const row = /^\s*select/i.test(statement)
      ? [message("T", column("answer")), message("D", cell("42"))]
      : [];
    await write(connection, ...row, message("C", text("SELECT 1")), ready);
  }
}

class Reader {
  #held = new Uint8Array(0);

  constructor(readonly connection: Deno.Conn) {}

  async take(count: number): Promise<Uint8Array> {
    const part = new Uint8Array(64 * 1024);
    while (this.#held.length < count) {
      const read = await this.connection.read(part);
      if (read === null) throw new Error("the client is gone");
      this.#held = Uint8Array.of(...this.#held, ...part.subarray(0, read));
    }
    const taken = this.#held.slice(0, count);
    this.#held = this.#held.slice(count);
    return taken;
  }

  /** The length stands before the body and counts itself. */
  async takeLength(): Promise<number> {
    return new DataView((await this.take(4)).buffer).getUint32(0) - 4;
  }
}

const letterOf = (letter: string) => letter.charCodeAt(0);
const int16 = (value: number) => Uint8Array.of(value >> 8, value & 0xff);
const int32 = (value: number) => Uint8Array.of(0, 0, ...int16(value));
const text = (value: string) => new TextEncoder().encode(`${value}\0`);

function message(letter: string, body: Uint8Array): Uint8Array {
  return Uint8Array.of(letterOf(letter), ...int32(body.length + 4), ...body);
}

/** One column of text (type 25), from no table. */
function column(name: string): Uint8Array {
  return Uint8Array.of(
    ...int16(1),
    ...text(name),
    ...int32(0),
    ...int16(0),
    ...int32(25),
    ...Uint8Array.of(0xff, 0xff),
    ...Uint8Array.of(0xff, 0xff, 0xff, 0xff),
    ...int16(0),
  );
}

function cell(value: string): Uint8Array {
  const bytes = new TextEncoder().encode(value);
  return Uint8Array.of(...int16(1), ...int32(bytes.length), ...bytes);
}

const ready = message("Z", Uint8Array.of(letterOf("I")));

async function write(connection: Deno.Conn, ...parts: readonly Uint8Array[]): Promise<void> {
  for (let bytes = Uint8Array.of(...parts.flatMap((part) => [...part])); bytes.length > 0;) {
    bytes = bytes.subarray(await connection.write(bytes));
  }
}
