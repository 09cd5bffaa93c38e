/** What a filter in TypeScript answered. It comes from a stranger's program, so nothing of it is believed. */
import { type Action, FILTER_LIMITS } from "../../contract/filter.ts";

/** The actions, or what is wrong as a clause for the owner. */
export type ReadActions = { readonly actions: readonly Action[] } | { readonly wrong: string };

type Check = (value: unknown) => string | null;

const text: Check = (value) =>
  typeof value !== "string"
    ? "should be a text"
    : value.length > FILTER_LIMITS.string
    ? `has more than ${FILTER_LIMITS.string} characters`
    // RFC 5228 section 2.1: no NUL; and what is no Unicode cannot be written down.
    : value.includes("\0") || !value.isWellFormed()
    ? "has characters that mail cannot carry"
    : null;
const flag: Check = (value) => typeof value === "boolean" ? null : "should be true or false";
const days: Check = (value) =>
  Number.isInteger(value) && (value as number) >= 0 && (value as number) <= 10_000
    ? null
    : "should be a number of days";
const texts: Check = (value) => {
  if (!Array.isArray(value)) return "should be a list of texts";
  if (value.length > 100) return "has more than 100 entries";
  for (const one of value) {
    const wrong = text(one);
    if (wrong !== null) return `has an entry that ${wrong}`;
  }
  return null;
};

/** By the kind of action: its members; those with `?` may be left out. */
const SHAPES: { readonly [K in Action["kind"]]: Readonly<Record<string, Check>> } = {
  keep: { "flags?": texts },
  fileinto: { mailbox: text, "flags?": texts, "create?": flag, "copy?": flag },
  redirect: { address: text, "copy?": flag },
  pipe: { target: text, "arguments?": texts, "copy?": flag },
  discard: {},
  reject: { reason: text },
  vacation: { text, "subject?": text, "days?": days, "addresses?": texts, "handle?": text },
  notify: { to: text, "message?": text },
  addheader: { name: text, value: text },
  note: { text },
};

/** Reads the JSON of an answer; `most` is how many actions there may be. */
export function readActions(said: string, most: number): ReadActions {
  if (said.length > FILTER_LIMITS.answer) {
    return { wrong: `its answer has more than ${FILTER_LIMITS.answer} characters` };
  }
  let value: unknown;
  try {
    value = JSON.parse(said);
  } catch {
    return { wrong: "its answer is no list of actions" };
  }
  if (!Array.isArray(value)) return { wrong: "its answer is no list of actions" };
  let notes = 0;
  for (const [i, one] of value.entries()) {
    const wrong = problemOf(one);
    if (wrong !== null) return { wrong: `action ${i + 1} ${wrong}` };
    if ((one as Action).kind === "note") notes++;
  }
  if (notes > FILTER_LIMITS.notes) return { wrong: `it wrote more than ${FILTER_LIMITS.notes} notes` };
  if (value.length - notes > most) return { wrong: `it asked for more than ${most} actions` };
  return { actions: value as Action[] };
}

function problemOf(value: unknown): string | null {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return "is no action";
  const { kind } = value as { kind?: unknown };
  if (typeof kind !== "string" || !Object.hasOwn(SHAPES, kind)) {
    return `has no kind that is known: ${Object.keys(SHAPES).join(", ")}`;
  }
  const shape = SHAPES[kind as Action["kind"]];
  for (const [name, check] of Object.entries(shape)) {
    const optional = name.endsWith("?");
    const member = optional ? name.slice(0, -1) : name;
    if (!Object.hasOwn(value, member)) {
      if (optional) continue;
      return `(${kind}) lacks "${member}"`;
    }
    const wrong = check((value as Record<string, unknown>)[member]);
    if (wrong !== null) return `(${kind}): "${member}" ${wrong}`;
  }
  const strange = Object.keys(value).find((member) =>
    member !== "kind" && !Object.hasOwn(shape, member) && !Object.hasOwn(shape, `${member}?`)
  );
  return strange === undefined
    ? null
    : `(${kind}) has a member that is not known: ${JSON.stringify(strange.slice(0, 40))}`;
}
