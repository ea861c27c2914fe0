/** A policy that changes while the session runs: between two messages, whole, and never inside one. */

import type { PolicyChangeRecord } from "../audit/record.ts";
import { listChanged } from "../mcp/list_changes.ts";
import type { CompiledPolicy } from "../policy/compiled.ts";
import { carryState } from "../policy/carry_state.ts";
import type { BySide, Session, Step } from "./session_state.ts";
import { Turn } from "./turn.ts";
import { withAnotherPolicy } from "./surface_table.ts";
import type { Waiting } from "./waiting.ts";

/** What is to be recorded of it. */
export type PolicyEvent = Omit<PolicyChangeRecord, "kind" | "announced">;

/**
 * Puts `policy` in force. What was used up stays used up (`carryState`), messages whose facts are being looked up are
 * judged anew, from their beginning, and the agent is told of lists that it may see otherwise now.
 *
 * The record comes first. Where it cannot be written, go on from the session that was given: then nothing has changed.
 */
export function reload(
  session: Session,
  policy: CompiledPolicy,
  record: PolicyEvent,
  nowMs: number,
): Step {
  const { gate, state } = session;
  const turn = new Turn({ ...gate, policy }, state, nowMs);
  const announced = state.phase === "open" ? state.announcedLists : [];
  turn.record({ kind: "event", ...record, ...(announced.length === 0 ? {} : { announced }) });
  turn.policy = carryState(gate.policy, policy, state.policy, nowMs);
  turn.surfaces = withAnotherPolicy(state.surfaces);
  turn.waiting = {
    downstream: overtaken(state.waiting.downstream),
    upstream: overtaken(state.waiting.upstream),
  } satisfies BySide<Waiting | undefined>;
  for (const list of announced) turn.reply("downstream", listChanged(list));
  return turn.finish();
}

function overtaken(waiting: Waiting | undefined): Waiting | undefined {
  return waiting && { ...waiting, isOvertaken: true };
}

/** Something about the policy files that changes nothing in what is in force: what was found in them is refused, say. */
export function note(
  session: Session,
  record: PolicyEvent,
  nowMs: number,
): Step {
  const turn = new Turn(session.gate, session.state, nowMs);
  turn.record({ kind: "event", ...record });
  return turn.finish();
}
