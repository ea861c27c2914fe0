/** A session without relay or processes: lines go in, and what would happen comes out as plain data. */

import type { Incoming } from "../../src/mcp/message.ts";
import type { Side } from "../../src/mcp/operation.ts";
import {
  type Approval,
  type ApprovalQuery,
  type Facts,
  noFacts,
  withApproval,
} from "../../src/policy/facts.ts";
import type { PolicyDocument } from "../../src/policy/rule.ts";
import type { Effect } from "../../src/proxy/effect.ts";
import {
  createSession,
  type Gate,
  nextElement,
  receive,
  resume,
  type Session,
  type Step,
  tick,
} from "../../src/proxy/session.ts";
import { messageOf, recordOf, sentText } from "../support/lines.ts";
import { policyOf } from "../support/policies.ts";

/** What an effect comes to, in a form that assertions can name. */
export type Happening =
  | { readonly record: Record<string, unknown> }
  | { readonly forward: Side; readonly text: string }
  | { readonly reply: Side; readonly message: Reply }
  | { readonly say: string }
  | { readonly wake: number }
  | { readonly share: readonly string[] }
  | { readonly lookUp: readonly string[] };

// deno-lint-ignore no-explicit-any
export type Reply = any;

export class Conversation {
  session: Session;
  nowMs = 1_000_000;
  facts: Facts = noFacts;

  /** What is known of approvals; absent: they cannot be looked up. */
  approve: ((query: ApprovalQuery) => Approval) | undefined;

  constructor(
    document: Partial<PolicyDocument> = { default: "allow" },
    options: Parameters<typeof policyOf>[1] & Partial<Gate> = {},
  ) {
    this.session = createSession({
      session: "test-session",
      policy: policyOf(document, options),
      audited: true,
      anchor: "0".repeat(64),
      digestKey: new Uint8Array(32),
      server: options.server ?? "server --flag",
      approvals: options.approvals,
    });
  }

  /** Gives a line of `side` to the session and answers its questions from `facts`. */
  take(side: Side, line: Parameters<typeof messageOf>[0]): Happening[] {
    const happenings = this.#takeOne(side, messageOf(line));
    for (;;) {
      const element = nextElement(this.session, side);
      if (element === undefined) break;
      happenings.push(...this.#takeOne(side, element));
    }
    // An answer of the agent's may let a request of the server's go on.
    const other = side === "downstream" ? "upstream" : "downstream";
    if (this.session.state.consent.released.length > 0) {
      const element = nextElement(this.session, other);
      if (element !== undefined) happenings.push(...this.#takeOne(other, element));
    }
    return happenings;
  }

  /** Lets time pass until the session wants to be called. */
  pass(ms: number): Happening[] {
    this.nowMs += ms;
    return this.adopt(tick(this.session, this.nowMs));
  }

  #takeOne(side: Side, incoming: Incoming): Happening[] {
    let step = receive(this.session, side, incoming, this.nowMs);
    for (;;) {
      const [question] = step.effects;
      if (question?.kind !== "look_up") break;
      const wanted = question.queries.find((query) => query.kind === "approval");
      const facts = wanted === undefined ? this.facts : withApproval(this.facts, this.approve?.(wanted));
      step = resume(step.session, side, facts, this.nowMs);
    }
    return this.adopt(step);
  }

  adopt(step: Step): Happening[] {
    this.session = step.session;
    return step.effects.map(happeningOf);
  }

  agent(line: Parameters<typeof messageOf>[0]): Happening[] {
    return this.take("downstream", line);
  }

  server(line: Parameters<typeof messageOf>[0]): Happening[] {
    return this.take("upstream", line);
  }
}

export function happeningOf(effect: Effect): Happening {
  switch (effect.kind) {
    case "record":
      return { record: recordOf(effect)! };
    case "forward":
      return { forward: effect.to, text: sentText(effect)! };
    case "reply":
      return { reply: effect.to, message: JSON.parse(sentText(effect)!) };
    case "say":
      return { say: effect.text };
    case "share":
      return {
        share: [
          ...effect.uses.map(({ rule, amount }) => `${rule} ${amount}`),
          ...effect.taints.map(({ label }) => label),
        ],
      };
    case "wake":
      return { wake: effect.atMs };
    case "look_up":
      return {
        lookUp: effect.queries.map((query) =>
          query.kind === "resolve" ? query.path : query.kind === "approval" ? query.key : query.kind
        ),
      };
  }
}

/** The only reply among `happenings`. */
export function replyIn(happenings: readonly Happening[]): Reply {
  const replies = happenings.filter((happening) => "reply" in happening);
  if (replies.length !== 1) throw new Error(`${replies.length} replies: ${JSON.stringify(happenings)}`);
  return (replies[0] as { message: Reply }).message;
}

/** Every message that goes to `side`, ours and the other side's, in order. */
export function sentTo(side: Side, happenings: readonly Happening[]): Reply[] {
  return happenings.flatMap((happening) => {
    if ("forward" in happening && happening.forward === side) return [JSON.parse(happening.text)];
    return "reply" in happening && happening.reply === side ? [happening.message] : [];
  });
}

export function forwardsIn(happenings: readonly Happening[]): string[] {
  return happenings.flatMap((happening) => "forward" in happening ? [happening.text] : []);
}

export function recordsIn(happenings: readonly Happening[]): Record<string, unknown>[] {
  return happenings.flatMap((happening) => "record" in happening ? [happening.record] : []);
}

export function call(id: number | string, name: string, args?: unknown): object {
  return {
    jsonrpc: "2.0",
    id,
    method: "tools/call",
    params: { name, ...(args === undefined ? {} : { arguments: args }) },
  };
}
