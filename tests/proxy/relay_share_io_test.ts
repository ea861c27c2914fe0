/** The relay and what is shared with other proxies: written before a call moves, given back where it surely did not. */

import assert from "node:assert/strict";
import { LilithError } from "../../src/errors.ts";
import { shareAttemptsMax } from "../../src/limits.ts";
import { compilePolicies } from "../../src/policy/compile.ts";
import type { SharedState } from "../../src/policy/facts.ts";
import type { Rule } from "../../src/policy/rule.ts";
import { Relay } from "../../src/proxy/relay.ts";
import { createSession } from "../../src/proxy/session.ts";
import type { SharedAccess, SharedChange } from "../../src/state/shared_state.ts";
import type { Channel, Receiver } from "../../src/transport/channel.ts";
import { document, rule } from "../policy/support/build.ts";
import { messageOf } from "../support/lines.ts";
import { call } from "./support.ts";

/** Everything that happened, in order. */
type Story = string[];

class FakeShared implements SharedAccess {
  used = "0";
  /** How many times others are quicker: each takes one. */
  races = 0;
  failing = false;
  readonly #story: Story;

  constructor(story: Story) {
    this.#story = story;
  }

  read(): SharedState {
    if (this.failing) return { kind: "unknown", why: "the disk is gone" };
    return {
      kind: "known",
      taints: [],
      used: [{ policy: "team", rule: "limit", window: "", used: this.used }],
    };
  }

  share({ uses }: SharedChange): SharedState | undefined {
    this.#story.push("share");
    if (this.failing) return this.read();
    if (this.races-- > 0) {
      this.used = String(Number(this.used) + 1);
      return this.read();
    }
    this.used = String(Number(this.used) + Number(uses[0].amount));
    return undefined;
  }

  giveBack({ uses }: SharedChange): void {
    this.#story.push("give back");
    this.used = String(Number(this.used) - Number(uses[0].amount));
  }
}

function channel(story: Story, name: string): Channel & { receiver: Receiver } {
  return {
    receiver: undefined as unknown as Receiver,
    congested: false,
    listen(receiver: Receiver) {
      this.receiver = receiver;
    },
    send(buffer: Uint8Array, start: number, end: number) {
      const { result, error } = JSON.parse(new TextDecoder().decode(buffer.subarray(start, end)));
      story.push(
        `${name}${
          result === undefined && error === undefined ? "" : ` ${result?._meta?.code ?? error?.code}`
        }`,
      );
    },
    flush() {},
    drained: () => Promise.resolve(),
    close: () => Promise.resolve(),
  };
}

function rig(max: number, extra: readonly Rule[] = []) {
  const story: Story = [];
  const shared = new FakeShared(story);
  const [downstream, upstream] = [channel(story, "to the agent"), channel(story, "to the server")];
  const quota = { per: "session" as const, max };
  const rules = [rule("allow", "*"), rule("limit", "pay", { quota }), ...extra];
  const options = { workingDirectory: "/", pathCase: "exact" as const, ownFiles: [], sharesState: true };
  let fails = false;
  const relay = new Relay(
    createSession({
      session: "s",
      policy: compilePolicies([document(rules)], options, undefined),
      audited: true,
      anchor: "0".repeat(64),
      digestKey: new Uint8Array(32),
    }),
    {
      downstream,
      upstream,
      sink: {
        path: "/log",
        anchor: "0".repeat(64),
        torn: undefined,
        notices: [],
        append() {
          if (fails) throw new LilithError("audit_unwritable", { message: "disk full" });
          story.push("record");
        },
        close() {},
      },
      shared,
      lookUp: () => new Map(),
      server: { exited: new Promise(() => {}), stop: () => new Promise(() => {}) },
      now: () => 0,
      say: () => {},
    },
  );
  relay.run();
  const ask = (id: number, tool: string) => void downstream.receiver.message(messageOf(call(id, tool)));
  return { story, shared, ask, failLog: () => fails = true };
}

Deno.test("what a call takes is shared before its record and before it moves; a call without a share does neither", () => {
  const { story, ask } = rig(5);
  ask(1, "pay");
  assert.deepEqual(story.splice(0), ["share", "record", "to the server"]);
  ask(2, "read");
  assert.deepEqual(story, ["record", "to the server"]);
});

Deno.test("a call that another proxy was quicker than is judged anew", () => {
  const { story, shared, ask } = rig(2);
  shared.races = 1;
  ask(1, "pay");
  assert.deepEqual(story.splice(0), ["share", "share", "record", "to the server"]);
  assert.equal(shared.used, "2");
  shared.used = "1";
  shared.races = 1;
  ask(2, "pay");
  assert.deepEqual(story, ["share", "record", "to the agent limit"]);
});

Deno.test("a call that others are always quicker than is denied in the end", () => {
  const { story, shared, ask } = rig(1_000_000);
  shared.races = Infinity;
  ask(1, "pay");
  assert.equal(story.filter((one) => one === "share").length, shareAttemptsMax);
  assert.deepEqual(story.slice(-2), ["record", "to the agent error"]);
});

Deno.test("what cannot be shared does not move, and is recorded as denied", () => {
  const { story, shared, ask } = rig(5);
  shared.failing = true;
  ask(1, "pay");
  assert.deepEqual(story.splice(0), ["record", "to the agent error"]);
  ask(2, "read");
  assert.deepEqual(story, ["record", "to the server"]);
});

Deno.test("a call whose record cannot be written gives back what it took", () => {
  const { story, shared, ask, failLog } = rig(5);
  failLog();
  ask(1, "pay");
  assert.deepEqual(story, ["share", "give back", "to the agent 403"]);
  assert.equal(shared.used, "0");
});
