/** Names that SPF asks for (RFC 7208 sections 4.3, 4.8 and 7.3). */
import { domainToAscii, parseDomain } from "../../base/address.ts";
import { isAscii, lowerAscii } from "../../base/ascii.ts";
import { isTopLabel } from "./macro_syntax.ts";

const NAME_LIMIT = 253;
const LABEL_LIMIT = 63;

/**
 * A name that can be asked for, in A-labels and lower case without the trailing dot; null where it is malformed: an
 * empty or too long label, a single label, an address instead of a name.
 */
export function spfName(text: string): string | null {
  const ascii = isAscii(text) ? lowerAscii(text) : parseDomain(text) === null ? null : domainToAscii(text);
  if (ascii === null) return null;
  const name = ascii.endsWith(".") ? ascii.slice(0, -1) : ascii;
  const labels = name.split(".");
  if (name.length > NAME_LIMIT || labels.length < 2 || !isTopLabel(labels.at(-1)!)) return null;
  return labels.every(isLabel) ? name : null;
}

/** Whether `name` is `domain` or below it. Both in lower case. */
export function isWithinDomain(name: string, domain: string): boolean {
  return name === domain || name.endsWith("." + domain);
}

/** RFC 7208 section 7.3: labels are taken from the left until the name fits. */
export function truncatedName(text: string): string {
  const name = text.endsWith(".") ? text.slice(0, -1) : text;
  if (name.length <= NAME_LIMIT) return name;
  const dot = name.indexOf(".", name.length - NAME_LIMIT - 1);
  return dot < 0 ? name : name.slice(dot + 1);
}

function isLabel(label: string): boolean {
  if (label.length === 0 || label.length > LABEL_LIMIT) return false;
  for (let i = 0; i < label.length; i++) {
    const code = label.charCodeAt(i);
    if (code < 32 || code >= 127) return false; // "%_" puts a space into a name (RFC 7208 section 7.1)
  }
  return true;
}
