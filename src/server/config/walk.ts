/**
 * Reads the schema as data: which keys stand where, which key an environment variable means, and which key somebody
 * who mistyped one most likely wanted.
 */
import { z } from "zod";
import { lowerAscii, parseDigits } from "../../base/ascii.ts";

export type Path = readonly (string | number)[];

/** What stands at a place of the schema, without defaults, null and transformations around it. */
export function bare(schema: z.ZodType): z.ZodType {
  let inner: unknown = schema;
  for (;;) {
    if (inner instanceof z.ZodPipe) inner = inner.in;
    else if (
      inner instanceof z.ZodOptional || inner instanceof z.ZodNullable || inner instanceof z.ZodDefault ||
      inner instanceof z.ZodPrefault
    ) inner = inner.unwrap();
    else return inner as z.ZodType;
  }
}

/** Whether null is a value here. */
export function takesNull(schema: z.ZodType): boolean {
  return schema.safeParse(null).success;
}

/** The schema of what is at `path`, or null where the schema has no such place. */
export function schemaAt(root: z.ZodType, path: Path): z.ZodType | null {
  let at: z.ZodType = root;
  for (const step of path) {
    const here = bare(at);
    let next: unknown;
    if (here instanceof z.ZodObject) next = Object.hasOwn(here.shape, step) ? here.shape[step as string] : undefined;
    else if (here instanceof z.ZodArray) next = here.element;
    else if (here instanceof z.ZodRecord) next = here.valueType;
    if (next === undefined) return null;
    at = next as z.ZodType;
  }
  return at;
}

/** The keys of the object at `path`; none where there is no object. */
export function keysAt(root: z.ZodType, path: Path): readonly string[] {
  const at = schemaAt(root, path);
  const here = at === null ? null : bare(at);
  return here instanceof z.ZodObject ? Object.keys(here.shape) : [];
}

/**
 * The path that `DATA_DIR`, `LIMITS__MESSAGE_SIZE` or `LISTENERS__0__PORT` names, or the place where it leads nowhere:
 * the part that is no key, and the keys that were there to choose from.
 */
export function pathOfVariable(
  root: z.ZodType,
  name: string,
): { readonly path: Path } | { readonly unknown: string; readonly keys: readonly string[] } {
  const path: (string | number)[] = [];
  for (const part of name.split("__")) {
    const at = schemaAt(root, path);
    const here = at === null ? null : bare(at);
    if (here instanceof z.ZodArray) {
      const index = parseDigits(part, 999);
      if (index === null) return { unknown: part, keys: ["0", "1"] };
      path.push(index);
      continue;
    }
    const keys = keysAt(root, path);
    const key = keys.find((candidate) => variableOf(candidate) === part);
    if (key === undefined) return { unknown: part, keys: keys.map(variableOf) };
    path.push(key);
  }
  return { path };
}

/** `messageSize` as `MESSAGE_SIZE`. */
export function variableOf(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase();
}

/** The candidate that differs least from `word`, if any is near enough to have been meant. */
export function nearest(word: string, candidates: readonly string[]): string | null {
  let best: string | null = null;
  let least = Math.max(2, Math.floor(word.length / 3)) + 1;
  for (const candidate of candidates) {
    const distance = editDistance(lowerAscii(word.slice(0, 60)), lowerAscii(candidate));
    if (distance < least) [best, least] = [candidate, distance];
  }
  return best;
}

/** Insertions, deletions, changes and swaps of neighbours that turn `a` into `b`. */
function editDistance(a: string, b: string): number {
  let before: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let cost = Math.min((last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (last[j - 1] ?? 0) + (same ? 0 : 1));
      if (a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) cost = Math.min(cost, (before[j - 2] ?? 0) + 1);
      row.push(cost);
    }
    [before, last] = [last, row];
  }
  return last[b.length] ?? 0;
}

/** `listeners[3].port`, for people. */
export function printPath(path: Path): string {
  let out = "";
  for (const step of path) out += typeof step === "number" ? `[${step}]` : out === "" ? step : `.${step}`;
  return out;
}
