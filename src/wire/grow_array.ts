/** A copy of `array` with twice the room: doubling keeps the cost of appending linear. */
export function growArray<A extends Int32Array | Uint8Array>(array: A): A {
  const Same = array.constructor as new (length: number) => A;
  const larger = new Same(array.length * 2);
  larger.set(array);
  return larger;
}
