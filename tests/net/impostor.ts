/**
 * A server that shows a certificate and signs the handshake with whatever key it has: as much of TLS 1.3 (RFC 8446) as
 * that takes. Real servers refuse to run with a key that is not the certificate's.
 */
import {
  createCipheriv,
  createHash,
  createHmac,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  type KeyObject,
  sign,
} from "node:crypto";
import { createServer, type Socket } from "node:net";
import { concatBytes, utf8Bytes } from "../../src/base/bytes.ts";

const EMPTY: Uint8Array = new Uint8Array();
const ZEROS = new Uint8Array(32);

const u16 = (value: number): Uint8Array => Uint8Array.of(value >> 8, value & 255);
const u24 = (value: number): Uint8Array => Uint8Array.of(value >> 16, (value >> 8) & 255, value & 255);
const hash = (bytes: Uint8Array): Uint8Array => new Uint8Array(createHash("sha256").update(bytes).digest());
const hmac = (key: Uint8Array, bytes: Uint8Array): Uint8Array =>
  new Uint8Array(createHmac("sha256", key).update(bytes).digest());
const message = (type: number, body: Uint8Array): Uint8Array =>
  concatBytes([Uint8Array.of(type), u24(body.length), body]);
const extension = (type: number, body: Uint8Array): Uint8Array => concatBytes([u16(type), u16(body.length), body]);

/** Section 7.1, for lengths of one hash or less. */
function expand(secret: Uint8Array, label: string, context: Uint8Array, length: number): Uint8Array {
  const name = utf8Bytes(`tls13 ${label}`);
  const info = concatBytes([u16(length), Uint8Array.of(name.length), name, Uint8Array.of(context.length), context]);
  return hmac(secret, concatBytes([info, Uint8Array.of(1)])).slice(0, length);
}

/** Listens; `der` is shown, `key` (P-256) signs. */
export async function impostor(
  der: Uint8Array,
  key: KeyObject,
): Promise<{ readonly port: number; close(): Promise<void> }> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    let heard: Uint8Array = EMPTY;
    let answered = false;
    socket.on("error", () => {}).on("close", () => sockets.delete(socket)).on("data", (chunk) => {
      if (answered) return;
      heard = concatBytes([heard, new Uint8Array(chunk)]);
      if (heard.length < 5 || heard.length < 5 + heard[3]! * 256 + heard[4]!) return;
      answered = true;
      socket.write(flight(heard.slice(5, 5 + heard[3]! * 256 + heard[4]!), der, key));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as { port: number }).port,
    close: () => {
      for (const socket of sockets) socket.destroy();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

/** All that the server says, in answer to a ClientHello. */
function flight(clientHello: Uint8Array, der: Uint8Array, key: KeyObject): Uint8Array {
  const { sessionId, share } = readHello(clientHello);
  const own = generateKeyPairSync("x25519");
  const peer = createPublicKey({
    key: { kty: "OKP", crv: "X25519", x: share.toBase64({ alphabet: "base64url", omitPadding: true }) },
    format: "jwk",
  });
  const x = own.publicKey.export({ format: "jwk" }).x!;
  const ownShare = Uint8Array.fromBase64(x, { alphabet: "base64url" });
  const serverHello = message(
    2,
    concatBytes([
      u16(0x0303),
      hash(ownShare), // as good a random as any
      Uint8Array.of(sessionId.length),
      sessionId,
      u16(0x1301),
      Uint8Array.of(0),
      u16(46),
      extension(43, u16(0x0304)),
      extension(51, concatBytes([u16(0x001d), u16(32), ownShare])),
    ]),
  );
  const shared = new Uint8Array(diffieHellman({ privateKey: own.privateKey, publicKey: peer }));
  const early = hmac(ZEROS, ZEROS);
  const handshake = hmac(expand(early, "derived", hash(EMPTY), 32), shared);
  let transcript = concatBytes([clientHello, serverHello]);
  const secret = expand(handshake, "s hs traffic", hash(transcript), 32);
  const said: Uint8Array[] = [];
  const say = (type: number, body: Uint8Array): void => {
    const whole = message(type, body);
    said.push(whole);
    transcript = concatBytes([transcript, whole]);
  };
  say(8, u16(0));
  const entry = concatBytes([u24(der.length), der, u16(0)]);
  say(11, concatBytes([Uint8Array.of(0), u24(entry.length), entry]));
  const context = utf8Bytes(" ".repeat(64) + "TLS 1.3, server CertificateVerify\0");
  const signature = new Uint8Array(sign("sha256", concatBytes([context, hash(transcript)]), key));
  say(15, concatBytes([u16(0x0403), u16(signature.length), signature]));
  say(20, hmac(expand(secret, "finished", EMPTY, 32), hash(transcript)));
  return concatBytes([
    Uint8Array.of(22, 3, 3),
    u16(serverHello.length),
    serverHello,
    encrypted(concatBytes(said), secret),
  ]);
}

/** One record under the handshake's key (section 5.2). */
function encrypted(plain: Uint8Array, secret: Uint8Array): Uint8Array {
  const head = concatBytes([Uint8Array.of(23, 3, 3), u16(plain.length + 1 + 16)]);
  const cipher = createCipheriv("aes-128-gcm", expand(secret, "key", EMPTY, 16), expand(secret, "iv", EMPTY, 12));
  cipher.setAAD(head);
  const body = [cipher.update(concatBytes([plain, Uint8Array.of(22)])), cipher.final()].map((part) =>
    new Uint8Array(part)
  );
  return concatBytes([head, ...body, new Uint8Array(cipher.getAuthTag())]);
}

function readHello(hello: Uint8Array): { sessionId: Uint8Array; share: Uint8Array } {
  let at = 4 + 2 + 32;
  const number = (size: number): number => {
    let value = 0;
    for (; size > 0; size--) value = value * 256 + hello[at++]!;
    return value;
  };
  const octets = (size: number): Uint8Array => hello.slice(at, at += size);
  const sessionId = octets(number(1));
  octets(number(2));
  octets(number(1));
  number(2);
  while (at < hello.length) {
    const type = number(2);
    const end = number(2) + at;
    if (type === 51) {
      number(2);
      while (at < end) {
        const group = number(2);
        const share = octets(number(2));
        if (group === 0x001d) return { sessionId, share };
      }
    }
    at = end;
  }
  throw new Error("the client offers no X25519 share");
}
