/** Where answers may go: redirect URIs, compared to the letter (RFC 9700 section 2.1) but for the port of a loopback. */

const LONGEST = 1000;
/** RFC 8252 section 7.3: an application on the same machine listens at a port that it gets when it starts. */
const LOOPBACK = /^(http:\/\/(?:127\.0\.0\.1|\[::1\]|localhost))(?::(\d{1,5}))?(\/[^\s]*)?$/;
/** RFC 8252 section 7.1: a scheme of one's own is a domain name backwards, so it has a dot. */
const PRIVATE_USE = /^[a-z][a-z0-9+-]*(\.[a-z0-9+-]+)+:(\/[^\s]*|[A-Za-z0-9._~!$&'()*+,;=:@%?/-]*)$/;
const HTTPS = /^https:\/\/([A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(:\d{1,5})?(\/[^\s]*|\?[^\s]*)?$/;

/** Whether a client may register it: no fragment, no user, nothing that browsers read otherwise than we do. */
export function isRedirectUri(text: string): boolean {
  // Backslashes, controls and what lies beyond ASCII are what parsers disagree about.
  if (text.length > LONGEST || !/^[\x21-\x7e]+$/.test(text) || /[#\\<>"`{}|^]/.test(text)) return false;
  const url = URL.parse(text);
  if (url === null || url.username !== "" || url.password !== "") return false;
  return isHttps(text) || isLoopback(text) || PRIVATE_USE.test(text);
}

/** Browsers read its host as it stands there: no number that is an address in disguise. */
function isHttps(text: string): boolean {
  const [, host = "", port = ""] = HTTPS.exec(text) ?? [];
  return host !== "" && new URL(text).host === `${host}${port === ":443" ? "" : port}`.toLowerCase();
}

/** Whether `asked` is one of `registered`. */
export function isRegistered(asked: string, registered: readonly string[]): boolean {
  if (!isRedirectUri(asked)) return false;
  return registered.some((one) => one === asked || sameLoopback(one, asked));
}

/** Whether it leads to a place that no other program can take: then a consent may be remembered (RFC 8252 section 8.6). */
export function isExclusive(uri: string): boolean {
  return HTTPS.test(uri);
}

/** The URI with more parameters (RFC 6749 section 4.1.2). */
export function withParameters(uri: string, parameters: Readonly<Record<string, string>>): string {
  return `${uri}${uri.includes("?") ? "&" : "?"}${new URLSearchParams(parameters)}`;
}

/** Where it leads, for a person: the host, or the scheme of a program. */
export function placeOf(uri: string): string {
  const https = HTTPS.exec(uri);
  if (https) return `${https[1]}${https[2] ?? ""}`.toLowerCase();
  return LOOPBACK.test(uri) ? "a program on your computer" : `the app “${uri.slice(0, uri.indexOf(":"))}”`;
}

/** What a Content-Security-Policy must allow forms to lead to for it. */
export function formTarget(uri: string): string {
  const https = HTTPS.exec(uri);
  if (https) return `https://${https[1]}${https[2] ?? ""}`;
  const loopback = LOOPBACK.exec(uri);
  return loopback ? `${loopback[1]}${loopback[2] ? `:${loopback[2]}` : ""}` : uri.slice(0, uri.indexOf(":") + 1);
}

function isLoopback(text: string): boolean {
  const port = LOOPBACK.exec(text);
  return port !== null && Number(port[2] ?? 1) <= 65_535;
}

function sameLoopback(registered: string, asked: string): boolean {
  const [one, other] = [LOOPBACK.exec(registered), LOOPBACK.exec(asked)];
  return one !== null && other !== null && one[1] === other[1] && (one[3] ?? "") === (other[3] ?? "");
}
