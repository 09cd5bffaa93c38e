/** Questions and answers on the wire. The encoding is dns-packet's; what is believed of an answer is decided here. */
import { Buffer } from "node:buffer";
import packet from "dns-packet";
import { latin1String } from "../base/bytes.ts";
import type { DnsRecord, DnsType } from "../contract/mod.ts";
import { canonicalName } from "./name.ts";
import { isSane } from "./sane.ts";

/** RFC 9715: as much as comes through unfragmented. */
const UDP_PAYLOAD = 1232;
const RECURSION_DESIRED = 1 << 8;
const AUTHENTIC_DATA = 1 << 5; // in a question: RFC 6840 section 5.7, "I understand the AD bit"

export interface Question {
  readonly id: number;
  /** In mixed case. */
  readonly name: string;
  readonly type: DnsType;
  /** RFC 6891: with an OPT record; false for servers that answer FORMERR to it. */
  readonly edns: boolean;
}

/** A record of the answer section with the name it belongs to. */
export interface OwnedRecord {
  readonly owner: string;
  readonly ttl: number;
  readonly record: DnsRecord;
}

export interface Response {
  readonly rcode: "NOERROR" | "NXDOMAIN" | "other";
  /** The rcode's name, for the log. */
  readonly rcodeText: string;
  readonly formatError: boolean;
  readonly truncated: boolean;
  readonly authenticData: boolean;
  readonly records: readonly OwnedRecord[];
  /** RFC 2308 section 5: how long "there is none" holds; null where no SOA said so. */
  readonly negativeTtl: number | null;
}

/**
 * What came back: the answer; `foreign` for what is no answer to this question; `caseLost` for an answer that is right
 * but for the case of its letters (an old server, or a forger: ask again over TCP); `broken` for nonsense.
 */
export type Decoded = { readonly kind: "response"; readonly response: Response } | {
  readonly kind: "foreign" | "caseLost" | "broken";
};

export function encodeQuestion(question: Question): Uint8Array {
  const encoded = packet.encode({
    type: "query",
    id: question.id,
    flags: RECURSION_DESIRED | AUTHENTIC_DATA,
    questions: [{ type: question.type, name: question.name }],
    additionals: question.edns
      ? [{ type: "OPT", name: ".", udpPayloadSize: UDP_PAYLOAD, flags: packet.DNSSEC_OK, options: [] }]
      : [],
  });
  return new Uint8Array(encoded);
}

export function decodeResponse(bytes: Uint8Array, question: Question): Decoded {
  if (bytes.length < 12) return { kind: "broken" };
  if (((bytes[0]! << 8) | bytes[1]!) !== question.id) return { kind: "foreign" };
  if (!isSane(bytes)) return { kind: "broken" };
  let decoded: RawPacket;
  try {
    decoded = packet.decode(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)) as RawPacket;
  } catch {
    // RFC 2181 section 9: a truncated answer may end anywhere; its header still says so.
    if ((bytes[2]! & 0x82) === 0x82) return { kind: "response", response: TRUNCATED };
    return { kind: "broken" };
  }
  if (decoded.type !== "response") return { kind: "foreign" };
  const asked = decoded.questions[0];
  const empty = decoded.questions.length === 0 && decoded.rcode !== "NOERROR"; // some refuse without the question
  if (!empty) {
    if (decoded.questions.length !== 1 || asked?.type !== question.type || asked.class !== "IN") {
      return { kind: "foreign" };
    }
    if (asked.name !== question.name) {
      return { kind: canonicalName(asked.name) === canonicalName(question.name) ? "caseLost" : "foreign" };
    }
  }
  return { kind: "response", response: toResponse(decoded) };
}

interface RawRecord {
  readonly name: string;
  readonly type: string;
  readonly class?: string;
  readonly ttl?: number;
  readonly data?: unknown;
}

interface RawPacket {
  readonly type: string;
  readonly rcode: string;
  readonly flag_tc: boolean;
  readonly flag_ad: boolean;
  readonly questions: readonly { readonly name: string; readonly type: string; readonly class: string }[];
  readonly answers: readonly RawRecord[];
  readonly authorities: readonly RawRecord[];
}

const TRUNCATED: Response = {
  rcode: "other",
  rcodeText: "TRUNCATED",
  formatError: false,
  truncated: true,
  authenticData: false,
  records: [],
  negativeTtl: null,
};

function toResponse(raw: RawPacket): Response {
  const records: OwnedRecord[] = [];
  for (const answer of raw.answers) {
    const record = answer.class === "IN" ? toRecord(answer) : null;
    if (record) records.push({ owner: canonicalName(answer.name), ttl: ttlOf(answer), record });
  }
  return {
    rcode: raw.rcode === "NOERROR" || raw.rcode === "NXDOMAIN" ? raw.rcode : "other",
    rcodeText: raw.rcode,
    formatError: raw.rcode === "FORMERR" || raw.rcode === "NOTIMP",
    truncated: raw.flag_tc,
    authenticData: raw.flag_ad,
    records,
    negativeTtl: negativeTtl(raw.authorities),
  };
}

/** RFC 2181 section 8: a TTL with the highest bit is zero. */
function ttlOf(record: RawRecord): number {
  const ttl = record.ttl ?? 0;
  return ttl > 0x7fffffff ? 0 : ttl;
}

function toRecord({ type, data }: RawRecord): DnsRecord | null {
  switch (type) {
    case "A":
    case "AAAA":
      return { type, address: String(data) };
    case "PTR":
    case "CNAME":
      return { type, name: canonicalName(String(data)) };
    case "MX": {
      const { preference, exchange } = data as { preference: number; exchange: string };
      return { type, preference: preference ?? 0, exchange: canonicalName(exchange) };
    }
    case "SRV": {
      const { priority, weight, port, target } = data as Omit<Extract<DnsRecord, { type: "SRV" }>, "type">;
      return { type, priority, weight, port, target: canonicalName(target) };
    }
    case "TXT":
      // RFC 7208 section 3.3: the strings of a record are joined without spaces. One character an octet.
      return { type, text: (data as readonly Uint8Array[]).map((part) => latin1String(part)).join("") };
    case "TLSA": {
      const tlsa = data as { usage: number; selector: number; matchingType: number; certificate: Uint8Array };
      return {
        type,
        usage: tlsa.usage,
        selector: tlsa.selector,
        matching: tlsa.matchingType,
        data: new Uint8Array(tlsa.certificate),
      };
    }
    default:
      return null; // RRSIG and whatever else came along
  }
}

function negativeTtl(authorities: readonly RawRecord[]): number | null {
  for (const record of authorities) {
    if (record.type !== "SOA") continue;
    const minimum = (record.data as { minimum?: number }).minimum ?? 0;
    return Math.min(ttlOf(record), minimum);
  }
  return null;
}
