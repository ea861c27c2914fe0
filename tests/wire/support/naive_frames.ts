/** The frames of a stream as a reader finds them that has all of it at once; and what another one finds in pieces. */

import { isDeepStrictEqual } from "node:util";
import { oversizeHeadBytesMax, oversizeTailBytesMax } from "../../../src/limits.ts";
import type { Frame } from "../../../src/wire/frame.ts";
import { asText } from "./bytes.ts";

const LF = 0x0a;

/** What a frame comes to, in a form that can be compared: bytes as characters U+0000 to U+00FF. */
export type PlainFrame =
  | { readonly line: string; readonly terminated: boolean }
  | { readonly head: string; readonly tail: string; readonly bytes: number };

/** Cuts at every line feed; what stands behind the last one is a line too, if it is anything. */
export function naiveFrames(stream: Uint8Array, frameBytesMax: number): PlainFrame[] {
  const frames: PlainFrame[] = [];
  for (let start = 0; start < stream.length;) {
    const found = stream.indexOf(LF, start);
    const end = found < 0 ? stream.length : found;
    const line = stream.subarray(start, end);
    frames.push(
      line.length <= frameBytesMax ? { line: asText(line), terminated: found >= 0 } : {
        head: asText(line.subarray(0, oversizeHeadBytesMax)),
        tail: asText(line.subarray(Math.max(0, line.length - oversizeTailBytesMax))),
        bytes: line.length,
      },
    );
    start = end + 1;
  }
  return frames;
}

/** What the test needs of a frame reader; one that is broken on purpose has it too. */
export interface AnyFrameReader {
  push(chunk: Uint8Array): void;
  next(): Frame | undefined;
  end(): void;
}

/** A sentence about the first thing in which the reader and the naive one differ; undefined where they agree. */
export function findFrameDisagreement(
  makeReader: (options: { readonly frameBytesMax: number }) => AnyFrameReader,
  stream: Uint8Array,
  cuts: readonly number[],
  frameBytesMax: number,
): string | undefined {
  const reader = makeReader({ frameBytesMax });
  const found: PlainFrame[] = [];
  const drain = (): string | undefined => {
    for (let frame = reader.next(); frame !== undefined; frame = reader.next()) {
      if (frame.kind === "frame" && frame.buffer[frame.end] !== LF) return "no line feed behind a frame";
      found.push(plainOf(frame));
      if (found.length > stream.length) return "frames without end";
    }
    return undefined;
  };
  for (const chunk of split(stream, cuts)) {
    reader.push(chunk);
    const wrong = drain();
    if (wrong !== undefined) return wrong;
    chunk.fill(0x23); // its owner may use it again once its frames are dealt with
  }
  reader.end();
  const wrong = drain();
  if (wrong !== undefined) return wrong;
  const expected = naiveFrames(stream, frameBytesMax);
  if (found.length !== expected.length) return `${found.length} frames instead of ${expected.length}`;
  const at = found.findIndex((frame, i) => !isDeepStrictEqual(frame, expected[i]));
  return at < 0
    ? undefined
    : `frame ${at} differs: ${summaryOf(found[at])} instead of ${summaryOf(expected[at])}`;
}

function plainOf(frame: Frame): PlainFrame {
  if (frame.kind === "oversize") {
    return { head: asText(frame.head), tail: asText(frame.tail), bytes: frame.bytes };
  }
  return { line: asText(frame.buffer.subarray(frame.start, frame.end)), terminated: frame.terminated };
}

function summaryOf(frame: PlainFrame): string {
  return "bytes" in frame
    ? `oversize of ${frame.bytes}`
    : `${frame.terminated ? "a" : "an open"} line of ${frame.line.length}`;
}

/** The bytes in pieces, cut at the offsets, which may lie behind the end. */
export function split(bytes: Uint8Array, offsets: readonly number[]): Uint8Array[] {
  const cuts = [
    0,
    ...offsets.map((at) => Math.min(at, bytes.length)).toSorted((a, b) => a - b),
    bytes.length,
  ];
  return cuts.slice(1).map((end, i) => bytes.slice(cuts[i], end));
}
