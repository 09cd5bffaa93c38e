/** JSON as the audit log keeps it: without secrets, and short. */
import type { Shown } from "./audit_desk.ts";

/** Names of members whose values nobody may read again. */
const SECRET = /^(old|hash|salt|token|credentials?|.*secret.*|.*password.*|.+key)$/i;
const LONGEST = 500;
const MOST = 50;
const DEEPEST = 8;

/** Long texts and lists are cut, and say so. */
export function masked(value: unknown, depth = 0): Shown {
  if (typeof value === "string") {
    return value.length <= LONGEST ? value : `${value.slice(0, LONGEST)}… (${value.length} characters)`;
  }
  if (value === null || typeof value === "boolean" || typeof value === "number") return value;
  if (typeof value !== "object") return null;
  if (depth === DEEPEST) return "…";
  if (Array.isArray(value)) {
    const shown = value.slice(0, MOST).map((one) => masked(one, depth + 1));
    return value.length <= MOST ? shown : [...shown, `… (${value.length} in all)`];
  }
  const members = Object.entries(value);
  const shown = members.slice(0, MOST).map((
    [name, one],
  ) => [
    name.slice(0, 200),
    SECRET.test(name) && typeof one !== "boolean" && one !== null ? "***" : masked(one, depth + 1),
  ]);
  if (members.length > MOST) shown.push(["…", `${members.length} in all`]);
  return Object.fromEntries(shown);
}
