/** What all /changes methods share (RFC 8620 section 5.2). */
import type { Modseq } from "../../contract/mod.ts";
import type { JmapAccount } from "../account.ts";
import type { Call } from "../call.ts";
import type { JsonObject } from "../json.ts";
import { parsePoint, printPoint, printState, type StatePoint } from "../state.ts";

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

/** What happened since a state, as the store tells it. */
export interface Changed {
  readonly state: Modseq;
  readonly created: readonly string[];
  readonly updated: readonly string[];
  readonly destroyed: readonly string[];
  /** When it happened to each. */
  readonly at: Readonly<Record<string, Modseq>>;
}

/** As many changes as the client takes, the oldest first, and the state behind them. */
export interface ChangesPage {
  readonly newState: string;
  readonly hasMoreChanges: boolean;
  readonly created: readonly string[];
  readonly updated: readonly string[];
  readonly destroyed: readonly string[];
}

/** `changed` is what happened since the point's base. */
export function pageOf({ sinceState, maxChanges }: ChangesArguments, changed: Changed): ChangesPage {
  const since = parsePoint(sinceState);
  const kinds = ["created", "updated", "destroyed"] as const;
  const all = kinds.flatMap((kind) => changed[kind].map((id) => ({ kind, id, at: changed.at[id] ?? changed.state })))
    .filter((one) => isBehind(one, since)).sort((a, b) => a.at - b.at || compareIds(a.id, b.id));
  const page = all.slice(0, maxChanges ?? all.length);
  const last = page[page.length - 1];
  const hasMoreChanges = page.length < all.length;
  const of = (wanted: string) => page.filter(({ kind }) => kind === wanted).map(({ id }) => id);
  return {
    newState: hasMoreChanges && last
      ? printPoint({ modseq: last.at, id: last.id, base: since.base })
      : printState(changed.state),
    hasMoreChanges,
    created: of("created"),
    updated: of("updated"),
    destroyed: of("destroyed"),
  };
}

function isBehind({ id, at }: { readonly id: string; readonly at: Modseq }, since: StatePoint): boolean {
  return at > since.modseq || (at === since.modseq && since.id !== null && compareIds(id, since.id) > 0);
}

/** Ids of one kind in the order of their numbers. */
function compareIds(a: string, b: string): number {
  return a.length - b.length || (a < b ? -1 : a > b ? 1 : 0);
}

export function changesResponse(args: ChangesArguments, page: ChangesPage, more: JsonObject = {}): JsonObject {
  return { accountId: args.account.accountId, oldState: args.sinceState, ...page, ...more };
}
