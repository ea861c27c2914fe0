/** UUIDs, whose groups of digits pass for other numbers now and then: RFC 9562 §4, 8-4-4-4-12. */

const length = 36;
const groupOffsets = [0, 9, 14, 19, 24];
const pattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** Whether one of a UUID's groups begins at `at`. */
export function isInUuid(text: string, at: number): boolean {
  return groupOffsets.some((offset) =>
    pattern.test(text.slice(Math.max(0, at - offset), at - offset + length))
  );
}
