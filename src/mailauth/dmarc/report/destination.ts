/**
 * Where reports may be sent (RFC 9990 section 4, RFC 7489 section 7.1): a domain that names somebody else's mailbox in
 * `rua` must have their leave, or everybody could have the world's reports sent to anybody.
 */
import { ask, type Program } from "../../../contract/mod.ts";
import { canonical } from "../author.ts";
import { organizationOf } from "../discovery.ts";
import { RecordLookup } from "../lookup.ts";
import type { OrganizationMethod } from "../model.ts";
import { type DmarcRecord, parseDmarcRecord } from "../record.ts";
import type { ReportUri } from "../report_uri.ts";

/** What becomes of the entries of `rua`. */
export interface ReportDestinations {
  /** Mailboxes that want them. */
  readonly accepted: readonly ReportUri[];
  /** Entries that are no mailbox, or whose domain does not want them. */
  readonly refused: readonly ReportUri[];
  /** Entries of which the DNS says nothing now: ask again. */
  readonly later: readonly ReportUri[];
}

/** Entries that are asked about: RFC 9990 section 3.5 leaves the number to the receiver. */
const DESTINATIONS_LIMIT = 10;

/**
 * Asks for each mailbox in `rua` of the record found at `policyDomain` whether it may be sent reports; for those on
 * single messages in `ruf` (RFC 9991 section 4).
 */
export function* reportDestinations(
  record: DmarcRecord,
  policyDomain: string,
  method: OrganizationMethod = "treewalk",
  tag: "rua" | "ruf" = "rua",
): Program<ReportDestinations> {
  const accepted: ReportUri[] = [];
  const refused: ReportUri[] = [...record[tag].slice(DESTINATIONS_LIMIT)];
  const later: ReportUri[] = [];
  const lookup = new RecordLookup();
  const own = yield* organizationOf(policyDomain, method, lookup);
  for (const uri of record[tag].slice(0, DESTINATIONS_LIMIT)) {
    const host = uri.address === null ? null : canonical(uri.address.domain);
    if (host === null || host.startsWith("[")) refused.push(uri);
    else {
      const theirs = host === policyDomain ? own : yield* organizationOf(host, method, lookup);
      if (host === policyDomain || (own !== null && theirs === own)) accepted.push(uri);
      else {
        const leave = yield* leaveOf(policyDomain, host, uri, tag);
        if (leave === "later") later.push(uri);
        else if (leave === null) refused.push(uri);
        else accepted.push(leave);
      }
    }
  }
  return { accepted, refused, later };
}

/** The leave that `host` publishes, with another mailbox of its own where it names one; null where there is none. */
function* leaveOf(
  policyDomain: string,
  host: string,
  uri: ReportUri,
  tag: "rua" | "ruf",
): Program<ReportUri | "later" | null> {
  const name = `${policyDomain}._report._dmarc.${host}`;
  if (name.length > 253) return null;
  const answer = yield* ask("dns.resolve", { name, type: "TXT" });
  if (answer.kind === "tempfail") return "later";
  if (answer.kind !== "ok") return null;
  const leaves = answer.records.flatMap((record) => {
    const parsed = record.type === "TXT" ? parseDmarcRecord(record.text) : null;
    return parsed === null ? [] : [parsed];
  });
  if (leaves.length === 0) return null;
  // It may move the reports to another mailbox, but not to a third domain.
  const moved = leaves[0]![tag].find(({ address }) => address !== null && canonical(address.domain) === host);
  return moved ?? uri;
}
