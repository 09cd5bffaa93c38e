/** What an HTTP answer says of a message. Temporary unless proven permanent, and what is our own fault is never permanent. */
import { parseDigits } from "../../../base/ascii.ts";
import { printable } from "./printable.ts";
import type { TransportAnswer, TransportResult } from "./transport.ts";

/** As far as it was read. */
export interface HttpAnswer {
  readonly status: number;
  readonly retryAfter: string | null;
  /** At most `BODY_LIMIT` octets, as text. */
  readonly body: string;
}

/** Octets of an answer that are read. */
export const BODY_LIMIT = 64 * 1024;
/** 4xx that say: later (RFC 9110 section 15.5.9, RFC 8470, RFC 6585). */
const LATER: ReadonlySet<number> = new Set([408, 425, 429]);
/** 4xx that are about us: the key, the account, the URL, the form. An operator mends that, and no mail goes back for it. */
const OURS: ReadonlySet<number> = new Set([401, 402, 403, 404, 405, 406, 407, 411, 415, 426, 431]);
const LONGEST_RETRY_MS = 24 * 3600_000;

/** `addresses` are the recipients', in their order; `now` by the wall clock. */
export function readHttpAnswer(answer: HttpAnswer, addresses: readonly string[], now: number): TransportAnswer {
  const { status } = answer;
  const said = fieldsOf(answer.body);
  const all = resultOf(status, said);
  const each = all.kind === "delivered" ? perRecipient(said, addresses, all) : null;
  const retryAfterMs = all.kind === "temporary" ? retryAfter(answer.retryAfter, now) : null;
  return {
    results: each ?? [all],
    ...(retryAfterMs === null ? {} : { retryAfterMs }),
    busy: status >= 500 || LATER.has(status),
  };
}

function resultOf(status: number, said: Said): TransportResult {
  const words = said.text === "" ? "" : `: ${said.text}`;
  if (status >= 200 && status < 300) {
    return {
      kind: "delivered",
      code: 250,
      enhanced: "2.0.0",
      text: said.id === null ? `HTTP ${status}${words}` : `Accepted as ${said.id}`,
    };
  }
  const permanent = status >= 400 && status < 500 && !LATER.has(status) && !OURS.has(status);
  const what = status >= 300 && status < 400
    ? `HTTP ${status}, and redirects are not followed`
    : `HTTP ${status}${words}`;
  return permanent
    ? { kind: "permanent", code: 554, enhanced: status === 413 ? "5.3.4" : "5.0.0", text: what }
    : { kind: "temporary", code: 451, enhanced: OURS.has(status) ? "4.3.5" : "4.0.0", text: what };
}

interface Said {
  readonly id: string | null;
  readonly text: string;
  readonly recipients: readonly unknown[];
}

/** Names under which services give a message's id, and their words, in the order of trust. */
const IDS = ["id", "messageId", "message_id", "MessageID", "Message-ID"];
const TEXTS = ["message", "error", "detail", "Message", "description", "title"];
const MOST = 200;

function fieldsOf(body: string): Said {
  const value = jsonOf(body);
  if (value === null) return { id: null, text: short(body), recipients: [] };
  const recipients = value["recipients"];
  return {
    id: first(value, IDS),
    text: first(value, TEXTS) ?? "",
    recipients: Array.isArray(recipients) ? recipients : [],
  };
}

function jsonOf(body: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(body);
    return isRecord(value) ? value : null;
  } catch {
    return null;
  }
}

function first(value: Record<string, unknown>, names: readonly string[]): string | null {
  for (const name of names) {
    const found = Object.hasOwn(value, name) ? value[name] : undefined;
    if (typeof found === "number") return String(found);
    if (isRecord(found)) return first(found, names);
    if (typeof found === "string" && found !== "") return short(found);
  }
  return null;
}

/** `recipients: [{ address, code, enhanced, message, id }]`, `code` as in SMTP. Who is not named has the answer for all. */
function perRecipient(said: Said, addresses: readonly string[], all: TransportResult): TransportResult[] | null {
  const byAddress = new Map<string, TransportResult>();
  for (const one of said.recipients.slice(0, 10 * addresses.length)) {
    if (!isRecord(one) || typeof one["address"] !== "string" || typeof one["code"] !== "number") continue;
    const { address, code, enhanced } = one;
    if (code < 200 || code > 599 || (code >= 300 && code < 400)) continue;
    const kind = code < 300 ? "delivered" : code < 500 ? "temporary" : "permanent";
    const id = first(one, IDS);
    const text = kind === "delivered" && id !== null ? `Accepted as ${id}` : first(one, TEXTS) ?? `Code ${code}`;
    const status = typeof enhanced === "string" && /^[245]\.\d{1,3}\.\d{1,3}$/.test(enhanced) ? { enhanced } : {};
    byAddress.set(address, { kind, code: Math.trunc(code), ...status, text });
  }
  return byAddress.size === 0 ? null : addresses.map((address) => byAddress.get(address) ?? all);
}

/** RFC 9110 section 10.2.3: seconds, or a date. */
function retryAfter(text: string | null, now: number): number | null {
  if (text === null || text.length > 100) return null;
  const seconds = parseDigits(text.trim());
  const ms = seconds !== null ? seconds * 1000 : Date.parse(text) - now;
  return Number.isFinite(ms) && ms > 0 ? Math.min(ms, LONGEST_RETRY_MS) : null;
}

function short(text: string): string {
  return printable(text, MOST);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
