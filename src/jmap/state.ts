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

/** A state between two changes of one modseq has the email behind it up to which it speaks. */
export function printPoint({ modseq, emailId }: ChangesPoint): string {
  return emailId === null ? String(modseq) : `${modseq}-${emailId}`;
}

export function parsePoint(text: string): ChangesPoint {
  const [modseq = "", emailId = null, ...more] = text.split("-");
  if (more.length > 0 || (emailId !== null && !/^e[0-9a-z]{1,11}$/.test(emailId))) {
    throw new MethodError("cannotCalculateChanges");
  }
  return { modseq: parseState(modseq), emailId: emailId as EmailId | null };
}

/** A state within the changes of one modseq: up to this id it is told already; ids are in the order of their numbers. */
export interface StatePoint {
  readonly modseq: Modseq;
  readonly id: string | null;
}

export function parseStatePoint(text: string): StatePoint {
  const [modseq = "", id = null, ...more] = text.split("-");
  if (more.length > 0 || (id !== null && !/^[a-z][0-9a-z]{1,11}$/.test(id))) {
    throw new MethodError("cannotCalculateChanges");
  }
  return { modseq: parseState(modseq), id };
}

/** The state from which the store is asked: in the midst of a modseq all of it comes again. */
export function askedSince({ modseq, id }: StatePoint): Modseq {
  return (id === null ? modseq : Math.max(0, modseq - 1)) as Modseq;
}
