/** Which processes there are, from /proc. */

/** Ids of living processes (zombies are not) that have `token` in their arguments. */
export async function processesMentioning(token: string): Promise<number[]> {
  const found: number[] = [];
  for await (const { name } of Deno.readDir("/proc")) {
    if (!/^[0-9]+$/.test(name)) continue;
    try {
      // A zombie has no arguments any more.
      const words = (await Deno.readTextFile(`/proc/${name}/cmdline`)).split("\0");
      if (words.some((word) => word.includes(token)) && Number(name) !== Deno.pid) found.push(Number(name));
    } catch {
      // It has ended between the listing and the look.
    }
  }
  return found;
}
