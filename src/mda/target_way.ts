/**
 * Where an account's mail goes besides the store: a program, a Maildir, an mbox or a service, by a name of the
 * configuration. A row of the queue is the hand-over; its `route` says all that the hand-over needs, so that the row is
 * done as it was meant, whatever the account's filters say later.
 */

/** Kinds of places. */
export type TargetKind = "program" | "maildir" | "mbox" | "http";

const KINDS: ReadonlySet<string> = new Set(["program", "maildir", "mbox", "http"]);
const PREFIX = "deliver:";
const NAME = /^[A-Za-z0-9_.-]{1,64}$/;

/** What a row is for. */
export interface TargetWay {
  /** `program:learn`, `maildir:home`. */
  readonly target: string;
  /** Whose mail it is: the account's own address. */
  readonly account: string;
  /** For a program. */
  readonly arguments: readonly string[];
  /** What is refused for good goes into INBOX instead of back to the sender. */
  readonly orKeep: boolean;
}

/** A place as people write it, in its one spelling: a program's name may stand alone. Null: it is none. */
export function canonicalTarget(text: string): string | null {
  const colon = text.indexOf(":");
  const kind = colon < 0 ? "program" : text.slice(0, colon);
  const name = text.slice(colon + 1);
  return KINDS.has(kind) && NAME.test(name) ? `${kind}:${name}` : null;
}

/** Its kind, and its name there. */
export function targetParts(target: string): { readonly kind: TargetKind; readonly name: string } {
  const colon = target.indexOf(":");
  return { kind: target.slice(0, colon) as TargetKind, name: target.slice(colon + 1) };
}

/** Text of a row's `route`; no way that a person can choose looks like it. */
export function formatTargetWay(way: TargetWay): string {
  const { target, account, orKeep } = way;
  const more = { account, ...(way.arguments.length > 0 && { arguments: way.arguments }), ...(orKeep && { orKeep }) };
  return `${PREFIX}${target} ${JSON.stringify(more)}`;
}

/** Null: the row goes another way. */
export function parseTargetWay(route: string | null): TargetWay | null {
  if (route === null || !route.startsWith(PREFIX)) return null;
  const blank = route.indexOf(" ");
  const target = blank < 0 ? null : canonicalTarget(route.slice(PREFIX.length, blank));
  if (target === null) return null;
  try {
    const { account, arguments: given = [], orKeep = false } = JSON.parse(route.slice(blank + 1));
    if (typeof account !== "string" || !Array.isArray(given)) return null;
    return { target, account, arguments: given.filter((one) => typeof one === "string"), orKeep: orKeep === true };
  } catch {
    return null;
  }
}

/** Rows for one place take turns: its key among destinations. */
export function targetKey({ target }: Pick<TargetWay, "target">): string {
  return PREFIX + target;
}
