/** Values of JSON as they came, and the pointers of result references. */

/** Any value of JSON. */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
/** An object of JSON. */
export interface JsonObject {
  readonly [name: string]: Json;
}

/** Whether a value is an object, neither null nor a list. */
export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A member that is the object's own: `__proto__` and its like are names as others. */
export function member(object: JsonObject, name: string): Json | undefined {
  return Object.hasOwn(object, name) ? object[name] : undefined;
}

/**
 * What a pointer (RFC 6901) leads to, with `*` for every item of a list (RFC 8620 section 3.7); undefined where it leads
 * nowhere. `limit` bounds the items that a `*` may give.
 */
export function pointed(value: Json, path: string, limit: number): Json | undefined {
  if (path === "") return value;
  if (path[0] !== "/") return undefined;
  const steps = path.slice(1).split("/").map((step) => step.replaceAll("~1", "/").replaceAll("~0", "~"));
  return walk(value, steps, 0, limit);
}

function walk(value: Json, steps: readonly string[], at: number, limit: number): Json | undefined {
  if (at === steps.length) return value;
  const step = steps[at]!;
  if (Array.isArray(value)) {
    if (step === "*") return all(value, steps, at + 1, limit);
    if (!/^(0|[1-9]\d{0,9})$/.test(step)) return undefined;
    const item = value[Number(step)] as Json | undefined;
    return item === undefined ? undefined : walk(item, steps, at + 1, limit);
  }
  if (!isObject(value)) return undefined;
  const next = member(value, step);
  return next === undefined ? undefined : walk(next, steps, at + 1, limit);
}

/** "If the item is itself an array, its contents are added … rather than the array itself." */
function all(items: readonly Json[], steps: readonly string[], at: number, limit: number): Json | undefined {
  const found: Json[] = [];
  for (const item of items) {
    const one = walk(item, steps, at, limit - found.length);
    if (one === undefined) return undefined;
    if (Array.isArray(one)) { for (const inner of one) found.push(inner as Json); }
    else found.push(one);
    if (found.length > limit) return undefined;
  }
  return found;
}

/** Whether two values are the same, whatever order the members of objects are in. */
export function sameJson(a: Json | undefined, b: Json | undefined): boolean {
  if (a === b) return true;
  if (Array.isArray(a)) {
    return Array.isArray(b) && a.length === b.length && a.every((item, i) => sameJson(item as Json, b[i] as Json));
  }
  if (!isObject(a) || !isObject(b)) return false;
  const names = Object.keys(a);
  return names.length === Object.keys(b).length &&
    names.every((name) => Object.hasOwn(b, name) && sameJson(a[name], b[name]));
}

/** About how many octets a value has as text; Infinity where it is more than `most`. What stands in it twice counts twice. */
export function octetsOf(value: Json, most: number): number {
  let size = 0;
  const open: Json[] = [value];
  for (let one = open.pop(); one !== undefined; one = open.pop()) {
    size += typeof one === "string" ? one.length + 3 : 8;
    if (Array.isArray(one)) { for (const item of one) open.push(item as Json); }
    else if (isObject(one)) {
      for (const [name, member] of Object.entries(one)) {
        size += name.length + 3;
        open.push(member);
      }
    }
    if (size > most || open.length > most) return Infinity;
  }
  return size;
}

/** The beginning of a text, without half a character at its end. */
export function shortened(text: string, most: number): string {
  if (text.length <= most) return text;
  const end = text.codePointAt(most - 1)! > 0xffff ? most - 1 : most;
  return text.slice(0, end);
}
