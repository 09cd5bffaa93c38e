/** Whether the DNS has the record of a key, as verifiers will read it. */
import type { DnsAnswer, DnsType } from "../../contract/mod.ts";
import { keyRecord } from "../../mailauth/dkim/key_record.ts";
import { parseTagList } from "../../mailauth/dkim/tag_list.ts";
import { recordName, type StoredDkimKey } from "./stored_keys.ts";

/** What was found of a key. `unknown`: the DNS did not answer. */
export interface DkimLookup {
  readonly selector: string;
  readonly status: "ok" | "missing" | "different" | "unknown";
  /** What is wrong and what to do, or that all is well. */
  readonly detail: string;
}

/** Asks for the record of a key and compares it. */
export async function lookUpKey(
  domain: string,
  key: Pick<StoredDkimKey, "selector" | "algorithm" | "record">,
  resolve: (name: string, type: DnsType) => Promise<DnsAnswer>,
): Promise<DkimLookup> {
  const { selector } = key;
  const name = recordName(selector, domain);
  const answer = await resolve(name, "TXT");
  const told = (status: DkimLookup["status"], detail: string): DkimLookup => ({ selector, status, detail });
  if (answer.kind === "tempfail") return told("unknown", `${name} cannot be looked up now: ${answer.reason}`);
  if (answer.kind !== "ok") {
    const what = answer.kind === "nxdomain" ? "does not exist" : "has no TXT record";
    return told("missing", `${name} ${what}; publish it with: ${key.record}`);
  }
  const texts = answer.records.flatMap((record) => record.type === "TXT" ? [record.text] : []);
  const wrong = texts.map((text) => difference(text, key));
  if (!wrong.includes(null)) return told("different", `${name} ${wrong[0]}; it should be: ${key.record}`);
  // RFC 6376 section 3.6.2.2: what verifiers do with several is undefined.
  if (texts.length > 1) return told("different", `${name} has ${texts.length} TXT records; leave only: ${key.record}`);
  return told("ok", `${name} is published`);
}

/** What is wrong with a record for verifiers, or null. */
function difference(text: string, key: Pick<StoredDkimKey, "algorithm" | "record">): string | null {
  const read = keyRecord(text, key.algorithm);
  if (read === "foreign") return "holds something that is no DKIM key";
  if ("result" in read) return `cannot be used, because ${read.reason}`;
  return publicKeyOf(text) === publicKeyOf(key.record) ? null : "holds another key";
}

function publicKeyOf(record: string): string | undefined {
  const tags = parseTagList(record);
  return "malformed" in tags ? undefined : tags.get("p")?.value.replace(/\s/g, "");
}
