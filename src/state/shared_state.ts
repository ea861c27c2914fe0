/** What the proxies of one client share, kept in a state file: read for each decision that needs it, written before it is carried out. */

import { sharedUnseenMs } from "../limits.ts";
import type { SharedState, SharedUse } from "../policy/facts.ts";
import { addUse, hasRoomFor, takeBack, type Use } from "../policy/quota.ts";
import { mergeTaints, type Taint } from "../policy/taint.ts";
import type { SharedSession, SharedWindow, StateContent } from "./state_content.ts";
import type { StateFile } from "./state_file.ts";

/** What a decision takes and brings in. */
export interface SharedChange {
  readonly uses: readonly Use[];
  readonly taints: readonly Taint[];
}

/** How one proxy uses what is shared. Works without permissions, and never throws. */
export interface SharedAccess {
  read(): SharedState;
  /**
   * Writes a change down, all of it or nothing. Undefined: it is written. Else what is shared by now: somebody else has
   * taken what there was room for, or it could not be written.
   */
  share(change: SharedChange, nowMs: number): SharedState | undefined;
  /** Gives back what a change took: its call was surely not passed on. Labels stay. */
  giveBack(change: SharedChange, nowMs: number): void;
}

/** `say` is told of what could not be read or written. */
export function openSharedAccess(
  file: StateFile,
  client: string,
  say: (problem: string) => void,
): SharedAccess {
  const attempt = (act: () => SharedState | undefined): SharedState | undefined => {
    try {
      return act();
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      say(why);
      return { kind: "unknown", why };
    }
  };
  return {
    read: () => attempt(() => file.update((content) => ({ result: viewOf(content, client) })))!,
    share: (change, nowMs) =>
      attempt(() =>
        file.update<SharedState | undefined>((content) => {
          const after = take(content, client, change, nowMs);
          return after === undefined
            ? { result: viewOf(content, client) }
            : { content: after, result: undefined };
        })
      ),
    giveBack: ({ uses }, nowMs) =>
      void attempt(() =>
        file.update((content) => ({ content: give(content, client, uses, nowMs), result: undefined }))
      ),
  };
}

/** Takes out what nobody will ask for again: sessions of clients that are gone. Gives how many there were. */
export function pruneSessions(file: StateFile, isGone: (client: string, seenMs: number) => boolean): number {
  return file.update((content) => {
    const sessions = content.sessions.filter(({ client, seenMs }) => !isGone(client, seenMs));
    const gone = content.sessions.length - sessions.length;
    return gone === 0 ? { result: 0 } : { content: { ...content, sessions }, result: gone };
  });
}

function viewOf({ sessions, windows }: StateContent, client: string): SharedState {
  const session = sessions.find((one) => one.client === client);
  const own = (session?.used ?? []).map((use): SharedUse => ({ ...use, window: "" }));
  return { kind: "known", taints: session?.taints ?? [], used: [...own, ...windows] };
}

/** The content with the change in it; undefined where there is no room for it any more. */
function take(
  content: StateContent,
  client: string,
  { uses, taints }: SharedChange,
  nowMs: number,
): StateContent | undefined {
  let session = sessionOf(content, client);
  let { windows } = content;
  for (const use of uses) {
    if (use.window === "") {
      const before = session.used.find((one) => isSameRule(one, use));
      if (!hasRoomFor(before?.used ?? "0", use)) return undefined;
      const used = addUse(before && { window: "", used: before.used }, use);
      session = {
        ...session,
        used: [...session.used.filter((one) => one !== before), { ...nameOf(use), used }],
      };
      continue;
    }
    const before = windows.filter((one) => isSameRule(one, use));
    // (Of one rule the last window is kept. Somebody whose clock is ahead of ours may have opened the next.)
    if (before.some(({ window }) => window > use.window)) return undefined;
    const same = before.find(({ window }) => window === use.window);
    if (!hasRoomFor(same?.used ?? "0", use)) return undefined;
    const after: SharedWindow = { ...nameOf(use), window: use.window, used: addUse(same, use) };
    windows = [...windows.filter((one) => !before.includes(one)), after];
  }
  session = { ...session, taints: mergeTaints(session.taints, taints) };
  return withSession({ ...content, windows: fresh(windows, nowMs) }, session, nowMs);
}

function give(content: StateContent, client: string, uses: readonly Use[], nowMs: number): StateContent {
  let session = sessionOf(content, client);
  let { windows } = content;
  for (const use of uses) {
    if (use.window === "") {
      session = {
        ...session,
        used: session.used.map((one) =>
          isSameRule(one, use) ? { ...one, used: takeBack(one.used, use) } : one
        ),
      };
    } else {
      windows = windows.map((one) =>
        isSameRule(one, use) && one.window === use.window ? { ...one, used: takeBack(one.used, use) } : one
      );
    }
  }
  return withSession({ ...content, windows }, session, nowMs);
}

function sessionOf({ sessions }: StateContent, client: string): SharedSession {
  return sessions.find((one) => one.client === client) ?? { client, seenMs: 0, taints: [], used: [] };
}

function withSession(content: StateContent, session: SharedSession, nowMs: number): StateContent {
  const others = content.sessions.filter(({ client }) => client !== session.client);
  return { ...content, sessions: [...others, { ...session, seenMs: Math.floor(nowMs) }] };
}

/** Windows that are over for long are nobody's any more, however clocks differ. */
function fresh(windows: readonly SharedWindow[], nowMs: number): readonly SharedWindow[] {
  const oldest = new Date(nowMs - sharedUnseenMs).toISOString();
  return windows.filter(({ window }) => window >= oldest.slice(0, window.length));
}

function isSameRule(one: { policy: string; rule: string }, other: { policy: string; rule: string }): boolean {
  return one.policy === other.policy && one.rule === other.rule;
}

function nameOf({ policy, rule }: Use): { policy: string; rule: string } {
  return { policy, rule };
}
