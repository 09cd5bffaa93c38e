/** What a server showed in a TLS handshake, for callers who judge certificates by rules of their own. */
import { checkServerIdentity, type DetailedPeerCertificate, type PeerCertificate, type TLSSocket } from "node:tls";

/** The certificates of a server, after a handshake that did not judge them. */
export interface PeerCertificates {
  /** DER, the server's own first, each followed by its issuer as far as they were sent. */
  readonly chain: readonly Uint8Array[];
  /** Why the public authorities, or those of `ca`, do not vouch for it under the name that was asked for; null: they do. */
  readonly problem: "name" | "expired" | "untrusted" | null;
  /**
   * Whether the server has shown that it holds the key of its certificate. The runtime passes that over for certificates
   * that it cannot read, though others can; whatever such a one says is worth nothing.
   */
  readonly keyIsProven: boolean;
}

const CHAIN_LIMIT = 16;

/** Reads what the handshake of `socket` showed. `name` is the one that the certificate should bear. */
export function peerCertificates(socket: TLSSocket, name: string, now: number): PeerCertificates {
  const own = socket.getPeerCertificate(true) as DetailedPeerCertificate | null;
  const chain: Uint8Array[] = [];
  for (let at = own; at?.raw && chain.length < CHAIN_LIMIT; at = at.issuerCertificate) {
    const der = new Uint8Array(at.raw);
    if (chain.some((before) => sameOctets(before, der))) break; // a root is its own issuer
    chain.push(der);
  }
  // A session that is taken up again shows nothing anew. The runtime never does that across connections; if it began to:
  const fresh = !socket.isSessionReused();
  const [first] = chain;
  return {
    chain,
    problem: own === null || first === undefined ? "untrusted" : problemOf(socket, own, name, now),
    keyIsProven: fresh && first !== undefined && isReadByTls(first),
  };
}

function problemOf(socket: TLSSocket, own: PeerCertificate, name: string, now: number): PeerCertificates["problem"] {
  const [from, to] = [Date.parse(own.valid_from), Date.parse(own.valid_to)];
  if (!(from <= now && now <= to)) return "expired";
  if (checkServerIdentity(name, own) !== undefined) return "name";
  return socket.authorized && !socket.authorizationError && !socket.isSessionReused() ? null : "untrusted";
}

/**
 * The runtime's TLS does not check the signature of a handshake under a certificate of another version than 3 (RFC 5280
 * section 4.1.2.1), or whose encoding is not strictly DER. Its HTTP client reads certificates with the same code, and says.
 */
function isReadByTls(der: Uint8Array): boolean {
  if (!isVersion3(der)) return false;
  const lines = der.toBase64().replace(/.{64}(?=.)/g, "$&\n");
  try {
    Deno.createHttpClient({ caCerts: [`-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`] }).close();
    return true;
  } catch {
    return false;
  }
}

/** Certificate and TBSCertificate are SEQUENCEs; the version stands first in the latter, as `[0] INTEGER 2`. */
function isVersion3(der: Uint8Array): boolean {
  const tbs = contentOf(der, 0);
  const at = tbs === null ? null : contentOf(der, tbs);
  return at !== null && [0xa0, 0x03, 0x02, 0x01, 0x02].every((octet, i) => der[at + i] === octet);
}

/** Where the content of the SEQUENCE at `at` begins. */
function contentOf(der: Uint8Array, at: number): number | null {
  const length = der[at + 1];
  if (der[at] !== 0x30 || length === undefined) return null;
  return length < 0x80 ? at + 2 : length > 0x80 && length <= 0x83 ? at + 2 + length - 0x80 : null;
}

function sameOctets(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((octet, i) => octet === b[i]);
}
