/** The `mailto` method of notifications (RFC 5436) and its URIs (RFC 6068). */
import { lowerAscii } from "../../base/ascii.ts";
import { parseAddress } from "../../base/address.ts";

/** What a mailto URI says. */
export interface Mailto {
  readonly to: readonly string[];
  readonly cc: readonly string[];
  readonly subject: string | null;
  readonly body: string | null;
  /** Other fields that it asks for, as far as they are allowed. */
  readonly headers: readonly (readonly [name: string, value: string])[];
}

const LENGTH = 4_096;
const RECIPIENTS = 10;
const HEADERS = 20;

/** RFC 5436 section 2.7 and RFC 6068 section 4: fields that a URI must not set are passed over. */
const FORBIDDEN =
  /^(from|sender|date|message-id|received|return-path|auto-submitted|bcc|mime-version|content-.*|resent-.*|list-.*|dkim-.*|arc-.*|authentication-results|reply-to|errors-to|disposition-notification-to|precedence)$/;

/** Reads a URI; null where it is none, names nobody or too many. */
export function parseMailto(uri: string): Mailto | null {
  if (uri.length > LENGTH || lowerAscii(uri.slice(0, 7)) !== "mailto:") return null;
  const mark = uri.indexOf("?");
  const path = mark < 0 ? uri.slice(7) : uri.slice(7, mark);
  const to = addresses(path);
  if (to === null) return null;
  const out = { to, cc: [] as string[], subject: null as string | null, body: null as string | null };
  const headers: (readonly [string, string])[] = [];
  for (const field of mark < 0 ? [] : uri.slice(mark + 1).split("&")) {
    const equals = field.indexOf("=");
    const name = decode(field.slice(0, Math.max(0, equals)));
    const value = equals < 0 ? null : decode(field.slice(equals + 1));
    if (name === null || value === null || !/^[!-9;-~]{1,76}$/.test(name)) return null;
    const lower = lowerAscii(name);
    if (lower === "to" || lower === "cc") {
      const more = addresses(field.slice(equals + 1));
      if (more === null) return null;
      out[lower].push(...more);
    } else if (lower === "subject") out.subject = oneLine(value);
    else if (lower === "body") out.body = value;
    else if (!FORBIDDEN.test(lower) && headers.length < HEADERS) headers.push([name, oneLine(value)]);
  }
  const count = out.to.length + out.cc.length;
  return count === 0 || count > RECIPIENTS ? null : { ...out, headers };
}

function addresses(text: string): string[] | null {
  const out: string[] = [];
  for (const piece of text.split(",")) {
    if (piece === "") continue;
    const address = decode(piece);
    if (address === null || parseAddress(address) === null || /\p{Cc}/u.test(address)) return null;
    out.push(address);
  }
  return out;
}

function decode(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null; // a broken escape
  }
}

function oneLine(text: string): string {
  return text.replace(/\p{Cc}+/gu, " ");
}
