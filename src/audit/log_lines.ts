/** Bytes in chunks → lines. */

export interface LogLine {
  /** Without the line feed. Valid until the next line is asked for. */
  readonly bytes: Uint8Array;
  /** Whether a line feed ended it; false only for the last one. */
  readonly isWhole: boolean;
  /** It had more bytes than asked for; `bytes` is empty. */
  readonly isTooLong: boolean;
}

const lineFeed = 0x0a;
const nothing = new Uint8Array(0);

/** The lines of a text whose bytes come split anywhere. A line of more than `bytesMax` is passed over, not held. */
export function* readLogLines(chunks: Iterable<Uint8Array>, bytesMax: number): Generator<LogLine> {
  let pieces: Uint8Array[] = [];
  let length = 0;
  let isTooLong = false;
  for (const chunk of chunks) {
    let start = 0;
    for (let end = chunk.indexOf(lineFeed); end >= 0; end = chunk.indexOf(lineFeed, start)) {
      const piece = chunk.subarray(start, end);
      if (isTooLong || length + piece.length > bytesMax) {
        yield { bytes: nothing, isWhole: true, isTooLong: true };
      } else yield { bytes: join(pieces, length, piece), isWhole: true, isTooLong: false };
      pieces = [];
      length = 0;
      isTooLong = false;
      start = end + 1;
    }
    // The chunk may be the reader's buffer, which it fills again.
    const rest = chunk.slice(start);
    length += rest.length;
    if (length > bytesMax) isTooLong = true;
    if (isTooLong) pieces = [];
    else if (rest.length > 0) pieces.push(rest);
  }
  if (length > 0) {
    yield { bytes: isTooLong ? nothing : join(pieces, length, nothing), isWhole: false, isTooLong };
  }
}

function join(pieces: readonly Uint8Array[], length: number, last: Uint8Array): Uint8Array {
  if (pieces.length === 0) return last;
  const whole = new Uint8Array(length + last.length);
  let at = 0;
  for (const piece of [...pieces, last]) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}
