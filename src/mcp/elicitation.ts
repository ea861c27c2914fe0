/**
 * Questions of our own to the person behind the agent. MCP 2025-06-18 and 2025-11-25, client/elicitation (form mode);
 * 2026-07-28, client/elicitation and basic/patterns/mrtr.
 */

import { isJsonObject, type JsonValue, readJson, TooManyValuesError } from "../wire/json_value.ts";
import { findAmbiguity } from "./object_reader.ts";
import type { ErrorAnswer, Request, Result, Value } from "./message.ts";

/** What a person, or the client in their name, has said. */
export type PersonsAnswer =
  | "approved"
  /** The person said no, by the client's button or in the form. */
  | "declined"
  /** The question was closed without an answer. */
  | "dismissed"
  /** The client answered with an error, or with something that is no answer. */
  | "unreadable";

/** Whether a client can show a form, by its capabilities; `{}` means forms. */
export function offersForms(capabilities: JsonValue | undefined): boolean {
  if (!isJsonObject(capabilities)) return false;
  const elicitation = capabilities.get("elicitation");
  if (!isJsonObject(elicitation)) return false;
  return isJsonObject(elicitation.get("form")) || !elicitation.has("url");
}

/** The same for the `initialize` request of a client; false where it cannot be told. */
export function clientOffersForms({ params, frame: { buffer } }: Request): boolean {
  if (params === undefined) return false;
  try {
    const value = readJson(buffer, params.start, params.end);
    return isJsonObject(value) && offersForms(value.get("capabilities"));
  } catch (error) {
    if (error instanceof TooManyValuesError) return false;
    throw error;
  }
}

/** `params` of the question. The first choice is the one that does nothing: some clients choose it for the person. */
function questionParams(message: string): unknown {
  return {
    message,
    requestedSchema: {
      type: "object",
      properties: {
        decision: {
          type: "string",
          title: "Your decision",
          description: "deny: it does not happen; approve: it happens, once asked for exactly so",
          enum: ["deny", "approve"],
        },
      },
      required: ["decision"],
    },
  };
}

/** A question as a request of its own, one line. `id` is plain ASCII. */
export function question(id: string, message: string): Uint8Array {
  const request = { jsonrpc: "2.0", id, method: "elicitation/create", params: questionParams(message) };
  return new TextEncoder().encode(`${JSON.stringify(request)}\n`);
}

/** The same as the answer to a request (2026-07-28): whoever makes it again gives the person's answer with it. */
export function inputRequired(id: string, name: string, message: string, requestState: string): Uint8Array {
  const result = JSON.stringify({
    resultType: "input_required",
    inputRequests: { [name]: { method: "elicitation/create", params: questionParams(message) } },
    requestState,
  });
  return new TextEncoder().encode(`{"jsonrpc":"2.0","id":${id},"result":${result}}\n`);
}

/** The question is asked no more. */
export function withdrawal(id: string, reason: string): Uint8Array {
  const notification = {
    jsonrpc: "2.0",
    method: "notifications/cancelled",
    params: { requestId: id, reason },
  };
  return new TextEncoder().encode(`${JSON.stringify(notification)}\n`);
}

/** Reads the answer to a question. Whatever is not plainly a yes is none. */
export function readAnswer(message: Result | ErrorAnswer): PersonsAnswer {
  return message.kind === "error" ? "unreadable" : readElicitResult(message.frame.buffer, message.result);
}

/** The same for an answer's result alone. */
export function readElicitResult(buffer: Uint8Array, result: Value): PersonsAnswer {
  // What two readers could see differently is no yes.
  if (result.kind !== "object" || findAmbiguity(buffer, result) !== undefined) return "unreadable";
  let value: JsonValue;
  try {
    value = readJson(buffer, result.start, result.end);
  } catch (error) {
    if (error instanceof TooManyValuesError) return "unreadable";
    throw error;
  }
  if (!isJsonObject(value)) return "unreadable";
  switch (value.get("action")) {
    case "decline":
      return "declined";
    case "cancel":
      return "dismissed";
    case "accept": {
      const content = value.get("content");
      const decision = isJsonObject(content) ? content.get("decision") : undefined;
      return decision === "approve" ? "approved" : decision === "deny" ? "declined" : "unreadable";
    }
    default:
      return "unreadable";
  }
}
