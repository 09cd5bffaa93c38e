/** A push service on loopback, over TLS with an authority of its own: keeps what is posted, answers as it is told. */
import { createServer } from "node:https";
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from "node:http";
import { type TestServer, testServer, type TestServerOptions } from "../../../src/server/test_server.ts";
import { certificate, type Made } from "../../server/tls_policy/tls_peer.ts";
import { JmapClient } from "./client.ts";

export const HOST = "push.example.test";

export interface Posted {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly octets: Uint8Array;
  // deno-lint-ignore no-explicit-any
  readonly json: any;
}

/** What it answers; `null`: nothing, ever. */
type Answer = { readonly status: number; readonly headers?: Record<string, string> } | null;

export class PushService implements AsyncDisposable {
  readonly all: Posted[] = [];
  port = 0;
  ca = "";
  /** By path, else 201. */
  answer: (path: string) => Answer = () => ({ status: 201 });
  readonly #taken: Posted[] = [];
  readonly #waiting: ((posted: Posted) => void)[] = [];
  readonly #open = new Set<{ destroy(): void }>();
  #close = () => {};

  /** With a certificate for `HOST`, or another. */
  static async start(made: Pick<Made, "chain" | "key" | "ca"> = certificate(HOST)): Promise<PushService> {
    const service = new PushService();
    service.ca = made.ca;
    const server = createServer({ cert: made.chain, key: made.key }, (request, response) => {
      void service.#serve(request, response);
    });
    server.on("connection", (socket: { destroy(): void }) => service.#open.add(socket));
    server.on("tlsClientError", () => {});
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    service.port = (server.address() as { port: number }).port;
    service.#close = () => void server.close();
    return service;
  }

  url(path: string, host = HOST): string {
    return `https://${host}:${this.port}${path}`;
  }

  /** The next post that nobody has taken. */
  next(): Promise<Posted> {
    const posted = this.#taken.shift();
    return posted ? Promise.resolve(posted) : new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Posts that nobody has taken. */
  get left(): number {
    return this.#taken.length;
  }

  [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#open) socket.destroy();
    this.#close();
    return Promise.resolve();
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const pieces: Uint8Array[] = [];
    for await (const piece of request) pieces.push(piece as Uint8Array);
    const octets = new Uint8Array(await new Blob(pieces as BlobPart[]).arrayBuffer());
    const isJson = request.headers["content-type"] === "application/json";
    const json = isJson ? JSON.parse(new TextDecoder().decode(octets)) : null;
    const posted = { path: request.url ?? "", headers: request.headers, octets, json };
    this.all.push(posted);
    const answer = this.answer(posted.path);
    if (answer !== null) response.writeHead(answer.status, answer.headers).end();
    const waiting = this.#waiting.shift();
    if (waiting) waiting(posted);
    else this.#taken.push(posted);
  }
}

/** A test server that may push to this service; names besides are those of `dns`, keys of `jmap.push` those of `push`. */
export async function serverFor(
  service: PushService,
  options: TestServerOptions = {},
  push: Record<string, unknown> = {},
): Promise<TestServer> {
  const file = await Deno.makeTempFile();
  await Deno.writeTextFile(file, service.ca);
  try {
    return await testServer({
      ...options,
      dns: { [HOST]: { A: [{ type: "A", address: "127.0.0.1" }] }, ...options.dns },
      config: { jmap: { push: { privateAddresses: true, ca: file, ...push } }, ...options.config },
    });
  } finally {
    await Deno.remove(file);
  }
}

/** Makes a subscription and shows its code; answers its id. */
export async function subscribe(
  client: JmapClient,
  service: PushService,
  wish: Record<string, unknown> = {},
): Promise<string> {
  const url = service.url("/one");
  const { created } = await client.call("PushSubscription/set", {
    create: { x: { deviceClientId: "d", url, types: null, ...wish } },
  });
  const { json } = await service.next();
  await client.call("PushSubscription/set", {
    update: { [created.x.id]: { verificationCode: json.verificationCode } },
  });
  return created.x.id;
}
