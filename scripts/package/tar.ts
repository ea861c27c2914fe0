/**
 * Writes a tar archive (POSIX.1-2017, pax, "ustar Interchange Format") of regular files. The bytes depend on names, modes and contents
 * alone: no owner, no time, the order as given.
 */

/** A file of the archive. */
export interface ArchiveFile {
  /** Relative, with `/` between the names. */
  readonly path: string;
  readonly bytes: Uint8Array;
  readonly isExecutable: boolean;
}

const blockBytes = 512;

/** Of all files: 1980-01-01 UTC, the first day that every archive format can tell. */
const modifiedSeconds = 315_532_800;

/**
 * The archive, part by part.
 *
 * @throws {RangeError} where a path does not fit into a header: 100 bytes behind a `/` that has at most 155 before it.
 *
 * ```ts
 * import { writeTar } from "./tar.ts";
 *
 * const file = { path: "folder/a.txt", bytes: new TextEncoder().encode("a\n"), isExecutable: false };
 * const parts = [...writeTar([file])];
 * // A header, the content with what fills its block, and the two empty blocks of the end.
 * console.assert(parts.reduce((sum, part) => sum + part.length, 0) === 4 * 512);
 * ```
 */
export function* writeTar(files: Iterable<ArchiveFile>): Generator<Uint8Array<ArrayBuffer>> {
  for (const file of files) {
    yield header(file);
    yield file.bytes as Uint8Array<ArrayBuffer>;
    const rest = file.bytes.length % blockBytes;
    if (rest > 0) yield new Uint8Array(blockBytes - rest);
  }
  yield new Uint8Array(2 * blockBytes);
}

function header(file: ArchiveFile): Uint8Array<ArrayBuffer> {
  const block = new Uint8Array(blockBytes);
  const encoder = new TextEncoder();
  const put = (at: number, text: string) => block.set(encoder.encode(text), at);
  const number = (at: number, digits: number, value: number) =>
    put(at, value.toString(8).padStart(digits, "0"));
  const { prefix, name } = splitPath(file.path);
  put(0, name);
  number(100, 7, file.isExecutable ? 0o755 : 0o644);
  number(108, 7, 0); // uid
  number(116, 7, 0); // gid
  number(124, 11, file.bytes.length);
  number(136, 11, modifiedSeconds);
  put(148, "        "); // the checksum is taken with spaces in its place
  put(156, "0"); // a regular file
  put(257, "ustar\0");
  put(263, "00");
  put(345, prefix);
  number(148, 6, block.reduce((sum, byte) => sum + byte, 0));
  put(154, "\0 ");
  return block;
}

function splitPath(path: string): { prefix: string; name: string } {
  const encoder = new TextEncoder();
  const fits = (text: string, bytesMax: number) => encoder.encode(text).length <= bytesMax;
  if (fits(path, 100)) return { prefix: "", name: path };
  for (let at = path.indexOf("/"); at >= 0; at = path.indexOf("/", at + 1)) {
    const [prefix, name] = [path.slice(0, at), path.slice(at + 1)];
    if (fits(name, 100)) {
      if (fits(prefix, 155)) return { prefix, name };
      break;
    }
  }
  throw new RangeError(`Cannot put "${path}" into a tar archive: its path is too long`);
}
