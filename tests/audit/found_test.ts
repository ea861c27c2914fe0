import assert from "node:assert/strict";
import { joinOverlaps } from "../../src/audit/recognisers/found.ts";

Deno.test("joinOverlaps() sorts, and joins what overlaps under the name of the kind with precedence", () => {
  assert.deepEqual(
    joinOverlaps([
      { start: 20, end: 30, kind: "phone" },
      { start: 0, end: 10, kind: "email" },
      { start: 5, end: 15, kind: "secret" },
      { start: 6, end: 8, kind: "phone" },
      { start: 15, end: 18, kind: "ip" },
    ]),
    [
      { start: 0, end: 15, kind: "secret" },
      { start: 15, end: 18, kind: "ip" },
      { start: 20, end: 30, kind: "phone" },
    ],
  );
});
