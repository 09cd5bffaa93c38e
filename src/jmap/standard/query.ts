/** What all /query methods share (RFC 8620 section 5.5): which part of the list of ids is told. */
import type { Call } from "../call.ts";
import { MethodError } from "../error.ts";
import type { JsonObject } from "../json.ts";

/** Ids of one answer. */
const IDS = 50_000;

export interface QueryWindow {
  readonly position: number;
  readonly anchor: string | null;
  readonly anchorOffset: number;
  /** Ids at most; null: the client did not say. */
  readonly limit: number | null;
  readonly calculateTotal: boolean;
}

export function readWindow(call: Call): QueryWindow {
  return {
    position: call.integer("position", 0),
    anchor: call.optionalString("anchor"),
    anchorOffset: call.integer("anchorOffset", 0),
    limit: call.unsigned("limit"),
    calculateTotal: call.boolean("calculateTotal", false),
  };
}

/** How many ids from the beginning are enough for this window, or Infinity. */
export function enough({ position, anchor, limit, calculateTotal }: QueryWindow): number {
  return calculateTotal || anchor !== null || position < 0 ? Infinity : position + Math.min(limit ?? IDS, IDS);
}

/** The part of the response that tells of ids. `ids`: all that match, or as many as are `enough`. */
export function windowResponse(window: QueryWindow, ids: readonly string[]): JsonObject {
  const limit = Math.min(window.limit ?? IDS, IDS);
  const isCut = limit < (window.limit ?? Infinity);
  const start = startOf(window, ids);
  return {
    position: start,
    ids: ids.slice(start, start + limit),
    ...(window.calculateTotal && { total: ids.length }),
    ...(isCut && { limit }),
  };
}

function startOf({ position, anchor, anchorOffset }: QueryWindow, ids: readonly string[]): number {
  if (anchor !== null) {
    const at = ids.indexOf(anchor);
    if (at < 0) throw new MethodError("anchorNotFound");
    return Math.max(0, at + anchorOffset);
  }
  return position >= 0 ? position : Math.max(0, ids.length + position);
}
