/** A file system in memory that answers as realpath(3) does. */

import { type Facts, pathQueries, type Query, type Resolution } from "../../../src/policy/facts.ts";

/** A directory, a file, a link to somewhere, or a directory that may not be entered. */
export type Entry = "directory" | "file" | "locked" | { readonly link: string };

export class FakeDisk {
  readonly #entries: ReadonlyMap<string, Entry>;
  /** Every path that was asked, in order. */
  readonly asked: string[] = [];

  constructor(entries: Readonly<Record<string, Entry>>) {
    this.#entries = new Map(Object.entries(entries));
  }

  answer(queries: readonly Query[]): Facts {
    return new Map(pathQueries(queries).map(({ path }) => [path, this.resolve(path)]));
  }

  /** Every fact there is, for tests that do not care which were asked for. */
  all(): Facts {
    const everything = new Map<string, Resolution>();
    everything.get = (path) => this.resolve(path);
    return everything;
  }

  resolve(path: string): Resolution {
    this.asked.push(path);
    return this.#walk("/", path.split("/"), 40, false);
  }

  #walk(from: string, names: readonly string[], linksLeft: number, throughLink: boolean): Resolution {
    let here = from;
    for (let index = 0; index < names.length; index++) {
      const name = names[index];
      if (name === "" || name === ".") continue;
      if (name === "..") {
        here = here.slice(0, here.lastIndexOf("/")) || "/";
        continue;
      }
      if (this.#entries.get(here) === "locked") return { kind: "unknown", why: "no permission" };
      const next = here === "/" ? `/${name}` : `${here}/${name}`;
      const entry = this.#entries.get(next);
      if (entry === undefined) {
        if (throughLink) return { kind: "unknown", why: "a link leads nowhere" };
        const rest = names.slice(index).filter((left) => left !== "" && left !== ".");
        return { kind: "missing", path: `${here === "/" ? "" : here}/${rest.join("/")}` };
      }
      if (typeof entry === "object") {
        if (linksLeft === 0) return { kind: "unknown", why: "too many links" };
        const target = this.#walk(
          entry.link.startsWith("/") ? "/" : here,
          entry.link.split("/"),
          linksLeft - 1,
          true,
        );
        if (target.kind !== "real") return target;
        here = target.path;
        continue;
      }
      here = next;
    }
    return { kind: "real", path: here };
  }
}
