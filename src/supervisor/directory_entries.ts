/** Names in a directory, read with buffers alone: `opendir` gives pointers, which cannot be followed after the drop. */

interface DirectoryCalls {
  getdents64(descriptor: number, buffer: Uint8Array<ArrayBuffer>, bytes: bigint): bigint;
}

// struct linux_dirent64 { u64 d_ino; s64 d_off; u16 d_reclen; u8 d_type; char d_name[]; }  getdents(2)
const lengthOffset = 16;
const nameOffset = 19;

/**
 * Calls back for each name of an open directory that is a number, as those of /proc and /proc/self/fd are. Gives false
 * where the directory could not be read to its end.
 */
export function forEachNumber(
  libc: DirectoryCalls,
  descriptor: number,
  buffer: Uint8Array<ArrayBuffer>,
  use: (number: number) => void,
): boolean {
  const view = new DataView(buffer.buffer, buffer.byteOffset, buffer.byteLength);
  for (;;) {
    const bytes = Number(libc.getdents64(descriptor, buffer, BigInt(buffer.byteLength)));
    if (bytes <= 0) return bytes === 0;
    for (let at = 0; at < bytes; at += view.getUint16(at + lengthOffset, true)) {
      const number = parseDigits(buffer, at + nameOffset);
      if (number !== undefined) use(number);
    }
  }
}

/** The number that stands at a place, up to a NUL; undefined where anything else stands there. */
function parseDigits(bytes: Uint8Array, start: number): number | undefined {
  let value = 0;
  for (let at = start;; at++) {
    const byte = bytes[at];
    if (byte === 0) return at > start ? value : undefined;
    if (byte < 0x30 || byte > 0x39) return undefined;
    value = value * 10 + byte - 0x30;
  }
}
