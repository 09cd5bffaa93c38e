/** The TXT record at `_mta-sts.<domain>` (RFC 8461 section 3.1): that there is a policy, and which one. */
import { ask, type Program } from "../../contract/mod.ts";

/** What the DNS says. `none` is also said of records that break the rules. */
export type StsRecord =
  | { readonly kind: "record"; readonly id: string }
  | { readonly kind: "none" }
  | { readonly kind: "tempfail"; readonly reason: string };

const RECORD_LIMIT = 1024;
const FIELD = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,31}[ \t]*=[ \t]*[\x21-\x3a\x3c\x3e-\x7e]+$/;

/** The id of one record, or null where it is no STSv1 record or a broken one. */
export function parseStsRecord(text: string): string | null {
  if (text.length > RECORD_LIMIT || !claimsSts(text)) return null;
  let id: string | null = null;
  const fields = text.split(";").slice(1).map((field) => field.trim());
  if (fields.at(-1) === "") fields.pop();
  for (const field of fields) {
    if (!FIELD.test(field)) return null;
    const [name, value] = [field.slice(0, field.indexOf("=")).trim(), field.slice(field.indexOf("=") + 1).trim()];
    if (name !== "id") continue;
    if (id !== null || !/^[A-Za-z0-9]{1,32}$/.test(value)) return null;
    id = value;
  }
  return id;
}

/** Section 3.1: of the records that begin with the version there must be exactly one. */
export function stsRecordOf(texts: readonly string[]): StsRecord {
  const claims = texts.filter(claimsSts);
  const id = claims.length === 1 ? parseStsRecord(claims[0]!) : null;
  return id === null ? { kind: "none" } : { kind: "record", id };
}

/** Asks for the record of a domain (A-labels). */
export function* lookupSts(domain: string): Program<StsRecord> {
  if (`_mta-sts.${domain}`.length > 253) return { kind: "none" };
  const answer = yield* ask("dns.resolve", { name: `_mta-sts.${domain}`, type: "TXT" });
  if (answer.kind === "tempfail") return answer;
  if (answer.kind !== "ok") return { kind: "none" };
  return stsRecordOf(answer.records.flatMap((record) => record.type === "TXT" ? [record.text] : []));
}

/** Where the policy is fetched: over HTTPS with a certificate of that name, and no redirect is followed (section 3.3). */
export function stsPolicyUrl(domain: string): string {
  return `https://mta-sts.${domain}/.well-known/mta-sts.txt`;
}

function claimsSts(text: string): boolean {
  return /^v[ \t]*=[ \t]*STSv1[ \t]*;/.test(text);
}
