/** Keys and certificates (RFC 7468) that come line by line: their first line says what they are, the others do not. */

/** Follows the lines of one stream. */
export class PemLines {
  /** `begun`: a first line has been. `gap`: the body may go on, behind lines that are none of it or that nobody saw. `body`: inside. */
  #state: "outside" | "begun" | "gap" | "body" = "outside";
  /** In a gap: how many lines may still come between two of the body. */
  #strangers = 0;

  /**
   * Takes the next line; gives what of it lies outside any block, undefined where nothing does. A first line counts as
   * outside: its recogniser knows it.
   */
  take(line: string): string | undefined {
    const outside = this.#state === "outside" ? line : this.#behindBlock(line);
    if (outside === undefined) return undefined;
    const begin = outside.lastIndexOf("-----BEGIN ");
    if (begin >= 0 && !outside.includes("-----END ", begin)) this.#begin();
    return outside;
  }

  #begin(): void {
    this.#state = "begun";
    this.#strangers = 0;
  }

  /** Lines went by unseen. */
  skip(): void {
    this.#state = "gap";
    this.#strangers = 0;
  }

  #behindBlock(line: string): string | undefined {
    const state = this.#state;
    const end = lastLine.exec(line);
    if (end !== null) {
      this.#state = "outside";
      const rest = line.slice(end[0].length);
      return rest.trim() === "" ? undefined : rest;
    }
    const isBlank = line.trim() === "";
    const end64 = endOfBase64(line);
    const goesOn = state === "body"
      ? isBodyLine(line, end64) || hasFullRunAtEnd(line, end64)
      : isFullLine(line, end64) ||
        ((state === "begun" || this.#strangers > 0) && hasFullRunAtEnd(line, end64));
    if (goesOn) {
      this.#state = "body";
      this.#strangers = 0;
      return undefined;
    }
    // Headers, and the blank line behind them (RFC 1421 §4.6).
    if (state === "begun" && (isBlank || headerLine.test(line))) return undefined;
    if (!isBlank) this.#passStranger(line);
    return line;
  }

  /** Another thread's line may come between two of a body, and the second is no less secret for it. */
  #passStranger(line: string): void {
    if (this.#state === "body" && !line.includes("-----END ")) {
      this.#state = "gap";
      this.#strangers = strangersMax;
    } else if (this.#state === "gap" && this.#strangers > 0) this.#strangers--;
    else this.#state = "outside";
  }
}

/** A whole key of 4096 bits has some fifty lines; so many of others between two of them are another program's output. */
const strangersMax = 32;

// Program text quotes each line and adds them up; shells indent them. A body line is base64 and nothing else; its first is a
// full one (RFC 7468 §2: 64 characters; 40 allow for writers of narrower ones), so that a lone word is not taken for it.
// None of it is one expression: their classes overlap, and to try every division of a long line of `+` takes days.
const lastLine = /^[\s"'`+,]*-----END [^-]{0,60}-----["'`;,]*/;
const headerLine = /^(?:Proc-Type|DEK-Info|Version|Comment|Hash|Charset|MessageID): /;
const notBefore = /[^\s"'`+,]/;
const behind = /[\s"'`+,;]/;
const base64 = /^[A-Za-z0-9+/=]+$/;
const full = /^[A-Za-z0-9/][A-Za-z0-9+/=]{39,}$/;
const runCharacters = 40;

/** Where the base64 ends that a line may end with: before quotation marks, `\n` as it is written in a string, and the like. */
function endOfBase64(line: string): number {
  let end = line.length;
  while (end > 0 && behind.test(line[end - 1])) end--;
  while (end > 1 && line[end - 2] === "\\" && (line[end - 1] === "n" || line[end - 1] === "r")) end -= 2;
  while (line[end] === "+") end++; // it is base64 too
  return end;
}

function isBodyLine(line: string, end: number): boolean {
  return base64.test(line.slice(Math.max(line.search(notBefore), 0), end));
}

function isFullLine(line: string, end: number): boolean {
  return full.test(line.slice(Math.max(line.search(notBefore), 0), end));
}

/** Behind the time and name that a logger puts before each line. */
function hasFullRunAtEnd(line: string, end: number): boolean {
  return end >= runCharacters && base64.test(line.slice(end - runCharacters, end));
}
