/**
 * A browser that visits: one cookie, and forms that only our own pages can have sent.
 *
 * The cookie says nothing; what is known of it is in the store under its hash. It changes when somebody signs in or out,
 * so that nobody can know it from before (session fixation).
 */
import type { Context } from "hono";
import { randomBytes } from "node:crypto";
import { utf8Bytes } from "../../base/bytes.ts";
import { digest, equalSecretBytes, hmac } from "../../base/hash.ts";
import type { Parameters } from "../../oauth/mod.ts";
import { readForm } from "../oauth/form.ts";
import { originOf } from "../oauth/origin.ts";

/** `__Host-`: of this host alone, over TLS alone, set by nobody else (RFC 6265bis section 4.1.3.2). */
const COOKIE = "__Host-palomar";

/** Of a field: the request of a client goes along in one. */
const LONGEST = 10_000;

export interface Visitor {
  /** The cookie's value. */
  readonly id: string;
  /** It did not come with the request. */
  readonly fresh: boolean;
}

/** Who visits; somebody new gets a cookie with `setCookie`. */
export function visitorOf(c: Context): Visitor {
  const header = c.req.header("cookie") ?? "";
  const values = header.slice(0, 8192).split(";").map((pair) => pair.trim()).filter((pair) =>
    pair.startsWith(`${COOKIE}=`)
  );
  const id = values.length === 1 ? values[0]!.slice(COOKIE.length + 1) : "";
  return /^[A-Za-z0-9_-]{32}$/.test(id) ? { id, fresh: false } : newVisitor();
}

export function newVisitor(): Visitor {
  return { id: randomBytes(24).toString("base64url"), fresh: true };
}

/** The header that makes the browser keep it. `Lax`: a client's link must find whoever is signed in. */
export function setCookie({ id }: Visitor): string {
  return `${COOKIE}=${id}; Path=/; Secure; HttpOnly; SameSite=Lax`;
}

/** Under what the store knows the visitor. */
export function visitorKey({ id }: Visitor): string {
  return digest("sha256", utf8Bytes(`visitor ${id}`)).toHex();
}

/** Stands in each form of this visitor. */
export function formToken(visitor: Visitor, key: Uint8Array): string {
  return hmac("sha256", key, utf8Bytes(`form ${visitor.id}`)).toBase64({ alphabet: "base64url", omitPadding: true });
}

/** A form that one of our pages sent from this browser; null: it is somebody else's, or the page is too old. */
export async function ownForm(
  c: Context,
  visitor: Visitor,
  key: Uint8Array,
): Promise<Parameters | null> {
  const form = await readForm(c.req.raw, LONGEST);
  if (visitor.fresh || !isOurs(c) || form.problem !== null) return null;
  const shown = utf8Bytes(form.get("form") ?? "");
  return equalSecretBytes(shown, utf8Bytes(formToken(visitor, key))) ? form : null;
}

/** Browsers say where a form comes from; one that says neither is none that people use. */
function isOurs(c: Context): boolean {
  const site = c.req.header("sec-fetch-site");
  if (site !== undefined && site !== "same-origin") return false;
  const origin = c.req.header("origin");
  if (origin === undefined) return site === "same-origin";
  // In front of a proxy that ends TLS the scheme is another; the host is the same.
  return URL.canParse(origin) && new URL(origin).host === new URL(originOf(c)).host;
}
