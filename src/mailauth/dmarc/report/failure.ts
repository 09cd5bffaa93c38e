/**
 * Reports on single messages that failed (RFC 9991, before it RFC 7489 section 7.3; the format of RFC 6591). What leaves
 * here tells the domain's owner how mail in its name fails, and as little as can be of who wrote to whom: a few fields,
 * without names, local parts as tokens that only tell equal ones apart (RFC 6590).
 */
import { utf8Bytes } from "../../../base/bytes.ts";
import { encodeBase64 } from "../../../base/base64.ts";
import { hmac } from "../../../base/hash.ts";
import { parseAddressList } from "../../../message/address.ts";
import { fieldText, type HeaderField, unfold } from "../../../message/header.ts";
import { canonical } from "../author.ts";
import type { DkimFact, DmarcResult, SpfFact } from "../model.ts";
import { headerSafe } from "./plain_text.ts";

/** A message of which a domain may want to hear. */
export interface FailedMessage {
  readonly result: DmarcResult;
  readonly spf: SpfFact | null;
  readonly dkim: readonly DkimFact[];
  readonly fields: readonly HeaderField[];
  readonly sourceIp: string;
  readonly reversePath: string;
  /** What was done with it. */
  readonly done: "none" | "quarantine" | "reject";
  /** What was found, as an Authentication-Results field has it behind its colon. */
  readonly authenticationResults: string;
  /** The date as a message has it. */
  readonly arrivedAt: string;
}

/** What to tell, without what is counted or sent. Lines end with CRLF. */
export interface FailureTexts {
  /** For `message/feedback-report`. */
  readonly feedback: string;
  /** For `text/rfc822-headers`. */
  readonly header: string;
}

/**
 * What failed of what the domain asks about in `fo` (RFC 9989 section 4.7), or null: then nobody wants to hear of it. A
 * failure of the DNS is none of the message.
 */
export function failureWanted(
  { result, spf, dkim }: Pick<FailedMessage, "result" | "spf" | "dkim">,
): "dmarc" | "dkim" | "spf" | null {
  const { record } = result;
  if (record === null || record.ruf.length === 0 || result.result === "temperror") return null;
  const wants = (option: string) => record.fo.includes(option);
  const broken = dkim.some((fact) => fact.result === "fail" || fact.result === "permerror");
  const refused = spf !== null && ["fail", "softfail", "permerror"].includes(spf.result);
  if (result.result === "fail" && (wants("0") || wants("1"))) return "dmarc";
  // `1`: something else than an aligned pass, though the other one was that.
  if (wants("1") && result.result === "pass" && !(result.spfAligned && result.dkimAligned)) {
    return result.dkimAligned ? "spf" : "dkim";
  }
  if (wants("d") && broken) return "dkim";
  return wants("s") && refused ? "spf" : null;
}

/** The texts of a report. `key` makes the tokens: a secret, so that nobody can try names. */
export function failureTexts(message: FailedMessage, failure: "dmarc" | "dkim" | "spf", key: Uint8Array): FailureTexts {
  const { result, dkim } = message;
  const hidden = (text: string) => withoutLocals(headerSafe(text), key);
  const aligned = [...(result.dkimAligned ? ["dkim"] : []), ...(result.spfAligned ? ["spf"] : [])];
  const delivery = { none: "delivered", quarantine: "spam", reject: "reject" }[message.done];
  const lines: [string, string][] = [
    ["Feedback-Type", "auth-failure"],
    ["Version", "1"],
    ["User-Agent", "Palomar"],
    ["Auth-Failure", failure],
    ["Identity-Alignment", aligned.length === 0 ? "none" : aligned.join(", ")],
    ["Authentication-Results", hidden(unfold(message.authenticationResults))],
    ["Original-Mail-From", `<${hiddenAddress(message.reversePath, key)}>`],
    ["Source-IP", message.sourceIp],
    ["Reported-Domain", result.domain ?? result.policyDomain ?? ""],
    ["Arrival-Date", message.arrivedAt],
    ["Delivery-Result", delivery],
  ];
  const told = dkim.find((fact) => fact.result !== "pass") ?? dkim[0];
  if (told !== undefined && failure !== "spf") {
    lines.push(["DKIM-Domain", hidden(told.domain)]);
    if (told.selector !== null) lines.push(["DKIM-Selector", hidden(told.selector)]);
  }
  return { feedback: lines.map(([name, value]) => `${name}: ${value}\r\n`).join(""), header: headerOf(message, key) };
}

/** Fields that are told of, in order; those with people in them are written anew. */
const PEOPLE: ReadonlySet<string> = new Set(["from", "sender"]);
const PLAIN: ReadonlyMap<string, string> = new Map([
  ["date", "Date"],
  ["message-id", "Message-ID"],
  ["mime-version", "MIME-Version"],
  ["list-id", "List-Id"],
  ["dkim-signature", "DKIM-Signature"],
]);
const FIELDS_LIMIT = 20;
const VALUE_LIMIT = 900; // characters; RFC 5322 section 2.1.1 has lines of 998
const PEOPLE_LIMIT = 5;

function headerOf({ fields }: FailedMessage, key: Uint8Array): string {
  const lines: string[] = [];
  for (const field of fields) {
    if (lines.length >= FIELDS_LIMIT) break;
    const plain = PLAIN.get(field.name);
    if (PEOPLE.has(field.name)) {
      lines.push(`${field.name === "from" ? "From" : "Sender"}: ${peopleOf(field, key)}\r\n`);
    } else if (plain !== undefined) {
      const value = ascii(withoutLocals(headerSafe(unfold(field.raw).trim().slice(0, VALUE_LIMIT)), key, field.name));
      lines.push(`${plain}: ${value.replace(/[ \t]+/g, "\r\n ")}\r\n`);
    }
  }
  return lines.join("");
}

/** No names, and tokens in place of local parts. */
function peopleOf(field: HeaderField, key: Uint8Array): string {
  const people: string[] = [];
  for (const { mailbox, host } of parseAddressList(fieldText(field))) {
    const domain = host === null ? null : canonical(host);
    if (mailbox !== null && domain !== null) people.push(`<${tokenOf(mailbox, key)}@${domain}>`);
  }
  return people.slice(0, PEOPLE_LIMIT).join(", ") || "<>";
}

const LOCAL = /(?:"(?:[^"\\]|\\.){0,256}"|[^\s<>,;:="()@]{1,256})@(?=[A-Za-z0-9[])/g;

/** Whatever looks like an address has its local part hidden; a Message-ID is no address. */
function withoutLocals(text: string, key: Uint8Array, name = ""): string {
  if (name === "message-id") return text;
  return text.replace(LOCAL, (local) => `${tokenOf(local.slice(0, -1), key)}@`);
}

function hiddenAddress(address: string, key: Uint8Array): string {
  const at = address.lastIndexOf("@");
  return at < 0 ? "" : `${tokenOf(address.slice(0, at), key)}@${ascii(headerSafe(address.slice(at + 1)))}`;
}

/** RFC 6590 section 3: the same for the same text, and nothing else can be learned from it. */
function tokenOf(local: string, key: Uint8Array): string {
  return `redacted-${encodeBase64(hmac("sha256", key, utf8Bytes(local)).subarray(0, 9)).replace(/[+/=]/g, "x")}`;
}

function ascii(text: string): string {
  return text.replace(/[^\t\x20-\x7e]/g, "?");
}
