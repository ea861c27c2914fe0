/**
 * A JSON value as the policy looks at it: numbers keep their spelling, objects are maps (so that `__proto__` is a key
 * like any other), and nothing is coerced.
 */

import { kindOfFirstByte, numberEnd, skipSpace } from "./json_tokens.ts";

/** A number with the digits that stood in the text: `1.0`, `1e3` and 2^53 + 1 stay what the sender wrote. */
export interface JsonNumber {
  readonly kind: "number";
  readonly source: string;
  /** The nearest double. */
  readonly value: number;
}

export type JsonObject = ReadonlyMap<string, JsonValue>;
export type JsonArray = readonly JsonValue[];
export type JsonValue = null | boolean | string | JsonNumber | JsonArray | JsonObject;

export function isJsonNumber(value: JsonValue | undefined): value is JsonNumber {
  return typeof value === "object" && value !== null && "kind" in value;
}

export function isJsonObject(value: JsonValue | undefined): value is JsonObject {
  return value instanceof Map;
}

export function isJsonArray(value: JsonValue | undefined): value is JsonArray {
  return Array.isArray(value);
}

const utf8 = new TextDecoder("utf-8", { ignoreBOM: true });

export function decodeContent(bytes: Uint8Array, start: number, end: number): string {
  return utf8.decode(bytes.subarray(start, end));
}

/** The string whose literal, quotes included, is `bytes[start, end)`. */
export function decodeString(bytes: Uint8Array, start: number, end: number): string {
  let text = "";
  for (let at = start + 1; at < end - 1; at++) {
    const byte = bytes[at];
    // Most strings are short and plain; what is not goes the long way.
    if (byte === 0x5c) return JSON.parse(utf8.decode(bytes.subarray(start, end)));
    if (byte >= 0x80 || at - start > 64) return decodeLong(bytes, start, end);
    text += String.fromCharCode(byte);
  }
  return text;
}

function decodeLong(bytes: Uint8Array, start: number, end: number): string {
  const text = utf8.decode(bytes.subarray(start, end));
  return text.includes("\\") ? JSON.parse(text) : text.slice(1, -1);
}

/** Reads the validated JSON value at `bytes[start, end)`. Throws where a key stands twice in one object. */
export function readJson(bytes: Uint8Array, start: number, end: number): JsonValue {
  return new Reader(bytes, end).read(start);
}

class Reader {
  #at = 0;
  constructor(readonly bytes: Uint8Array, readonly end: number) {}

  read(start: number): JsonValue {
    this.#at = start;
    return this.#value();
  }

  #value(): JsonValue {
    const { bytes } = this;
    this.#at = skipSpace(bytes, this.#at, this.end);
    const start = this.#at;
    switch (kindOfFirstByte(bytes[start])) {
      case "object":
        return this.#object();
      case "array":
        return this.#array();
      case "string":
        return this.#string();
      case "boolean":
        this.#at += bytes[start] === 0x74 ? 4 : 5;
        return bytes[start] === 0x74;
      case "null":
        this.#at += 4;
        return null;
      case "number": {
        this.#at = numberEnd(bytes, start, this.end);
        let source = "";
        for (let at = start; at < this.#at; at++) source += String.fromCharCode(bytes[at]);
        return { kind: "number", source, value: Number(source) };
      }
    }
  }

  #string(): string {
    const start = this.#at;
    let at = start + 1;
    while (this.bytes[at] !== 0x22) at += this.bytes[at] === 0x5c ? 2 : 1;
    this.#at = at + 1;
    return decodeString(this.bytes, start, this.#at);
  }

  #object(): JsonObject {
    const members = new Map<string, JsonValue>();
    this.#at = skipSpace(this.bytes, this.#at + 1, this.end);
    while (this.bytes[this.#at] !== 0x7d) {
      const key = this.#string();
      this.#at = skipSpace(this.bytes, this.#at, this.end) + 1;
      if (members.has(key)) throw new Error("a key stands twice in one object");
      members.set(key, this.#value());
      this.#skipComma();
    }
    this.#at++;
    return members;
  }

  #array(): JsonArray {
    const elements: JsonValue[] = [];
    this.#at = skipSpace(this.bytes, this.#at + 1, this.end);
    while (this.bytes[this.#at] !== 0x5d) {
      elements.push(this.#value());
      this.#skipComma();
    }
    this.#at++;
    return elements;
  }

  #skipComma(): void {
    this.#at = skipSpace(this.bytes, this.#at, this.end);
    if (this.bytes[this.#at] === 0x2c) this.#at = skipSpace(this.bytes, this.#at + 1, this.end);
  }
}
