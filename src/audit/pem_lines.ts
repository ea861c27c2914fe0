/** Keys and certificates (RFC 7468) that come line by line: their first line says what they are, the others do not. */

/** Follows the lines of one stream. */
export class PemLines {
  /** `begun`: a first line has been. `gap`: it may have been, among lines that nobody saw. `body`: inside. */
  #state: "outside" | "begun" | "gap" | "body" = "outside";

  /**
   * Takes the next line; gives what of it lies outside any block, undefined where nothing does. A first line counts as
   * outside: its recogniser knows it.
   */
  take(line: string): string | undefined {
    const outside = this.#state === "outside" ? line : this.#behindBlock(line);
    if (outside === undefined) return undefined;
    const begin = outside.lastIndexOf("-----BEGIN ");
    if (begin >= 0 && !outside.includes("-----END ", begin)) this.#state = "begun";
    return outside;
  }

  /** Lines went by unseen. */
  skip(): void {
    this.#state = "gap";
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
    const goesOn = state === "body"
      ? bodyLine.test(line) || fullRunAtEnd.test(line)
      : fullLine.test(line) || (state === "begun" && fullRunAtEnd.test(line));
    if (goesOn) {
      this.#state = "body";
      return undefined;
    }
    // Headers, and the blank line behind them (RFC 1421 §4.6).
    if (state === "begun" && (isBlank || headerLine.test(line))) return undefined;
    if (!isBlank) this.#state = "outside";
    return line;
  }
}

// Program text quotes each line and adds them up; shells indent them. A body line is base64 and nothing else; its first is a
// full one (RFC 7468 §2: 64 characters; 40 allow for writers of narrower ones), so that a lone word is not taken for it.
const lastLine = /^[\s"'`+,]*-----END [^-]{0,60}-----["'`;,]*/;
const bodyLine = /^[\s"'`+,]*[A-Za-z0-9+/=]+(?:\\[rn])*[\s"'`+,;]*$/;
const fullLine = /^[\s"'`+,]*[A-Za-z0-9/][A-Za-z0-9+/=]{39,}(?:\\[rn])*[\s"'`+,;]*$/;
/** Behind the time and name that a logger puts before each line. */
const fullRunAtEnd = /[A-Za-z0-9+/=]{40}(?:\\[rn])*[\s"'`+,;]*$/;
const headerLine = /^(?:Proc-Type|DEK-Info|Version|Comment|Hash|Charset|MessageID): /;
