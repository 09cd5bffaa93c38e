/** Search keys that rows can answer, as a condition of SQL: the database looks at rows so much faster than we do. */
import type { Replay } from "./replay.ts";
import { lowerAscii } from "../../base/ascii.ts";
import type { SearchKey } from "../../contract/mod.ts";
import { systemBit } from "../engine/flags.ts";
import { emailIdOf, rowOf, threadIdOf } from "../engine/ids.ts";
import type { FoundRow } from "../search_source.ts";
import type { Param } from "./wire/statement.ts";

/** Deeper or longer than this a search is answered row by row. */
const DEPTH = 40;
const PARTS = 200;

/** Rows of a mailbox for which all of `keys` hold, a stretch of UIDs at a time; null where rows cannot tell. */
export function selection(
  mailbox: number,
  keys: readonly SearchKey[],
): ((sql: Replay, first: number, last: number) => readonly FoundRow[]) | null {
  const condition = new Condition();
  const where = condition.all(keys, " and ", 0);
  if (where === null) return null;
  const join = condition.needsEmail ? " join emails e on e.id = m.email" : "";
  const text = `select m.uid, m.modseq, m.email from members m${join} where m.mailbox = ?i and ` +
    `m.uid between ?i and ?i and ${where} order by m.uid`;
  return (sql, first, last) =>
    sql.once(text, [mailbox, first, last, ...condition.values]).map((cells) => ({
      uid: cells[0] as number,
      modseq: cells[1] as number,
      email: cells[2] as number,
    }));
}

class Condition {
  readonly values: Param[] = [];
  needsEmail = false;
  #parts = 0;

  all(keys: readonly SearchKey[], operator: " and " | " or ", depth: number): string | null {
    const parts: string[] = [];
    for (const key of keys) {
      const part = this.#one(key, depth + 1);
      if (part === null) return null;
      parts.push(part);
    }
    if (parts.length === 0) return operator === " and " ? "true" : "false";
    return `(${parts.join(operator)})`;
  }

  /** Never null in SQL's sense, so that it can be negated. */
  #one(key: SearchKey, depth: number): string | null {
    if (depth > DEPTH || ++this.#parts > PARTS) return null;
    switch (key.key) {
      case "all":
        return "true";
      case "and":
        return this.all(key.keys, " and ", depth);
      case "or":
        return this.all(key.keys, " or ", depth);
      case "not": {
        const inner = this.#one(key.of, depth + 1);
        return inner === null ? null : `not ${inner}`;
      }
      case "uid":
        return this.#uids(key.ranges);
      case "flag":
        return this.#flag(key.flag);
      case "larger":
        return this.#compare("m.size > ?i", key.octets);
      case "smaller":
        return this.#compare("m.size < ?i", key.octets);
      case "modseq":
        return this.#compare("m.modseq >= ?i", key.since); // RFC 7162 section 3.1.5: equal to or greater
      case "saveDate":
        return this.#within("m.save_date", key);
      case "internalDate":
        this.needsEmail = true;
        return this.#within("e.internal_date", key);
      case "sentDate":
        this.needsEmail = true;
        return `(e.sent_at is not null and ${this.#within("e.sent_at", key)})`;
      case "emailId": {
        const row = rowOf("e", key.emailId);
        return emailIdOf(row) === key.emailId ? this.#compare("m.email = ?i", row) : "false";
      }
      case "threadId": {
        const row = rowOf("t", key.threadId);
        this.needsEmail = true;
        return threadIdOf(row) === key.threadId ? this.#compare("e.thread = ?i", row) : "false";
      }
      default:
        return null;
    }
  }

  #compare(condition: string, value: Param): string {
    this.values.push(value);
    return `(${condition})`;
  }

  #within(column: string, { from, before }: { readonly from: number | null; readonly before: number | null }): string {
    const parts: string[] = [];
    if (from !== null) parts.push(this.#compare(`${column} >= ?i`, from));
    if (before !== null) parts.push(this.#compare(`${column} < ?i`, before));
    return parts.length === 0 ? "true" : `(${parts.join(" and ")})`;
  }

  #uids(ranges: readonly { readonly first: number; readonly last: number }[]): string | null {
    if ((this.#parts += ranges.length) > PARTS) return null;
    const parts = ranges.map(({ first, last }) => {
      this.values.push(first, last);
      return "m.uid between ?i and ?i";
    });
    return parts.length === 0 ? "false" : `(${parts.join(" or ")})`;
  }

  #flag(flag: string): string {
    const bit = systemBit(flag);
    if (bit !== null) return `(m.flags & ${bit} <> 0)`;
    return this.#compare(
      "m.keywords <> '' and position(' ' || ?t || ' ' in ' ' || lower(m.keywords) || ' ') > 0",
      lowerAscii(flag),
    );
  }
}
