/** Colours for a terminal, or none. */

export interface Paint {
  bold(text: string): string;
  dim(text: string): string;
  red(text: string): string;
  green(text: string): string;
  yellow(text: string): string;
}

/** ECMA-48, select graphic rendition; without colour every text stays as it is. */
export function paintWith(colour: boolean): Paint {
  const paint = (on: number, off: number) => (text: string) =>
    colour ? `\x1b[${on}m${text}\x1b[${off}m` : text;
  return {
    bold: paint(1, 22),
    dim: paint(2, 22),
    red: paint(31, 39),
    green: paint(32, 39),
    yellow: paint(33, 39),
  };
}

/** Whether a stream of ours, standard output or another, may be coloured: a terminal, and no wish against it (no-color.org: any value but an empty one). */
export function mayColour(stream: { isTerminal(): boolean } = Deno.stdout): boolean {
  return stream.isTerminal() && (Deno.env.get("NO_COLOR") ?? "") === "";
}
