/**
 * IMAP URLs of messages and parts of messages (RFC 5092), with or without an authorization (RFC 4467), as CATENATE,
 * GENURLAUTH and URLFETCH take them. Strings are latin1, one character an octet.
 */
import { latin1Bytes, utf8Strict } from "../../base/bytes.ts";
import { fetchItems, type Section } from "./fetch_items.ts";
import { Lexer, Malformed } from "./lexer.ts";
import { canonicalPath } from "./mailbox_name.ts";

export interface ImapUrl {
  /** `user` and `host` of an absolute URL; null in a relative one. */
  readonly user: string | null;
  readonly host: string | null;
  /** Path of the mailbox; empty in a URL that is relative to the selected one. */
  readonly path: string;
  readonly uidValidity: number | null;
  readonly uid: number;
  /** What of the message; without a section the whole. */
  readonly section: Section;
  /** Milliseconds since 1970, or null: for ever. */
  readonly expires: number | null;
  readonly authorization: UrlAuthorization | null;
}

/** `;URLAUTH=` with what stands behind it. */
export interface UrlAuthorization {
  readonly access: "user+" | "submit+" | "authuser" | "anonymous";
  /** Behind `user+` and `submit+`. */
  readonly user: string | null;
  /** The URL up to here: what a token vouches for. */
  readonly rump: string;
  /** In upper case; null as long as the URL is a rump. */
  readonly mechanism: string | null;
  readonly token: string | null;
}

const LONGEST = 4096;
const SERVER = /^imap:\/\/(?:([^@/;]*)(?:;AUTH=[^@/;]+)?@)?([^@/;:]+)(?::[0-9]{1,5})?(?=\/)/i;
const MESSAGE =
  /^;UID=([1-9][0-9]{0,9})(?:\/;SECTION=([^/;]+))?(?:\/;PARTIAL=([0-9]{1,15})(?:\.([0-9]{1,15}))?)?(?:;EXPIRE=([^;]+))?(?:;URLAUTH=(.+))?$/i;

/** Null: no URL of a message. */
export function parseImapUrl(url: string): ImapUrl | null {
  if (url.length > LONGEST) return null;
  const server = SERVER.exec(url);
  const rest = url.slice(server?.[0].length ?? 0);
  if (server === null && /^[a-z][a-z0-9+.-]*:/i.test(rest)) return null; // another scheme
  const at = rest.search(/;UID=/i);
  if (at < 0) return null;
  const message = MESSAGE.exec(rest.slice(at));
  const mailbox = mailboxOf(rest.slice(0, at));
  if (message === null || mailbox === null) return null;
  const [, uid, sectionText, offset, count, expire, authText] = message;
  const section = sectionOf(sectionText, offset, count);
  const expires = expire === undefined ? null : timeOf(expire);
  const authorization = authText === undefined ? null : authorizationOf(url, authText);
  if (section === null || expires === undefined || authorization === undefined) return null;
  const user = server?.[1] === undefined ? null : decoded(server[1]);
  return { user, host: server?.[2] ?? null, ...mailbox, uid: Number(uid), section, expires, authorization };
}

/** `/enc-mailbox[;UIDVALIDITY=n]/`, or nothing. */
function mailboxOf(text: string): { path: string; uidValidity: number | null } | null {
  const [, name, validity] = /^\/?(.*?)(?:;UIDVALIDITY=([1-9][0-9]{0,9}))?\/?$/i.exec(text)!;
  const path = decoded(name!);
  if (path === null || path.includes(";")) return null;
  return { path: canonicalPath(path.normalize("NFC")), uidValidity: validity === undefined ? null : Number(validity) };
}

/** The section as FETCH would take it, so that both mean the same. */
function sectionOf(text: string | undefined, offset: string | undefined, count: string | undefined): Section | null {
  const spec = text === undefined ? "" : decoded(text);
  if (spec === null || /[\r\n\0{]/.test(spec)) return null;
  const partial = offset === undefined ? "" : `<${offset}.${count ?? Number.MAX_SAFE_INTEGER}>`;
  try {
    const lexer = new Lexer([`BODY.PEEK[${spec}]${partial}`]);
    const [item] = fetchItems(lexer);
    lexer.end();
    return item?.item === "section" ? item.section : null;
  } catch (error) {
    if (error instanceof Malformed) return null;
    throw error;
  }
}

/** RFC 3339 date-time; undefined: it is none. */
function timeOf(text: string): number | undefined {
  const time = decoded(text);
  if (time === null || !/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$/i.test(time)) return undefined;
  const ms = Date.parse(time.toUpperCase());
  return Number.isNaN(ms) ? undefined : ms;
}

/** `access [":" mechanism ":" token]`; undefined: malformed. */
function authorizationOf(url: string, text: string): UrlAuthorization | undefined {
  const [, access, user, mechanism, token] =
    /^(user\+|submit\+|authuser|anonymous)([^:;]*)(?::([a-z0-9.-]+):([0-9a-f]{32,128}))?$/i.exec(text) ?? [];
  if (access === undefined) return undefined;
  const name = user === "" ? null : decoded(user!);
  if (access.endsWith("+") !== (name !== null)) return undefined;
  const behind = mechanism === undefined ? 0 : mechanism.length + token!.length + 2;
  return {
    access: access.toLowerCase() as UrlAuthorization["access"],
    user: name,
    rump: url.slice(0, url.length - behind),
    mechanism: mechanism?.toUpperCase() ?? null,
    token: token?.toLowerCase() ?? null,
  };
}

/** Percent-decoded UTF-8, or null. */
function decoded(text: string): string | null {
  if (/%(?![0-9a-fA-F]{2})/.test(text)) return null;
  const octets = text.replace(/%([0-9a-fA-F]{2})/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));
  return octets.includes("\0") ? null : utf8Strict(latin1Bytes(octets));
}
