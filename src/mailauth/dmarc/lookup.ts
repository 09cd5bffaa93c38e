/** Questions to the DNS for one message: each name once, and not too many. */
import { ask, type Program } from "../../contract/mod.ts";
import { claimsDmarc, type DmarcRecord, parseDmarcRecord } from "./record.ts";

/** A record, that there is none, or that nobody knows now. */
export type RecordAnswer =
  | { readonly kind: "record"; readonly record: DmarcRecord }
  | { readonly kind: "none" }
  | { readonly kind: "tempfail"; readonly reason: string };

/** Names asked for one message. Eight for each walk (RFC 9989 section 4.10), and walks are few. */
const NAMES_LIMIT = 120;

/** The policy records of names, remembered while one message is evaluated: its walks share most of their names. */
export class RecordLookup {
  readonly #known = new Map<string, RecordAnswer>();

  /** The record at `_dmarc.<name>`; `name` in A-labels. */
  *record(name: string): Program<RecordAnswer> {
    const known = this.#known.get(name);
    if (known) return known;
    if (this.#known.size >= NAMES_LIMIT) return { kind: "tempfail", reason: "too many names" };
    const answer = yield* resolve(name);
    this.#known.set(name, answer);
    return answer;
  }
}

function* resolve(name: string): Program<RecordAnswer> {
  if (!canBeAsked(`_dmarc.${name}`)) return { kind: "none" };
  const answer = yield* ask("dns.resolve", { name: `_dmarc.${name}`, type: "TXT" });
  if (answer.kind === "tempfail") return { kind: "tempfail", reason: answer.reason };
  if (answer.kind !== "ok") return { kind: "none" };
  const texts = answer.records.flatMap((record) =>
    record.type === "TXT" && claimsDmarc(record.text) ? [record.text] : []
  );
  // RFC 9989 section 4.10 steps 2 and 6: of several records none counts, not even where one of them is broken.
  const record = texts.length === 1 ? parseDmarcRecord(texts[0]!) : null;
  return record === null ? { kind: "none" } : { kind: "record", record };
}

/**
 * Whether a domain exists (RFC 9989 section 4.7 `np`): anything but NXDOMAIN says so. The answer for A follows a CNAME,
 * whose target may be gone while the name is there, so the CNAME itself is asked for as well. Null: nobody knows now.
 */
export function* domainExists(name: string): Program<boolean | null> {
  if (!canBeAsked(name)) return false;
  for (const type of ["A", "CNAME"] as const) {
    const answer = yield* ask("dns.resolve", { name, type });
    if (answer.kind === "tempfail") return null;
    if (answer.kind !== "nxdomain") return type === "A" || answer.kind === "ok";
  }
  return false;
}

/** RFC 1035 section 2.3.4. */
function canBeAsked(name: string): boolean {
  return name.length <= 253 && name.split(".").every((label) => label.length > 0 && label.length <= 63);
}
