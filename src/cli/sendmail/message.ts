/** The message of sendmail(8): as a program writes it to stdin, and as it is submitted. */
import { concatBytes, latin1Bytes, latin1String, utf8Bytes } from "../../base/bytes.ts";
import { formatAddress } from "../../base/address.ts";
import { buildField, crlfLines, fieldText, headerFields, parseAddressList } from "../../message/mod.ts";

/** The input up to a line with only a dot where that ends it, every line with CRLF. */
export function readInput(input: Uint8Array, dots: boolean): Uint8Array {
  const all = crlfLines()(input);
  const end = dots ? -1 : dotLine(all);
  const text = end < 0 ? all : all.subarray(0, end);
  const whole = text.length === 0 || text.at(-1) === 10 ? [text] : [text, latin1Bytes("\r\n")];
  return concatBytes(whole);
}

function dotLine(bytes: Uint8Array): number {
  for (let at = 0; at < bytes.length; at = bytes.indexOf(10, at) + 1) {
    if (bytes[at] === 46 && bytes[at + 1] === 13) return at;
    if (bytes[at] === 46 && at + 1 === bytes.length) return at;
    if (bytes.indexOf(10, at) < 0) return -1;
  }
  return -1;
}

const ADDRESSES = new Set(["from", "sender", "reply-to", "to", "cc", "bcc"]);

/** Bare names of people of this machine (`From: root (Cron Daemon)`) get the domain they have elsewhere. */
export function qualified(message: Uint8Array, domain: string): Uint8Array {
  const pieces: Uint8Array[] = [];
  let at = 0;
  for (const field of headerFields(message)) {
    if (!ADDRESSES.has(field.name)) continue;
    const list = parseAddressList(fieldText(field));
    // Groups are left as they are: who writes them knows domains.
    if (!list.some(({ host }) => host === "") || list.some(({ host }) => host === null)) continue;
    const words = list.map(({ name, mailbox, host }) => {
      const path = formatAddress({ local: mailbox ?? "", domain: host === "" || host === null ? domain : host });
      return name === null ? path : `${name.startsWith("=?") ? name : quoted(name)} <${path}>`;
    });
    const name = latin1String(message.subarray(field.start, message.indexOf(58, field.start))).trim();
    pieces.push(message.subarray(at, field.start), buildField(name, words.join(", ")));
    at = field.end;
  }
  return concatBytes([...pieces, message.subarray(at)]);
}

/**
 * A header it must have: text that begins with none is all body. A `From ` line of a mailbox file is left out; From is
 * added with the caller's name where it is missing. The server adds the rest, and takes Bcc out.
 */
export function completed(message: Uint8Array, sender: string, name: string | null): Uint8Array {
  const fields = headerFields(message);
  const first = fields[0];
  const body = first === undefined ? message : message.subarray(first.start);
  const blank = first === undefined && !(message[0] === 13 && message[1] === 10) ? "\r\n" : "";
  const from = fields.some((field) => field.name === "from") || sender === ""
    ? new Uint8Array(0)
    : buildField("From", name === null || name === "" ? sender : `${quoted(name)} <${sender}>`);
  return concatBytes([from, utf8Bytes(blank), body]);
}

function quoted(name: string): string {
  // deno-lint-ignore no-control-regex
  const clean = name.replace(/[\x00-\x1f\x7f]/g, " ").slice(0, 200);
  return `"${clean.replace(/["\\]/g, "\\$&")}"`;
}

/** Addresses of To, Cc and Bcc, or of their Resent- fields where there are any; a bare name is one without a domain. */
export function recipientsOf(message: Uint8Array): string[] {
  const fields = headerFields(message);
  const resent = fields.filter(({ name }) => ["resent-to", "resent-cc", "resent-bcc"].includes(name));
  const used = resent.length > 0 ? resent : fields.filter(({ name }) => ["to", "cc", "bcc"].includes(name));
  const found = new Set<string>();
  for (const field of used) {
    for (const { mailbox, host } of parseAddressList(fieldText(field))) {
      if (!mailbox || host === null) continue;
      found.add(host === "" ? mailbox : formatAddress({ local: mailbox, domain: host }));
    }
  }
  return [...found];
}
