/** What all /changes methods share (RFC 8620 section 5.2). */
import type { JmapAccount } from "../account.ts";
import type { Call } from "../call.ts";
import { MethodError } from "../error.ts";
import type { JsonObject } from "../json.ts";
import { printState } from "../state.ts";
import type { Modseq } from "../../contract/mod.ts";

export interface ChangesArguments {
  readonly account: JmapAccount;
  readonly sinceState: string;
  /** Null: as many as there are, as far as the server likes. */
  readonly maxChanges: number | null;
}

export function readChanges(call: Call): ChangesArguments {
  const account = call.account();
  const sinceState = call.string("sinceState");
  const maxChanges = call.unsigned("maxChanges");
  if (maxChanges === 0) throw call.wrong("maxChanges", "greater than 0");
  call.done();
  return { account, sinceState, maxChanges };
}

export interface Changed {
  readonly state: Modseq;
  readonly created: readonly string[];
  readonly updated: readonly string[];
  readonly destroyed: readonly string[];
}

/** The response where all changes are known at once; more than the client takes cannot be told in parts. */
export function changesResponse(args: ChangesArguments, changed: Changed, more: JsonObject = {}): JsonObject {
  const { created, updated, destroyed, state } = changed;
  const count = created.length + updated.length + destroyed.length;
  if (args.maxChanges !== null && count > args.maxChanges) throw new MethodError("cannotCalculateChanges");
  return {
    accountId: args.account.accountId,
    oldState: args.sinceState,
    newState: printState(state),
    hasMoreChanges: false,
    created,
    updated,
    destroyed,
    ...more,
  };
}
