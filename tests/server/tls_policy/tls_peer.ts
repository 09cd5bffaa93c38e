/** A server with STARTTLS and a certificate of the test's making, names and answers for it, and authorities. */
import { generateKeyPairSync, X509Certificate } from "node:crypto";
import { createServer, type Socket } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import { digest } from "../../../src/base/hash.ts";
import type { DnsRecord } from "../../../src/contract/mod.ts";
import { type Resolver, scriptedResolver, type ScriptedZones } from "../../../src/dns/mod.ts";
import { readChain } from "../../../src/mailauth/mod.ts";
import { makeCertificate } from "../../../src/net/x509_der.ts";

const DAY = 86_400_000;

/** A certificate with its key and its authority. */
export interface Made {
  readonly chain: string;
  readonly key: string;
  readonly ca: string;
}

/** By a fresh authority. `days` from now until it ends; negative: it has ended. */
export function certificate(name: string, days = 30): Made {
  const authority = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const own = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const issuer = { subject: "Test authority", privateKey: authority.privateKey };
  const now = Date.now();
  const times = { notBefore: now - 60 * DAY, notAfter: now + days * DAY };
  const always = { notBefore: now - 60 * DAY, notAfter: now + 60 * DAY };
  const ca = makeCertificate({
    subject: "Test authority",
    publicKey: authority.publicKey,
    issuer,
    ...always,
    names: null,
  });
  const leaf = makeCertificate({ subject: name, publicKey: own.publicKey, issuer, ...times, names: [name] });
  return { chain: leaf + ca, key: own.privateKey.export({ type: "pkcs8", format: "pem" }) as string, ca };
}

/** The TLSA record of a certificate of a chain: SHA-256 of the key, or of the whole (`selector` 0). */
export function tlsa(pem: string, usage: number, selector = 1): DnsRecord {
  const [certificate] = readChain([new Uint8Array(new X509Certificate(pem).raw)])!;
  const data = digest("sha256", selector === 1 ? certificate!.spki : certificate!.der);
  return { type: "TLSA", usage, selector, matching: 1, data };
}

/** A record that matches nothing. */
export const OTHER_TLSA: DnsRecord = { type: "TLSA", usage: 3, selector: 1, matching: 1, data: new Uint8Array(32) };

/** A resolver whose answers are validated, but for names that end with one of `unsigned`. */
export function signedResolver(zones: ScriptedZones, unsigned: readonly string[] = []): Resolver {
  const [signed, plain] = [true, false].map((authenticated) => scriptedResolver(zones, { authenticated }));
  return {
    resolve: (name, type) => (unsigned.some((end) => name.endsWith(end)) ? plain! : signed!).resolve(name, type),
    close: () => {},
  };
}

export interface TlsPeer {
  readonly port: number;
  /** What was said in clear, and under TLS; the SNI of each handshake. */
  readonly clear: string[];
  readonly secret: string[];
  readonly names: (string | false | undefined)[];
  close(): Promise<void>;
}

export interface TlsPeerOptions {
  /** Null: STARTTLS is not offered. */
  readonly certificate: Made | null;
  /** More keywords under TLS. */
  readonly keywords?: readonly string[];
  /** Says STARTTLS and then refuses it. */
  readonly refusesTls?: boolean;
}

export async function tlsPeer(options: TlsPeerOptions): Promise<TlsPeer> {
  const { certificate } = options;
  const sockets = new Set<Socket>();
  const peer = { clear: [] as string[], secret: [] as string[], names: [] as (string | false | undefined)[] };
  const tls = certificate && createTlsServer({ cert: certificate.chain, key: certificate.key });
  tls?.on("tlsClientError", () => {});
  tls?.on("secureConnection", (socket) => {
    peer.names.push((socket as unknown as { servername?: string | false }).servername);
    talk(socket, peer.secret, null);
  });

  function talk(socket: Socket, heard: string[], startTls: (() => void) | null): void {
    sockets.add(socket);
    const keywords = startTls ? ["STARTTLS"] : options.keywords ?? [];
    let rest = "";
    let body = false;
    const onData = (data: unknown): void => {
      rest += String(data);
      for (let end = rest.indexOf("\r\n"); end >= 0; end = rest.indexOf("\r\n")) {
        const line = rest.slice(0, end);
        rest = rest.slice(end + 2);
        heard.push(line);
        if (body && line !== ".") continue;
        body = line === "DATA";
        if (line === "STARTTLS" && startTls && !options.refusesTls) {
          socket.off("data", onData);
          return startTls();
        }
        const reply = line.startsWith("EHLO")
          ? ["there", "SIZE", ...keywords].map((word, i, all) => `250${i + 1 < all.length ? "-" : " "}${word}`).join(
            "\r\n",
          )
          : line === "DATA"
          ? "354 go"
          : line === "STARTTLS"
          ? "454 4.7.0 not now"
          : "250 2.0.0 ok";
        socket.write(reply + "\r\n");
        if (line === "QUIT") socket.end();
      }
    };
    socket.on("error", () => {}).on("close", () => sockets.delete(socket)).on("data", onData);
  }

  const server = createServer((socket) => {
    socket.setNoDelay(true).write("220 there ESMTP\r\n");
    talk(
      socket,
      peer.clear,
      tls && (() => {
        socket.write("220 2.0.0 go ahead\r\n", () => tls.emit("connection", socket));
      }),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    ...peer,
    port: (server.address() as { port: number }).port,
    close: () => {
      for (const socket of sockets) socket.destroy();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

/** `there.example` with one exchange here, and TLSA records for it at `port`. */
export function zonesOf(
  port: number,
  records: readonly DnsRecord[] | "servfail" | null,
  more: ScriptedZones = {},
): ScriptedZones {
  return {
    "there.example": { MX: [{ type: "MX", preference: 10, exchange: "mx.there.example" }] },
    "mx.there.example": { A: [{ type: "A", address: "127.0.0.1" }] },
    ...(records === null ? {} : { [`_${port}._tcp.mx.there.example`]: { TLSA: records } }),
    ...more,
  };
}
