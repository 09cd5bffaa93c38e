/** The lines that begin a transaction, and what the server must offer for a message to go there. */
import { type Address, domainToAscii, formatAddress, formatLocal, parseAddress } from "../../base/address.ts";
import { equalsIgnoreCase, isAscii, upperAscii } from "../../base/ascii.ts";
import type { EnvelopeRecipient, EnvelopeSender } from "../../contract/mod.ts";
import { encodeXtext, ORCPT } from "../wire/mod.ts";
import type { Extensions } from "./extensions.ts";
import { ownPermanent, type RecipientResult } from "./outcome.ts";

export interface Outgoing {
  readonly sender: EnvelopeSender;
  /** Octets of prefix and blob. */
  readonly size: number;
  /** Whether header fields hold octets above 127; where that is not known, take the sender's SMTPUTF8. */
  readonly utf8Headers: boolean;
}

/** Why this message cannot go to this server at all, or null. Known before anything of it is sent. */
export function cannotCarry(message: Outgoing, offered: Extensions): RecipientResult | null {
  const { sender, size } = message;
  if (offered.sizeLimit !== null && size > offered.sizeLimit) {
    const text = `The message has ${size} octets; the server takes ${offered.sizeLimit} at most`;
    return ownPermanent("5.3.4", text, 552);
  }
  // RFC 8689 section 4.2.1: without REQUIRETLS on the other side the message is not sent.
  if (sender.requireTls && !offered.requireTls) {
    return ownPermanent("5.7.30", "The sender requires TLS all the way, which the server does not offer", 550);
  }
  // RFC 3030 section 3, RFC 6152 section 3: convert or return. Whoever has the message may convert it and come again.
  if (sender.body === "binarymime" && !offered.binary) {
    return ownPermanent("5.6.3", "The message is binary (RFC 3030), which the server does not take");
  }
  if (sender.body === "8bitmime" && !offered.eightBitMime) {
    return ownPermanent("5.6.3", "The message has 8-bit text, which the server does not take");
  }
  if (!offered.smtputf8 && message.utf8Headers) {
    return ownPermanent("5.6.7", "The message has header fields in UTF-8, which the server does not take", 553);
  }
  if (!offered.smtputf8 && wirePath(sender.reversePath, false) === null) {
    return ownPermanent("5.6.7", "The sender's address needs UTF-8, which the server does not take", 553);
  }
  return null;
}

/** The path as it is sent, without angle brackets; null where it cannot be sent without SMTPUTF8, or at all. */
export function wirePath(path: string, smtputf8: boolean): string | null {
  if (path === "") return "";
  const address = parseAddress(path) ?? unquoted(path);
  if (address === null) return path.includes("@") || !isPlainWord(path) ? null : path; // `postmaster`
  if (smtputf8) return formatAddress(address);
  const domain = domainToAscii(address.domain);
  return domain === null || !isAscii(address.local) ? null : formatAddress({ local: address.local, domain });
}

/** `local@domain` whose local part would need quotes. */
function unquoted(path: string): Address | null {
  const at = path.lastIndexOf("@");
  return at < 1 ? null : parseAddress(`${formatLocal(path.slice(0, at))}${path.slice(at)}`);
}

function isPlainWord(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code <= 32 || code >= 127 || text[i] === "<" || text[i] === ">") return false;
  }
  return true;
}

/** `MAIL FROM:<…> …` with the parameters that the server offers. */
export function mailLine(message: Outgoing, offered: Extensions): string {
  const { sender } = message;
  const smtputf8 = offered.smtputf8 && (sender.smtputf8 || message.utf8Headers);
  let line = `MAIL FROM:<${wirePath(sender.reversePath, smtputf8) ?? ""}>`;
  if (offered.size) line += ` SIZE=${message.size}`;
  if (sender.body === "binarymime") line += " BODY=BINARYMIME";
  else if (sender.body === "8bitmime") line += " BODY=8BITMIME";
  if (smtputf8) line += " SMTPUTF8";
  if (sender.requireTls) line += " REQUIRETLS";
  if (offered.dsn && sender.ret !== null) line += ` RET=${sender.ret === "full" ? "FULL" : "HDRS"}`;
  if (offered.dsn && sender.envid !== null && isAscii(sender.envid)) line += ` ENVID=${encodeXtext(sender.envid)}`;
  return line;
}

/**
 * RFC 6533 section 3: utf-8-addr-unitext where the line may hold UTF-8, else utf-8-addr-xtext, which is all ASCII.
 * `\x{…}` stands for what may not stand for itself.
 */
function encodeUnitext(address: string, utf8: boolean): string {
  // What came as unitext is that already.
  return address.replace(/\\x\{[0-9A-F]{2,6}\}|./gsu, (text) => {
    const code = text.codePointAt(0)!;
    const plain = text.length > 2 || (code > 126 ? utf8 && code > 159 : code > 32 && !"\\+=".includes(text));
    return plain ? text : `\\x{${code.toString(16).toUpperCase().padStart(2, "0")}}`;
  });
}

/** `RCPT TO:<…> …`, or null where the address cannot be sent to this server. */
export function recipientLine(recipient: EnvelopeRecipient, message: Outgoing, offered: Extensions): string | null {
  const smtputf8 = offered.smtputf8 && (message.sender.smtputf8 || message.utf8Headers);
  const path = wirePath(recipient.forwardPath, smtputf8);
  if (path === null || path === "") return null;
  let line = `RCPT TO:<${path}>`;
  if (!offered.dsn) return line;
  if (recipient.notify !== null) {
    line += ` NOTIFY=${recipient.notify.length === 0 ? "NEVER" : upperAscii(recipient.notify.join(","))}`;
  }
  if (recipient.orcpt !== null) {
    const semicolon = recipient.orcpt.indexOf(";");
    const type = recipient.orcpt.slice(0, semicolon);
    const address = recipient.orcpt.slice(semicolon + 1);
    if (semicolon > 0 && isPlainWord(type)) {
      const utf8 = equalsIgnoreCase(type, "utf-8");
      const encoded = isAscii(address) ? encodeXtext(address) : utf8 ? encodeUnitext(address, smtputf8) : "";
      // What grew beyond the limit of section 4.2 is left out.
      if (encoded !== "" && type.length + 1 + encoded.length <= ORCPT) line += ` ORCPT=${type};${encoded}`;
    }
  }
  return line;
}
