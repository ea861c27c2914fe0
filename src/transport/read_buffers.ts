/** Buffers that are read into again and again: what is kept of them must be copied. */

const readBuffers = new WeakSet<ArrayBufferLike>();

export function makeReadBuffer(bytes: number): Uint8Array {
  const buffer = new Uint8Array(bytes);
  readBuffers.add(buffer.buffer);
  return buffer;
}

/** Whether `bytes` are a part of such a buffer. */
export function isReadAgain(bytes: Uint8Array): boolean {
  return readBuffers.has(bytes.buffer);
}
