/** States are modseqs: one counter an account, which grows with every change (RFC 8620 section 1.6). */
import type { EmailId, Modseq } from "../contract/mod.ts";
import type { ChangesPoint } from "../contract/mod.ts";
import { MethodError } from "./error.ts";

/** The state of an account. */
export function printState(modseq: Modseq): string {
  return String(modseq);
}

/** Throws `cannotCalculateChanges` for what never was a state. */
export function parseState(text: string): Modseq {
  if (!/^\d{1,16}$/.test(text) || !Number.isSafeInteger(Number(text))) throw new MethodError("cannotCalculateChanges");
  return Number(text) as Modseq;
}

/**
 * A state in the midst of changes that are told in parts: up to this modseq, and of this one up to this id; ids are in the
 * order of their numbers. `base` is where the client came from: what was made since is new to it, on whatever page it is.
 */
export interface StatePoint {
  readonly modseq: Modseq;
  readonly id: string | null;
  readonly base: Modseq;
}

/** `17-e4~9`: the parts that say nothing are left out. */
export function printPoint({ modseq, id, base }: StatePoint): string {
  return `${modseq}${id === null ? "" : `-${id}`}${base === modseq ? "" : `~${base}`}`;
}

/** Throws `cannotCalculateChanges` for what never was a state. */
export function parsePoint(text: string): StatePoint {
  const found = /^(\d{1,16})(?:-([a-z][0-9a-z]{1,11}))?(?:~(\d{1,16}))?$/.exec(text);
  if (!found) throw new MethodError("cannotCalculateChanges");
  const modseq = parseState(found[1]!);
  const base = found[3] === undefined ? modseq : parseState(found[3]);
  if (base > modseq || (found[2] !== undefined && base === modseq)) throw new MethodError("cannotCalculateChanges");
  return { modseq, id: found[2] ?? null, base };
}

/** The same for emails, as the store has it. */
export function parseEmailPoint(text: string): ChangesPoint {
  const { modseq, id, base } = parsePoint(text);
  if (id !== null && id[0] !== "e") throw new MethodError("cannotCalculateChanges");
  return { modseq, emailId: id as EmailId | null, base };
}

export function printEmailPoint({ modseq, emailId, base = modseq }: ChangesPoint): string {
  return printPoint({ modseq, id: emailId, base });
}
