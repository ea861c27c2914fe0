/** The demo's output: scenes, and in each what was expected and what was seen. */

export interface Check {
  readonly what: string;
  readonly saw: string;
  readonly ok: boolean;
}

export class Stage {
  #passed = 0;
  #failed = 0;
  readonly #colour = Deno.stdout.isTerminal() && Deno.env.get("NO_COLOR") === undefined;

  scene(title: string, text?: string): void {
    console.log(`\n${this.#paint(1, title)}`);
    if (text !== undefined) console.log(this.#paint(2, indent(text.trimEnd())));
  }

  check({ what, saw, ok }: Check): void {
    if (ok) this.#passed++;
    else this.#failed++;
    const mark = ok ? this.#paint(32, "✓") : this.#paint(31, "✗ NOT SO:");
    console.log(`  ${mark} ${what}\n      ${this.#paint(2, saw.split("\n")[0])}`);
  }

  /** Prints the result; true if everything was so. */
  close(): boolean {
    console.log(`\n${this.#passed} as promised, ${this.#failed} not.`);
    return this.#failed === 0 && this.#passed > 0;
  }

  #paint(code: number, text: string): string {
    return this.#colour ? `\x1b[${code}m${text}\x1b[0m` : text;
  }
}

function indent(text: string): string {
  return text.split("\n").map((line) => `    ${line}`).join("\n");
}
