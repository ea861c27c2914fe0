/** Addresses of the Internet Protocol: their one spelling that every reader takes alike, and ranges of them. */

/** Four bytes, or sixteen. */
export type Address = readonly number[];

/** All addresses that begin with the first `bits` of `bytes`. */
export interface AddressRange {
  readonly bytes: Address;
  readonly bits: number;
}

/** Reads `192.0.2.1`: four decimal numbers without leading zeros, which inet_aton(3) would take for octal. */
export function readIPv4(text: string): Address | undefined {
  if (!dottedDecimal.test(text)) return undefined;
  return text.split(".").map(Number);
}
const byte = "(?:0|[1-9][0-9]?|1[0-9][0-9]|2[0-4][0-9]|25[0-5])";
const dottedDecimal = new RegExp(`^${byte}(?:\\.${byte}){3}$`);

/** Reads the spellings of RFC 4291, section 2.2, without brackets and without a zone. */
function readIPv6(text: string): Address | undefined {
  const halves = text.split("::");
  if (halves.length > 2) return undefined;
  const parts = halves.map((half, index) => readGroups(half, index === halves.length - 1));
  const [head, tail] = parts;
  if (head === undefined || (halves.length === 2 && tail === undefined)) return undefined;
  if (tail === undefined) return head.length === 16 ? head : undefined;
  // `::` stands for at least one group.
  const zeros = 16 - head.length - tail.length;
  return zeros < 2 ? undefined : [...head, ...new Array<number>(zeros).fill(0), ...tail];
}

/** The bytes of some groups; an IPv4 address may be the last two. */
function readGroups(text: string, last: boolean): number[] | undefined {
  if (text === "") return [];
  const bytes: number[] = [];
  const groups = text.split(":");
  for (const [index, group] of groups.entries()) {
    if (group.includes(".")) {
      const embedded = last && index === groups.length - 1 ? readIPv4(group) : undefined;
      if (embedded === undefined) return undefined;
      bytes.push(...embedded);
    } else if (/^[0-9A-Fa-f]{1,4}$/.test(group)) {
      const value = parseInt(group, 16);
      bytes.push(value >> 8, value & 0xff);
    } else {
      return undefined;
    }
  }
  return bytes.length <= 16 ? bytes : undefined;
}

/** Reads an address, `[…]` around the sixth version or not. */
export function readAddress(text: string): Address | undefined {
  const inner = /^\[(.*)\]$/s.exec(text);
  return inner !== null ? readIPv6(inner[1]) : readIPv4(text) ?? readIPv6(text);
}

/** Reads `10.0.0.0/8`; also with bits set behind the prefix. */
export function readRange(text: string): AddressRange | undefined {
  const parts = /^(.*)\/(0|[1-9][0-9]{0,2})$/s.exec(text);
  const bytes = parts === null ? undefined : readAddress(parts[1]);
  if (parts === null || bytes === undefined) return undefined;
  const bits = Number(parts[2]);
  return bits <= bytes.length * 8 ? { bytes, bits } : undefined;
}

/** A range from the text of a table in this program. */
export function range(text: string): AddressRange {
  const read = readRange(text);
  if (read === undefined) throw new TypeError(`no range: ${text}`);
  return read;
}

/** Whether the address is of the range's version, and in it. */
export function isInRange({ bytes, bits }: AddressRange, address: Address): boolean {
  if (bytes.length !== address.length) return false;
  for (let index = 0; index * 8 < bits; index++) {
    const left = bits - index * 8;
    const mask = left >= 8 ? 0xff : (0xff << (8 - left)) & 0xff;
    if ((bytes[index] & mask) !== (address[index] & mask)) return false;
  }
  return true;
}

/** The first address of a range. */
export function networkOf({ bytes, bits }: AddressRange): Address {
  return bytes.map((value, index) => {
    const left = bits - index * 8;
    return left >= 8 ? value : left <= 0 ? 0 : value & (0xff << (8 - left));
  });
}

/** Dotted decimals, or groups without compression: the same address always gives the same text. */
export function formatAddress(address: Address): string {
  if (address.length === 4) return address.join(".");
  const groups: string[] = [];
  for (let index = 0; index < 16; index += 2) {
    groups.push((address[index] << 8 | address[index + 1]).toString(16));
  }
  return groups.join(":");
}

const mapped = range("::ffff:0:0/96");
const compatible = range("::/96");
const translated = [range("64:ff9b::/96"), range("64:ff9b:1::/48")];
const sixToFour = range("2002::/16");
const teredo = range("2001::/32");

/** The IPv4 addresses to which a packet to an IPv6 address may go. */
export function embeddedIPv4(address: Address): readonly Address[] {
  if (address.length !== 16) return [];
  const last = address.slice(12);
  // RFC 4291, sections 2.5.5.1 and 2.5.5.2; RFC 6052 and RFC 8215.
  if ([mapped, compatible, ...translated].some((one) => isInRange(one, address))) return [last];
  // RFC 3056, section 2.
  if (isInRange(sixToFour, address)) return [address.slice(2, 6)];
  // RFC 4380, section 4: the server, and the client with its bits turned round.
  if (isInRange(teredo, address)) return [address.slice(4, 8), last.map((value) => value ^ 0xff)];
  // ISATAP, RFC 5214, section 6.1: 0000:5efe or 0200:5efe before the address.
  const isIsatap = (address[8] & 0xfd) === 0 && address[9] === 0 && address[10] === 0x5e &&
    address[11] === 0xfe;
  return isIsatap ? [last] : [];
}
