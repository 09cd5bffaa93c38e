/** The client's two messages of SCRAM by the grammar of RFC 5802 section 7, and nothing beside it. */
import { decodeBase64 } from "../base/base64.ts";
import { utf8Bytes, utf8Strict } from "../base/bytes.ts";
import { parseLogin } from "./credentials.ts";

/** Octets of a message; a nonce and a name need a few hundred. */
const MESSAGE_LIMIT = 4096;

/** client-first-message. */
export interface ClientFirst {
  /** With its last comma: what `c=` of the last message must repeat. */
  readonly gs2Header: string;
  readonly authzid: string | null;
  readonly login: string;
  readonly nonce: string;
  /** client-first-message-bare, the first part of AuthMessage. */
  readonly bare: string;
}

/** client-final-message. */
export interface ClientFinal {
  /** The decoded GS2 header. */
  readonly channelBinding: string;
  readonly nonce: string;
  readonly proof: Uint8Array;
  /** client-final-message-without-proof, the last part of AuthMessage. */
  readonly withoutProof: string;
}

/** `gs2-cbind-flag "," [ authzid ] "," username "," nonce ["," extensions]`; null where it is not that. */
export function parseClientFirst(bytes: Uint8Array): ClientFirst | null {
  const fields = split(bytes);
  if (fields === null) return null;
  const [flag, authz, name, nonce, ...extensions] = fields;
  if (flag === undefined || authz === undefined || name === undefined || nonce === undefined) return null;
  // `y`: the client could bind, but saw no -PLUS mechanism. `p=`: it wants to bind, and we have nothing to bind to.
  if (flag !== "n" && flag !== "y") return null;
  const authzid = authz === "" ? null : saslName(value("a", authz));
  if (authz !== "" && authzid === null) return null;
  // A reserved-mext `m=` stands where `n=` is expected and is refused here (section 5.1).
  const login = saslName(value("n", name));
  const clientNonce = value("r", nonce);
  if (login === null || clientNonce === null || !isPrintable(clientNonce) || !areExtensions(extensions)) return null;
  const gs2Header = `${flag},${authz},`;
  return { gs2Header, authzid, login, nonce: clientNonce, bare: fields.slice(2).join(",") };
}

/** `channel-binding "," nonce ["," extensions] "," proof`; null where it is not that. */
export function parseClientFinal(bytes: Uint8Array): ClientFinal | null {
  const fields = split(bytes);
  if (fields === null || fields.length < 3) return null;
  const [binding, nonceField] = fields;
  const bound = decodeBase64(value("c", binding) ?? "!");
  const channelBinding = bound === null ? null : utf8Strict(bound);
  const nonce = value("r", nonceField);
  const proof = decodeBase64(value("p", fields.at(-1)) ?? "!");
  if (channelBinding === null || nonce === null || proof === null || !isPrintable(nonce)) return null;
  if (!areExtensions(fields.slice(2, -1))) return null;
  return { channelBinding, nonce, proof, withoutProof: fields.slice(0, -1).join(",") };
}

function split(bytes: Uint8Array): string[] | null {
  if (bytes.length > MESSAGE_LIMIT || bytes.includes(0)) return null;
  return utf8Strict(bytes)?.split(",") ?? null;
}

/** The value of `name=value`, or null where the attribute is another one or has no value. */
function value(name: string, field: string | undefined): string | null {
  return field !== undefined && field.startsWith(name + "=") && field.length > 2 ? field.slice(2) : null;
}

/** saslname: `=2C` is a comma, `=3D` an equals sign, and no other `=` may stand in it. Prepared as every login. */
function saslName(text: string | null): string | null {
  if (text === null) return null;
  const pieces = text.split("=");
  let name = pieces[0]!;
  for (const piece of pieces.slice(1)) {
    const code = piece.slice(0, 2);
    if (code !== "2C" && code !== "3D") return null;
    name += (code === "2C" ? "," : "=") + piece.slice(2);
  }
  return parseLogin(utf8Bytes(name));
}

/** Section 7 `printable`: visible ASCII without the comma. */
function isPrintable(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code < 0x21 || code > 0x7e || code === 0x2c) return false;
  }
  return true;
}

/** Section 7 `attr-val`: optional extensions are ignored, but they must be extensions, and not `m=`. */
function areExtensions(fields: readonly string[]): boolean {
  return fields.every((field) => {
    const code = field.charCodeAt(0);
    const letter = (code >= 65 && code <= 90) || (code >= 97 && code <= 122);
    return letter && field[1] === "=" && field.length > 2 && field[0] !== "m" && field[0] !== "p";
  });
}
