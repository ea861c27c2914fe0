/** Requests and notifications, from either side: named, judged, recorded, then passed on or answered. */

import type { Notification, Request } from "../mcp/message.ts";
import { type Operation, readMeta, readOperation, type Side } from "../mcp/operation.ts";
import { clientOffersForms } from "../mcp/elicitation.ts";
import { requestedProgress } from "../mcp/progress.ts";
import { errorReply, type ReplyCode, replyCodes } from "../mcp/reply.ts";
import { isStateless } from "../mcp/revision.ts";
import type { Decision } from "../policy/decision.ts";
import { decideTogether } from "../policy/decide_together.ts";
import {
  type Facts,
  factsAfter,
  noFacts,
  type SurfaceFact,
  withApproval,
  withConsents,
  withShared,
  withSurface,
} from "../policy/facts.ts";
import { needs, needsOfAll } from "../policy/needs.ts";
import { advance } from "../policy/state.ts";
import type { Note, RecordedConsent } from "../audit/record.ts";
import { type ResultBound, resultBound, smallerBound } from "../policy/result_bound.ts";
import { wantsSurface } from "../policy/trust.ts";
import type { InvisibleCounts } from "../wire/invisible_text.ts";
import { inFlightMax, listTimeoutMs } from "../limits.ts";
import { askForSurfaces, endAsking, isServerSilent } from "./asked_list.ts";
import { carryOutAsked, decideAsked, recordAsked } from "./asked.ts";
import { alone, readCompany } from "./company.ts";
import { consult } from "./consent.ts";
import { cancelHeld } from "./consent_answers.ts";
import { takeAnswerInCall } from "./consent_in_results.ts";
import { isIdTaken } from "./correlation.ts";
import { recordDecision } from "./decision_record.ts";
import { denialOf } from "./denial.ts";
import { lookForInvisibleIn } from "./hidden_text.ts";
import { applyCancellation, isNotice, isTokenActive, judgeNotice } from "./notices.ts";
import { otherSide, sideName } from "./session_state.ts";
import type { Turn } from "./turn.ts";
import { forgetSurfaces, surfaceFact } from "./surfaces.ts";
import { boundOfTasks, toolToRemember } from "./tasks.ts";
import type { WaitingRequest } from "./waiting.ts";

/** A request or notification has come from `side`. Ends in a verdict, or in a question for facts. */
export function receiveRequest(turn: Turn, side: Side, message: Request | Notification): void {
  if (turn.consent.asksInResults && side === "downstream" && message.kind === "request") {
    const taken = takeAnswerInCall(turn, message);
    if (typeof taken === "string") {
      return refuseRequest(turn, side, message, {
        code: "malformed",
        reply: replyCodes.invalidRequest,
        reason: taken,
      });
    }
    if (taken) return;
  }
  const obstacle = findObstacle(turn, side, message);
  if (obstacle !== undefined) return refuseRequest(turn, side, message, obstacle);
  const operation = readOperation(message, side);
  if ("kind" in operation) {
    return refuseRequest(turn, side, message, {
      code: "malformed",
      reply: replyCodes.invalidRequest,
      reason: operation.reason,
    });
  }
  const company = readCompany(turn, side, message);
  if (typeof company === "string") {
    return refuseRequest(turn, side, message, {
      code: "malformed",
      reply: replyCodes.invalidRequest,
      reason: company,
    });
  }
  const { policy } = turn.gate;
  const { trust } = policy;
  if (trust !== undefined && side === "upstream") forgetSurfaces(turn, message.method);
  const needsSurface = trust !== undefined && wantsSurface(policy, operation);
  const queries = company === alone
    ? needs(policy, operation)
    : needsOfAll(policy, [operation, ...company.accompanying, ...company.asked]);
  const waiting: WaitingRequest = {
    kind: "request",
    message,
    operation,
    company,
    wantsSurface: needsSurface,
    queries,
    granted: turn.released?.rules,
    heldAs: turn.released?.call,
  };
  const awaitsServer = needsSurface && surfaceFact(turn, trust, operation) === undefined &&
    !isServerSilent(turn);
  if (queries.length === 0 && !awaitsServer) return judge(turn, side, waiting, noFacts);
  turn.setWaiting(side, waiting);
  if (awaitsServer) askForSurfaces(turn, operation, message);
  turn.effects.push(awaitsServer ? { kind: "look_up", queries, awaitsServer } : { kind: "look_up", queries });
}

/** The facts that {@linkcode receiveRequest} asked for are there. A fact that is not counts as missing. */
export function resumeRequest(turn: Turn, side: Side, waiting: WaitingRequest, facts: Facts): void {
  turn.setWaiting(side, undefined);
  if (waiting.wantsSurface && turn.surfaces.asking !== undefined) {
    endAsking(turn, `the server did not answer within ${listTimeoutMs / 1000} s`);
    turn.surfaces = { ...turn.surfaces, silentSinceMs: turn.nowMs };
  }
  // The server may have gone, or the table may have filled, while the facts were looked up.
  const obstacle = findObstacle(turn, side, waiting.message);
  if (obstacle !== undefined) return refuseRequest(turn, side, waiting.message, obstacle);
  const { found } = waiting;
  if (found === undefined) return judge(turn, side, waiting, facts);
  const known = withApproval(found, facts.approval);
  judge(turn, side, waiting, facts.shared === undefined ? known : withShared(known, facts.shared));
}

/** What keeps a message from being judged at all. */
interface Obstacle {
  readonly code:
    | "malformed"
    | "in_flight"
    | "server_gone"
    | "audit_failed"
    | "unasked"
    | "result_too_large"
    | "invisible_text";
  readonly reply: ReplyCode;
  readonly reason: string;
  /** Answer with `null`: an answer with this id would be taken for the answer to another request. */
  readonly idIsTaken?: boolean;
}

function findObstacle(turn: Turn, side: Side, message: Request | Notification): Obstacle | undefined {
  if (turn.phase !== "open") {
    return { code: "server_gone", reply: replyCodes.serverGone, reason: "the tool server is gone" };
  }
  if (message.kind === "notification") return undefined;
  if (isIdTaken(turn, side, message.id)) {
    return {
      code: "malformed",
      reply: replyCodes.invalidRequest,
      reason: `a request with the id ${message.id.source} is still waiting for its answer`,
      idIsTaken: true,
    };
  }
  if (isNotice(message.method)) {
    const reason = `${message.method} is a notification, which has no id`;
    return { code: "malformed", reply: replyCodes.invalidRequest, reason };
  }
  if (turn.pending[side].size >= inFlightMax) {
    return {
      code: "in_flight",
      reply: replyCodes.limited,
      reason: `${inFlightMax} requests are waiting for their answers already`,
    };
  }
  return undefined;
}

/** Answers a request that never reached a verdict; a notification is dropped. Both are recorded. */
function refuseRequest(
  turn: Turn,
  side: Side,
  message: Request | Notification,
  obstacle: Obstacle,
): void {
  const { code, reply, reason } = obstacle;
  const id = message.kind === "request" ? message.id.source : undefined;
  turn.countRefused();
  turn.record({
    kind: "refused",
    from: sideName(side),
    code,
    reason,
    bytes: message.frame.end - message.frame.start,
    method: message.method,
    ...(id === undefined ? {} : { id }),
  });
  if (id === undefined) return;
  turn.reply(side, errorReply(obstacle.idIsTaken ? "null" : id, reply, reason, { code, reason }));
}

function judge(turn: Turn, side: Side, judged: WaitingRequest, found: Facts): void {
  const { message, operation, company, queries, granted } = judged;
  let facts = judged.wantsSurface ? withSurface(found, factAbout(turn, operation)) : found;
  // (What was found before an approval was looked up has the consents already.)
  if (granted !== undefined && facts.consents === undefined) facts = withConsents(facts, granted);
  const { accompanying, asked } = company;
  const { policy } = turn.gate;
  let joint = decideTogether(policy, turn.policy, operation, accompanying, facts, turn.nowMs);
  let consent: RecordedConsent | undefined = granted === undefined || granted.size === 0
    ? undefined
    : { by: "person", rules: [...granted], heldAs: judged.heldAs };
  if (joint.decision.asks !== undefined) {
    const consulted = consult(turn, side, judged, facts, joint);
    if (consulted === undefined) return; // it waits
    ({ joint, facts, consent } = { consent, ...consulted });
  }
  const { decision } = joint;
  let note: Note | undefined;
  let progress: string | undefined;
  let invisible: InvisibleCounts | undefined;
  if (decision.action === "forward") {
    const hidden = side === "upstream" ? lookForInvisibleIn(turn, message) : undefined;
    if (hidden?.refusal !== undefined) {
      const { refusal: reason } = hidden;
      return refuseRequest(turn, side, message, { code: "invisible_text", reply: replyCodes.denied, reason });
    }
    invisible = hidden?.counts;
    if (message.kind === "notification") {
      const finding = judgeNotice(turn, side, message);
      if (finding?.kind === "held") return cancelHeld(turn, finding.held, message);
      if (finding?.kind === "stray") {
        return refuseRequest(turn, side, message, { ...finding, reply: replyCodes.invalidRequest });
      }
      note = finding?.note;
    } else {
      progress = message.members.has("_meta") ? requestedProgress(message)?.key : undefined;
      // Tokens must be unique (basic/utilities/progress). It hurts nobody but the asker, who can no longer tell.
      if (progress !== undefined && isTokenActive(turn, side, progress)) note = "progress_token_in_use";
    }
  }
  const call = turn.nextCall();
  const inside = asked.length === 0 || decision.action === "deny" ? undefined : decideAsked(
    turn,
    advance(turn.policy, policy, decision, turn.nowMs),
    asked,
    factsAfter(facts, decision),
  );
  const passes = decision.action === "forward" && inside?.denied === undefined;
  recordDecision(turn, side, {
    message,
    operation: joint.operation,
    judged: operation,
    queries,
    facts,
    decision: passes === (decision.action === "forward") ? decision : { ...decision, action: "deny" },
    call,
    also: accompanying.length === 0 ? undefined : accompanying.filter((other) => other !== joint.operation),
    notes: note === undefined ? undefined : [note],
    consent: passes ? consent : undefined,
    invisible,
  });
  if (inside !== undefined) recordAsked(turn, message, inside, facts, call);
  if (passes) {
    pass(turn, side, message, operation, facts, decision, call, progress);
    if (inside !== undefined) carryOutAsked(turn, inside);
    return;
  }
  turn.countDenied();
  if (message.kind !== "request") return;
  const reply = denialOf(decision, {
    idSource: message.id.source,
    isToolCall: operation.target === "tool",
    isStateless: () => isStateless(readMeta(message)),
    record: `${turn.gate.session}/${call}`,
  });
  turn.reply(side, reply);
}

/** How large the answer may be. */
function boundOf(
  turn: Turn,
  message: Request,
  operation: Operation,
  facts: Facts,
): ResultBound | undefined {
  const { policy } = turn.gate;
  const bound = policy.boundsResults ? resultBound(policy, operation, facts, turn.nowMs) : undefined;
  return turn.taskBounds.size === 0 ? bound : smallerBound(bound, boundOfTasks(turn, message));
}

/** What is known by now of what an operation would use. */
function factAbout(turn: Turn, operation: Operation): SurfaceFact {
  const { trust } = turn.gate.policy;
  return (trust && surfaceFact(turn, trust, operation)) ?? { standing: "unknown" };
}

function pass(
  turn: Turn,
  side: Side,
  message: Request | Notification,
  operation: Operation,
  facts: Facts,
  decision: Decision,
  call: number,
  progress: string | undefined,
): void {
  turn.carryOut(decision);
  if (message.kind === "request") {
    turn.addPending(side, {
      key: message.id.key,
      idSource: message.id.source,
      call,
      method: message.method,
      isToolCall: message.method === "tools/call",
      tool: toolToRemember(operation),
      resultBound: side === "downstream" ? boundOf(turn, message, operation, facts) : undefined,
      stateless: message.members.has("_meta") && message.method === "tools/call" &&
        isStateless(readMeta(message)),
      progress,
      batch: turn.batch,
      sinceMs: turn.nowMs,
    });
    if (side === "downstream" && message.method === "initialize") {
      turn.consent = { ...turn.consent, offersForms: clientOffersForms(message) };
    }
  } else {
    applyCancellation(turn, side, message);
  }
  turn.forward(otherSide(side), message);
}
