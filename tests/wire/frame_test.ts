import assert from "node:assert/strict";
import fc from "fast-check";
import { oversizeHeadBytesMax, oversizeTailBytesMax } from "../../src/limits.ts";
import { type Frame, FrameReader, isBlank } from "../../src/wire/frame.ts";
import { concat, decode, encode } from "./support/bytes.ts";

Deno.test("a line feed ends a frame, and nothing else does", () => {
  const text = 'one\n{"a":"\u2028\u2029\u0085"}\ntwo\rthree\x0b\x0c\r\n\n';
  assert.deepEqual(linesOf([encode(text)]), [
    "one",
    '{"a":"\u2028\u2029\u0085"}',
    "two\rthree\x0b\x0c\r",
    "",
  ]);
});

Deno.test("any split of the bytes gives the same frames", () => {
  const line = fc.oneof(
    fc.string({ unit: fc.constantFrom("a", "é", "😀", "\r", " ", '"', "\\", "\0"), maxLength: 6 }),
    fc.string({ minLength: 20, maxLength: 40 }),
  );
  const stream = fc.tuple(fc.array(line, { maxLength: 8 }), fc.boolean());
  const cuts = fc.array(fc.nat(300), { maxLength: 12 });
  fc.assert(
    fc.property(stream, cuts, ([lines, isTerminated], at) => {
      const bytes = encode(lines.join("\n") + (isTerminated ? "\n" : ""));
      const whole = describe(read([bytes], 16));
      assert.deepEqual(whole, naiveFrames(bytes, 16));
      assert.deepEqual(describe(read(split(bytes, at), 16)), whole);
      assert.deepEqual(describe(read(Array.from(bytes, (byte) => Uint8Array.of(byte)), 16)), whole);
    }),
    { numRuns: 500 },
  );
});

Deno.test("a split is possible inside a character and on either side of CR LF", () => {
  const bytes = encode("é€😀\r\nx\r\n");
  for (let at = 0; at <= bytes.length; at++) {
    assert.deepEqual(linesOf([bytes.slice(0, at), bytes.slice(at)]), ["é€😀\r", "x\r"]);
  }
});

Deno.test("a whole line within one chunk is a view of the chunk", () => {
  const chunk = encode("one\ntwo\n");
  const [one, two] = framesOf(read([chunk]));
  assert.equal(one.buffer, chunk);
  assert.deepEqual([one.start, one.end], [0, 3]);
  assert.equal(two.buffer, chunk);
  assert.deepEqual([two.start, two.end], [4, 7]);
});

Deno.test("a line of exactly the bound is a view too", () => {
  const chunk = encode("0123456789\n");
  const [frame] = framesOf(read([chunk], 10));
  assert.equal(frame.buffer, chunk);
});

Deno.test("a line feed stands behind every frame, also where the stream had none", () => {
  for (const chunks of [["a\nb"], ["a", "\nb"], ["a\n", "b", "c"], ["", "b"], ["a"]]) {
    for (const { buffer, end } of framesOf(read(chunks.map(encode)))) assert.equal(buffer[end], 0x0a);
  }
});

Deno.test("a last line without a line feed is a frame once the stream has ended, and says so", () => {
  const reader = new FrameReader({ frameBytesMax: 16 });
  reader.push(encode("one\ntwo"));
  assert.equal(terminated(reader.next()), true);
  assert.equal(reader.next(), undefined);
  reader.end();
  const last = reader.next();
  assert.equal(terminated(last), false);
  assert.deepEqual(describe([last!]), ["two"]);
  assert.equal(reader.next(), undefined);
});

Deno.test("a stream that ends with a line feed, or has no bytes, has no further frame", () => {
  assert.deepEqual(linesOf([]), []);
  assert.deepEqual(linesOf([encode("")]), []);
  assert.deepEqual(linesOf([encode("one\n")]), ["one"]);
  assert.deepEqual(linesOf([encode("one"), encode("\n")]), ["one"]);
});

Deno.test("chunks may be pushed before earlier ones are read, and the end may come before them too", () => {
  const reader = new FrameReader({ frameBytesMax: 16 });
  for (const chunk of ["a\nb", "c\n", "d"]) reader.push(encode(chunk));
  reader.end();
  assert.deepEqual(describe(drain(reader)), ["a", "bc", "d"]);
});

Deno.test("nothing can be pushed behind the end", () => {
  const reader = new FrameReader({ frameBytesMax: 16 });
  reader.end();
  assert.throws(() => reader.push(encode("a\n")), /Cannot push a chunk: the stream has ended/);
});

Deno.test("a line of exactly the bound is a frame, one byte more is oversize, in any split", () => {
  for (const [length, kind] of [[16, "frame"], [17, "oversize"]] as const) {
    const bytes = encode("x".repeat(length) + "\n");
    for (let at = 0; at <= bytes.length; at++) {
      assert.equal(read([bytes.slice(0, at), bytes.slice(at)], 16)[0].kind, kind);
    }
    assert.equal(read([bytes.slice(0, length)], 16)[0].kind, kind);
  }
});

Deno.test("an oversize line comes once, at its end, with its head and length, and the next line is read again", () => {
  const reader = new FrameReader({ frameBytesMax: 8 });
  reader.push(encode('{"id":1,"m":'));
  assert.equal(reader.next(), undefined);
  reader.push(encode("xxxxxxxxxxxxxxxxxxx"));
  assert.equal(reader.next(), undefined);
  reader.push(encode("}\nok\n"));
  assert.deepEqual(reader.next(), {
    kind: "oversize",
    head: encode('{"id":1,"m":xxxxxxxxxxxxxxxxxxx}'),
    tail: encode('{"id":1,"m":xxxxxxxxxxxxxxxxxxx}'),
    bytes: 32,
  });
  assert.deepEqual(describe(drain(reader)), ["ok"]);
});

Deno.test("an oversize line without a line feed comes at the end of the stream", () => {
  assert.deepEqual(read([encode("0123456789")], 8), [{
    kind: "oversize",
    head: encode("0123456789"),
    tail: encode("0123456789"),
    bytes: 10,
  }]);
});

Deno.test("the head of an oversize line is a bounded copy, whatever the chunks", () => {
  const line = encode("0123456789".repeat(1000));
  const stream = concat([line, encode("\n")]);
  for (const chunks of [[stream], split(stream, [5]), split(stream, [4000, 4090, 4096, 4097, 9000])]) {
    const [frame] = read(chunks, 4200);
    assert.ok(frame.kind === "oversize");
    assert.equal(frame.bytes, line.length);
    assert.deepEqual(frame.head, line.slice(0, oversizeHeadBytesMax));
    assert.equal(frame.head.buffer.byteLength, oversizeHeadBytesMax);
  }
});

Deno.test("the tail of an oversize line is its end, whatever the chunks", () => {
  const line = encode(Array.from({ length: 20_000 }, (_, i) => i).join());
  const stream = concat([line, encode("\nshort\n")]);
  const everyByte = Array.from({ length: stream.length }, (_, i) => i);
  const many = everyByte.filter((i) => i % 1500 === 0);
  for (
    const cuts of [
      [],
      [5],
      [4000, 4201, 9000],
      [line.length - 3],
      [line.length - 2047, line.length],
      many,
      everyByte,
    ]
  ) {
    for (const frameBytesMax of [4200, 70_000, line.length - 1]) {
      const frames = read(split(stream, cuts), frameBytesMax);
      assert.ok(frames[0].kind === "oversize");
      assert.deepEqual(frames[0].tail, line.slice(-oversizeTailBytesMax));
      assert.equal(frames[0].tail.buffer.byteLength, oversizeTailBytesMax);
      assert.deepEqual(describe(frames.slice(1)), ["short"]);
    }
  }
});

Deno.test("a long line over many chunks is joined whole, and into little more room than it needs", () => {
  const line = new Uint8Array(300_000).map((_, i) => i % 251 === 10 ? 11 : i % 251);
  const cuts = [1, 65_535, 65_536, 65_537, 131_072, 131_073, 299_999];
  const [frame] = framesOf(read(split(concat([line, encode("\n")]), cuts), 1_000_000));
  assert.equal(frame.end - frame.start, line.length);
  assert.deepEqual(frame.buffer.slice(frame.start, frame.end), line);
  assert.ok(frame.buffer.buffer.byteLength < 4 * line.length);
});

Deno.test("a line of exactly the bound is joined whole, also where it is longer than the head of an oversize line", () => {
  const line = encode("0123456789".repeat(1000));
  const [frame] = framesOf(read(split(concat([line, encode("\n")]), [1, 5000]), line.length));
  assert.deepEqual(frame.buffer.slice(frame.start, frame.end), line);
});

Deno.test("short lines are joined rightly after a long one", () => {
  const chunks = ["x".repeat(200_000), "y".repeat(100_000) + "\nsh", "ort\n", "again", "\n"].map(encode);
  const lines = describe(read(chunks, 1_000_000));
  assert.deepEqual(lines.map((line) => line.length), [300_000, 5, 5]);
  assert.deepEqual(lines.slice(1), ["short", "again"]);
});

Deno.test("frames stay what they are while further lines are read", () => {
  const reader = new FrameReader({ frameBytesMax: 100 });
  const frames: Frame[] = [];
  for (const chunk of ["first li", "ne\nsecond ", "line\nthird", " line\n"]) {
    reader.push(encode(chunk));
    frames.push(...drain(reader));
  }
  assert.deepEqual(describe(frames), ["first line", "second line", "third line"]);
});

Deno.test("the beginning of a line does not keep its chunk", () => {
  const reader = new FrameReader({ frameBytesMax: 100 });
  const chunk = encode("one\ntwo");
  reader.push(chunk);
  drain(reader);
  chunk.fill(0x78);
  reader.push(encode("\n"));
  assert.deepEqual(describe(drain(reader)), ["two"]);
});

Deno.test("what is held never exceeds the bound, and is given back with the line", () => {
  const reader = new FrameReader({ frameBytesMax: 10_000 });
  for (let i = 0; i < 100; i++) {
    reader.push(encode("x".repeat(997)));
    assert.equal(reader.next(), undefined);
    assert.ok(reader.pendingBytes <= 10_000, `${reader.pendingBytes} bytes held`);
  }
  reader.push(encode("\nabc"));
  assert.equal(reader.next()?.kind, "oversize");
  assert.equal(reader.next(), undefined);
  assert.equal(reader.pendingBytes, 3);
});

Deno.test("pendingBytes counts chunks that next() has not come to", () => {
  const reader = new FrameReader({ frameBytesMax: 100 });
  reader.push(encode("a\nbc\nd"));
  reader.push(encode("ef"));
  assert.equal(reader.pendingBytes, 8);
  reader.next();
  assert.equal(reader.pendingBytes, 6);
  drain(reader);
  assert.equal(reader.pendingBytes, 3);
});

Deno.test("no byte is searched twice for a line feed, however small the chunks", () => {
  let searchedBytes = 0;
  class CountedChunk extends Uint8Array {
    override indexOf(byte: number, from = 0): number {
      const found = super.indexOf(byte, from);
      searchedBytes += (found < 0 ? this.length : found + 1) - from;
      return found;
    }
  }
  const bytes = encode("x".repeat(5000) + "\n" + "y\n".repeat(500));
  for (const size of [1, 7, 1000, bytes.length]) {
    searchedBytes = 0;
    const chunks: Uint8Array[] = [];
    for (let at = 0; at < bytes.length; at += size) chunks.push(new CountedChunk(bytes.slice(at, at + size)));
    read(chunks, 10_000);
    assert.equal(searchedBytes, bytes.length);
  }
});

Deno.test("isBlank() tells lines of nothing but spaces, tabs and carriage returns", () => {
  for (
    const [line, expected] of [["", true], ["\r", true], [" \t\r", true], ["{}", false], [" x", false], [
      "\0",
      false,
    ], ["\u00a0", false]] as const
  ) {
    const [frame] = framesOf(read([encode(`${line}\n`)]));
    assert.equal(isBlank(frame), expected, JSON.stringify(line));
  }
});

function read(chunks: readonly Uint8Array[], frameBytesMax = 1000): Frame[] {
  const reader = new FrameReader({ frameBytesMax });
  const frames: Frame[] = [];
  for (const chunk of chunks) {
    reader.push(chunk);
    frames.push(...drain(reader));
  }
  reader.end();
  frames.push(...drain(reader));
  return frames;
}

function drain(reader: FrameReader): Frame[] {
  const frames: Frame[] = [];
  for (let frame = reader.next(); frame !== undefined; frame = reader.next()) frames.push(frame);
  return frames;
}

/** Each frame as its text; an oversize one as its length and its head. */
function describe(frames: readonly Frame[]): string[] {
  return frames.map((frame) => {
    if (frame.kind === "oversize") {
      assert.deepEqual(frame.tail, frame.head); // lines here are shorter than both
      return oversize(frame.head, frame.bytes);
    }
    return decode(frame.buffer.subarray(frame.start, frame.end));
  });
}

function oversize(head: Uint8Array, bytes: number): string {
  return `oversize, ${bytes} bytes: ${decode(head)}`;
}

/** The frames of a stream, by cutting its text. Lines must be shorter than `oversizeHeadBytesMax`. */
function naiveFrames(stream: Uint8Array, frameBytesMax: number): string[] {
  const lines = decode(stream).split("\n");
  if (lines.at(-1) === "") lines.pop();
  return lines.map((line) =>
    encode(line).length > frameBytesMax ? oversize(encode(line), encode(line).length) : line
  );
}

function linesOf(chunks: readonly Uint8Array[]): string[] {
  return describe(read(chunks));
}

function framesOf(frames: readonly Frame[]): (Frame & { kind: "frame" })[] {
  return frames.map((frame) => {
    assert.ok(frame.kind === "frame");
    return frame;
  });
}

function terminated(frame: Frame | undefined): boolean | undefined {
  return frame?.kind === "frame" ? frame.terminated : undefined;
}

/** The bytes in pieces, cut at the offsets, which may lie behind the end. */
function split(bytes: Uint8Array, offsets: readonly number[]): Uint8Array[] {
  const cuts = [
    0,
    ...offsets.map((at) => Math.min(at, bytes.length)).toSorted((a, b) => a - b),
    bytes.length,
  ];
  return cuts.slice(1).map((end, i) => bytes.slice(cuts[i], end));
}
