/** Environment variables as a layer over the configuration: `PALOMAR_LIMITS__MESSAGE_SIZE=10MB`. */
import { z } from "zod";
import { parseDigits } from "../../base/ascii.ts";
import type { ConfigProblem } from "./config.ts";
import { bare, nearest, type Path, pathOfVariable, printPath, schemaAt, takesNull } from "./walk.ts";

const PREFIX = "PALOMAR_";
/** Ours, but no part of the configuration. */
const OTHERS: ReadonlySet<string> = new Set(["PALOMAR_CONFIG"]);
/** What Kubernetes and Docker put beside a service that is called palomar. */
const FOREIGN = /^PALOMAR_(SERVICE_(HOST|PORT)|PORT$|PORT_\d+_|NAME$|ENV_)/;

/** A variable that sets a value, with the path it sets. */
export interface Override {
  readonly name: string;
  readonly path: Path;
  readonly value: unknown;
}

/** Reads all `PALOMAR_*` variables against the schema, in order of their names. */
export function readEnvironment(
  root: z.ZodType,
  env: ReadonlyMap<string, string>,
): { readonly overrides: readonly Override[]; readonly problems: readonly ConfigProblem[] } {
  const overrides: Override[] = [];
  const problems: ConfigProblem[] = [];
  for (const name of [...env.keys()].sort()) {
    if (!name.startsWith(PREFIX) || OTHERS.has(name) || FOREIGN.test(name)) continue;
    const result = readVariable(root, name.slice(PREFIX.length), env.get(name) ?? "");
    if ("reason" in result) problems.push({ where: name, path: "", reason: result.reason });
    else overrides.push({ name, ...result });
  }
  return { overrides, problems };
}

function readVariable(
  root: z.ZodType,
  name: string,
  text: string,
): { readonly path: Path; readonly value: unknown } | { readonly reason: string } {
  const found = pathOfVariable(root, name);
  if ("unknown" in found) {
    const near = nearest(found.unknown, found.keys);
    const meant = near === null ? "" : `; did you mean ${PREFIX}${replaced(name, found.unknown, near)}?`;
    return { reason: `the configuration has nothing of this name${meant}` };
  }
  const schema = schemaAt(root, found.path);
  if (schema === null) return { reason: "the configuration has nothing of this name" };
  const value = valueOf(schema, text);
  if (value === undefined) {
    return { reason: `${printPath(found.path)} is no single value; set what is in it, or use a configuration file` };
  }
  return { path: found.path, value };
}

function replaced(name: string, unknown: string, near: string): string {
  return name.split("__").map((part) => part === unknown ? near : part).join("__");
}

/** The text as the kind of value that the schema wants; a text that does not fit stays text and is refused with its words. */
function valueOf(schema: z.ZodType, text: string): unknown {
  if (text === "null" && takesNull(schema)) return null;
  const kind = bare(schema);
  if (kind instanceof z.ZodNumber) return parseDigits(text) ?? text;
  if (kind instanceof z.ZodBoolean) return text === "true" ? true : text === "false" ? false : text;
  if (kind instanceof z.ZodArray) {
    return bare(kind.element as z.ZodType) instanceof z.ZodString
      ? text.split(",").map((part) => part.trim()).filter((part) => part !== "")
      : undefined;
  }
  if (kind instanceof z.ZodObject || kind instanceof z.ZodRecord) return undefined;
  return text;
}

/** Puts the overrides into the raw configuration, which is the caller's own. */
export function applyOverrides(raw: Record<string, unknown>, overrides: readonly Override[]): void {
  for (const { path, value } of overrides) {
    let at: Record<string | number, unknown> = raw;
    for (const [i, step] of path.slice(0, -1).entries()) {
      const next = at[step];
      if (typeof next === "object" && next !== null) at = next as Record<string | number, unknown>;
      else {
        const made = (typeof path[i + 1] === "number" ? [] : Object.create(null)) as Record<string | number, unknown>;
        at[step] = made;
        at = made;
      }
    }
    const last = path.at(-1);
    if (last !== undefined) at[last] = value;
  }
}
