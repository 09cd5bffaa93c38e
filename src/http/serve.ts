/**
 * Listens for HTTP: on a TCP port (Deno's own server), over TLS (node:https, because certificates must be replaceable
 * while it runs), or on a UNIX socket that only its owner may open.
 */
import { createServer, type Server } from "node:https";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { TlsOptions } from "node:tls";
import type { Readable } from "node:stream";
import type { Duplex } from "node:stream";
import { utf8Bytes } from "../base/bytes.ts";
import type { HttpApp } from "./deps.ts";
import { headersOf, UpgradedSockets, urlOf } from "./web_socket/upgraded.ts";

/** Where to listen; port 0 takes a free one. */
export type HttpPlace = { readonly address: string; readonly port: number } | { readonly path: string };

/** Options of node:tls: `cert` and `key`, or `SNICallback` for certificates that change. */
export type HttpTls = Pick<TlsOptions, "cert" | "key" | "SNICallback" | "minVersion">;

export interface HttpListening {
  /** Where it listens in fact. */
  readonly address: HttpPlace;
  /** Takes no more, lets requests under way end for `graceMs` (default 5 s), then breaks them off. */
  close(graceMs?: number): Promise<void>;
}

/** Who comes by a UNIX socket has no address. */
const UNIX = { address: "" };
const GRACE_MS = 5_000;
/** `sun_path` of Linux without its closing NUL. */
const LONGEST_PATH = 107;

/** Listens and hands requests to `app`. Rejects where the place is taken or may not be used. */
export async function serveHttp(app: HttpApp, place: HttpPlace, tls?: HttpTls): Promise<HttpListening> {
  if ("path" in place) return await serveUnix(app, place.path);
  return tls === undefined ? servePlain(app, place) : await serveTls(app, place, tls);
}

function servePlain(app: HttpApp, place: { address: string; port: number }): HttpListening {
  const server = Deno.serve(
    { hostname: place.address, port: place.port, onListen: () => {} },
    (request, { remoteAddr }) => app.fetch(request, { address: remoteAddr.hostname }),
  );
  const { hostname, port } = server.addr as Deno.NetAddr;
  return { address: { address: hostname, port }, close: closer(server) };
}

async function serveUnix(app: HttpApp, path: string): Promise<HttpListening> {
  if (utf8Bytes(path).length > LONGEST_PATH) {
    throw new Error(`the path of a UNIX socket has at most ${LONGEST_PATH} octets: ${path}`);
  }
  await removeStale(path);
  // The mode must be right from the first moment: whoever can connect is the administrator.
  const before = Deno.umask(0o177);
  let server: Deno.HttpServer;
  try {
    server = Deno.serve({ transport: "unix", path, onListen: () => {} }, (request) => app.fetch(request, UNIX));
  } finally {
    Deno.umask(before);
  }
  await Deno.chmod(path, 0o600);
  const close = closer(server);
  return {
    address: { path },
    async close(graceMs) {
      await close(graceMs);
      await Deno.remove(path).catch(() => {});
    },
  };
}

/** Removes the socket of a server that is gone. One that answers is left alone, and so is what is no socket. */
async function removeStale(path: string): Promise<void> {
  const found = await Deno.lstat(path).catch(() => null);
  if (found === null) return;
  if (!found.isSocket) throw new Error(`${path} is there already and is no socket`);
  const alive = await Deno.connect({ transport: "unix", path }).then((c) => (c.close(), true), () => false);
  if (alive) throw new Error(`another server answers at ${path}`);
  await Deno.remove(path);
}

function closer(server: Deno.HttpServer): (graceMs?: number) => Promise<void> {
  return async (graceMs = GRACE_MS) => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<void>((done) => timer = setTimeout(done, graceMs));
    // Idle connections that are kept alive end with the shutdown; what is still under way after the grace is left behind.
    await Promise.race([server.shutdown(), late]);
    clearTimeout(timer);
  };
}

async function serveTls(
  app: HttpApp,
  place: { address: string; port: number },
  tls: HttpTls,
): Promise<HttpListening> {
  const server: Server = createServer(
    { minVersion: "TLSv1.2", ...tls, requestTimeout: 60_000, headersTimeout: 20_000, ALPNProtocols: ["http/1.1"] },
    (request, response) => void answer(app, request, response),
  );
  const upgraded = new UpgradedSockets();
  server.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Uint8Array) => {
    void upgraded.take(app, request, socket, head);
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(place.port, place.address, resolve);
  });
  server.on("error", () => {}); // of one handshake; the next client is served
  const bound = server.address();
  const port = typeof bound === "object" && bound !== null ? bound.port : place.port;
  return {
    address: { address: place.address, port },
    close: (graceMs = GRACE_MS) =>
      new Promise((resolve) => {
        const timer = setTimeout(() => {
          upgraded.end();
          server.closeAllConnections();
          resolve();
        }, graceMs);
        server.close(() => (clearTimeout(timer), resolve()));
        server.closeIdleConnections();
      }),
  };
}

/** Whoever gives it up leaves the connection open for the answer. (`Readable.toWeb` goes on, and throws where nobody catches.) */
function bodyOf(incoming: IncomingMessage): ReadableStream<Uint8Array<ArrayBuffer>> {
  const chunks = (incoming as Readable).iterator({ destroyOnReturn: false });
  return ReadableStream.from(chunks as AsyncIterable<Uint8Array<ArrayBuffer>>);
}

/** One request of node:https through the app. */
async function answer(app: HttpApp, incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
  try {
    const method = incoming.method ?? "GET";
    const bodiless = method === "GET" || method === "HEAD";
    const response = await app.fetch(
      new Request(urlOf(incoming), {
        method,
        headers: headersOf(incoming),
        body: bodiless ? null : bodyOf(incoming),
      }),
      { address: incoming.socket.remoteAddress ?? "" },
    );
    // A body that was refused half read cannot be skipped: the connection is of no use for another request.
    const half = !bodiless && !incoming.complete;
    outgoing.writeHead(response.status, {
      ...Object.fromEntries(response.headers),
      ...(half && { connection: "close" }),
    });
    if (response.body === null || method === "HEAD") return void outgoing.end();
    for await (const chunk of response.body) {
      if (!outgoing.write(chunk)) {
        await new Promise<void>((go) => {
          outgoing.once("drain", go);
          outgoing.once("close", go);
        });
      }
      if (outgoing.destroyed) return;
    }
    outgoing.end();
  } catch {
    // A target that is no URL, a header that is none: the client broke HTTP.
    if (!outgoing.headersSent) outgoing.writeHead(400);
    outgoing.end();
  }
}
