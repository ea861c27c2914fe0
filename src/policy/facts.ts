/** What the pure engine asks of the world, and what it is told. */

import type { Decision } from "./decision.ts";
import { addUse } from "./quota.ts";
import { mergeTaints, type Taint } from "./taint.ts";
import type { SchemaVerdict } from "./json_schema/verdict.ts";

/** A question that only the world can answer. */
export type Query = ResolveQuery | SharedStateQuery;

/** Where does this path lead? */
export interface ResolveQuery {
  readonly kind: "resolve";
  /** An absolute path, or one relative to the server's working directory. */
  readonly path: string;
  /** Who asks: a check of a policy, or only the built-in rule that looks for our own files in every text. */
  readonly askedBy: "check" | "own_files";
}

/** Whether a person has approved a call where others can see it; if nobody has said anything yet, it is put before them. */
export interface ApprovalQuery {
  readonly kind: "approval";
  /** 64 hex digits that only the very same call has. */
  readonly key: string;
  readonly server: string;
  readonly from: "downstream" | "upstream";
  readonly target: string;
  readonly name: string;
  readonly method: string;
  /** Canonical JSON, not masked. */
  readonly argumentsJson: string | undefined;
  readonly asks: readonly { readonly policy: string; readonly rule: string; readonly reason: string }[];
  /** For how long an answer holds. */
  readonly approvedForMs: number;
}

/** What is known of an {@linkcode ApprovalQuery}. `id` names it to people. */
export type Approval =
  | { readonly kind: "approved"; readonly id: string }
  | { readonly kind: "denied"; readonly id: string }
  /** It waits for an answer. `isNew`: by this very query. */
  | { readonly kind: "pending"; readonly id: string; readonly isNew: boolean }
  /** Nobody can be asked. */
  | { readonly kind: "unavailable"; readonly why: string };

/** What have all proxies together earned and used up? */
export interface SharedStateQuery {
  readonly kind: "shared_state";
}

/**
 * Where a path leads once every symbolic link is followed.
 *
 * - `real`: it exists, and this is its canonical path;
 * - `missing`: it does not exist; `path` is its deepest existing ancestor made canonical, then the rest as written;
 * - `unknown`: it could not be told (a dangling link, a loop, no permission, too long): never counts as inside.
 *   `nowhere`: at least it leads to no file that exists, for nobody with our rights.
 */
export type Resolution =
  | { readonly kind: "real"; readonly path: string }
  | { readonly kind: "missing"; readonly path: string }
  | { readonly kind: "unknown"; readonly why: string; readonly nowhere?: boolean };

/** What was used up of one quota in one window, by everyone who shares it. */
export interface SharedUse {
  readonly policy: string;
  readonly rule: string;
  /** As in a `Use`. */
  readonly window: string;
  /** A decimal number. */
  readonly used: string;
}

/** What the proxies of one client share; `unknown`: it could not be told. */
export type SharedState =
  | { readonly kind: "known"; readonly taints: readonly Taint[]; readonly used: readonly SharedUse[] }
  | { readonly kind: "unknown"; readonly why: string };

/** Answers by the path that was asked. A path that is not in here is a missing fact. */
export interface Facts extends ReadonlyMap<string, Resolution> {
  /** The rules (`Asking.key`) to which a person has consented for exactly this call; absent: none. */
  readonly consents?: ReadonlySet<string>;
  /** Absent: nothing is shared, or it is a missing fact. */
  readonly shared?: SharedState;
  /** What the server says of the tool or prompt that is to be used; absent: nobody asked. */
  readonly surface?: SurfaceFact;
  /** The answer to an {@linkcode ApprovalQuery}; absent: none was asked, or nobody answered. */
  readonly approval?: Approval;
}

/** How a tool or prompt stands by what its server says of it. */
export interface SurfaceFact {
  /**
   * Held against the lock; `unlocked` where there is none. `unlisted`: the server has listed all, and it is not among
   * them. `ambiguous`: it was described in two ways at once. `unknown`: the server did not say.
   */
  readonly standing: "as_locked" | "changed" | "new" | "unlocked" | "unlisted" | "ambiguous" | "unknown";
  /** Whether its description holds text that nobody sees. */
  readonly invisible?: boolean;
  /** What the schema that the server declared says of the arguments; absent: nobody asked, or there is none. */
  readonly schema?: SchemaVerdict;
}

/** The same facts, and what the server says of what is to be used. */
export function withSurface(facts: Facts, surface: SurfaceFact): Facts {
  return withMore(facts, { surface });
}

/** The same facts, and what a person has consented to. */
export function withConsents(facts: Facts, consents: ReadonlySet<string>): Facts {
  return withMore(facts, { consents });
}

/** The same facts, and what is known of an approval. */
export function withApproval(facts: Facts, approval: Approval | undefined): Facts {
  return withMore(facts, approval === undefined ? {} : { approval });
}

/** The same facts, and what is shared. */
export function withShared(facts: Facts, shared: SharedState): Facts {
  return withMore(facts, { shared });
}

type MoreFacts = Pick<Facts, "consents" | "surface" | "approval" | "shared">;

function withMore(facts: Facts, more: MoreFacts): Facts {
  const { consents, surface, approval, shared } = facts;
  return Object.assign(
    new Map(facts),
    consents === undefined ? {} : { consents },
    surface === undefined ? {} : { surface },
    approval === undefined ? {} : { approval },
    shared === undefined ? {} : { shared },
    more,
  );
}

/** The facts once a decision was carried out: what it brings in and takes is shared too. */
export function factsAfter(facts: Facts, decision: Decision): Facts {
  const { shared } = facts;
  const { action, uses = [], taints = [] } = decision;
  if (shared?.kind !== "known" || action !== "forward" || uses.length + taints.length === 0) return facts;
  let { used } = shared;
  for (const use of uses) {
    const { policy, rule, window } = use;
    const isSame = (one: SharedUse) => one.policy === policy && one.rule === rule && one.window === window;
    const total = addUse(used.find(isSame), use);
    used = [...used.filter((one) => !isSame(one)), { policy, rule, window, used: total }];
  }
  return withShared(facts, { kind: "known", taints: mergeTaints(shared.taints, taints), used });
}

export const noFacts: Facts = new Map();

/** Those of the queries that ask for paths. */
export function pathQueries(queries: readonly (Query | ApprovalQuery)[]): readonly ResolveQuery[] {
  return queries.filter((query) => query.kind === "resolve");
}
