/** Block and allow lists in the DNS (RFC 5782): what is asked, what an answer means, and what several come to. */
import { ask, type DnsAnswer, type Program } from "../contract/mod.ts";
import { addressParts, clientAddress, inNetwork, type IpAddress, parseIp4 } from "../mailauth/spf/ip_address.ts";

/** Return codes `127.x.y.z` from one to another. */
export interface CodeRange {
  readonly first: number;
  readonly last: number;
}

/** One list. */
export interface DnsList {
  /** The zone: `zen.example.org`. */
  readonly name: string;
  /** Whoever is on an allow list is never refused for being on others. */
  readonly kind: "block" | "allow";
  /** Codes that count; empty: all of 127.0.0.0/8. */
  readonly codes: readonly CodeRange[];
  /** How much being on it counts. */
  readonly weight: number;
}

/** What one list says. A list that does not answer says nothing. */
export interface ListAnswer {
  readonly list: DnsList;
  readonly result: "listed" | "unlisted" | "unknown";
  /** The list's own words (TXT), printable and short; for block lists only. */
  readonly text: string | null;
}

/** What all lists together say. */
export interface ListVerdict {
  readonly verdict: "allowed" | "listed" | "clean";
  /** Sum of the weights. */
  readonly score: number;
  /** The lists it is on, the weightiest first. */
  readonly on: readonly ListAnswer[];
}

const LONGEST_TEXT = 200;
/** Lists answer here that they were asked in a wrong way (through an open resolver, too often): never a listing. */
const ERRORS = parseIp4("127.255.255.0")!;
const LISTED = parseIp4("127.0.0.0")!;

/** `127.0.0.2` or `127.0.0.2-11`; null for anything else. */
export function parseCodes(text: string): CodeRange | null {
  const dash = text.indexOf("-");
  const first = parseIp4(dash < 0 ? text : text.slice(0, dash));
  if (first === null || !inNetwork(first, LISTED, 8)) return null;
  if (dash < 0) return { first: numberOf(first), last: numberOf(first) };
  const last = parseIp4(`${text.slice(0, dash).replace(/\d+$/, "")}${text.slice(dash + 1)}`);
  return last === null || numberOf(last) < numberOf(first) ? null : { first: numberOf(first), last: numberOf(last) };
}

/** RFC 5782 sections 2.1 and 2.4: octets or nibbles backwards, then the zone. Null: no IP address. */
export function listedName(address: string, zone: string): string | null {
  const client = clientAddress(address);
  return client === null ? null : `${addressParts(client).reverse().join(".")}.${zone}`;
}

/** Asks one list: at most two questions. */
export function* askList(address: string, list: DnsList): Program<ListAnswer> {
  const name = listedName(address, list.name);
  if (name === null) return { list, result: "unlisted", text: null };
  const answer = yield* ask("dns.resolve", { name, type: "A" });
  if (answer.kind === "tempfail") return { list, result: "unknown", text: null };
  if (!isListed(answer, list.codes)) return { list, result: "unlisted", text: null };
  const text = list.kind === "block" ? textOf(yield* ask("dns.resolve", { name, type: "TXT" })) : null;
  return { list, result: "listed", text };
}

/** An allow list wins; else the weights are summed. */
export function judgeLists(answers: readonly ListAnswer[], threshold: number): ListVerdict {
  const listed = answers.filter(({ result }) => result === "listed");
  const on = listed.filter(({ list }) => list.kind === "block").sort((a, b) => b.list.weight - a.list.weight);
  const score = on.reduce((sum, { list }) => sum + list.weight, 0);
  if (listed.some(({ list }) => list.kind === "allow")) return { verdict: "allowed", score, on };
  return { verdict: on.length > 0 && score >= threshold ? "listed" : "clean", score, on };
}

function isListed(answer: DnsAnswer, codes: readonly CodeRange[]): boolean {
  if (answer.kind !== "ok") return false;
  return answer.records.some((record) => {
    const code = record.type === "A" ? parseIp4(record.address) : null;
    // A zone that was given up may answer with anything; RFC 5782 section 2.1 wants 127/8.
    if (code === null || !inNetwork(code, LISTED, 8) || inNetwork(code, ERRORS, 24)) return false;
    const value = numberOf(code);
    return codes.length === 0 || codes.some(({ first, last }) => value >= first && value <= last);
  });
}

/** What a stranger's zone says goes into our reply: one line of printable ASCII. */
function textOf(answer: DnsAnswer): string | null {
  if (answer.kind !== "ok") return null;
  const text = answer.records.map((record) => record.type === "TXT" ? record.text : "").find((one) => one !== "");
  const clean = text?.slice(0, 4 * LONGEST_TEXT).replace(/[^\x20-\x7e]+/g, " ").trim().slice(0, LONGEST_TEXT);
  return clean ? clean : null;
}

function numberOf({ words }: IpAddress): number {
  return words[0]! * 65_536 + words[1]!;
}
