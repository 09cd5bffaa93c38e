/** A service on this machine that takes messages by HTTP, and says what its script says. */
import { createServer, type IncomingHttpHeaders, type ServerResponse } from "node:http";
import { Secret } from "../../../../src/base/secret.ts";
import type { HttpRelayConfig, RelayConfig } from "../../../../src/server/config/config.ts";

export interface Heard {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Uint8Array<ArrayBuffer>;
}

export interface Provider {
  readonly port: number;
  readonly heard: Heard[];
  close(): Promise<void>;
}

/** `answer` is called when the whole request is there. */
export async function provider(
  answer: (heard: Heard, response: ServerResponse, number: number) => void,
): Promise<Provider> {
  const heard: Heard[] = [];
  const server = createServer(async (request, response) => {
    const pieces: Uint8Array[] = [];
    response.on("error", () => {});
    try {
      for await (const piece of request) pieces.push(piece as Uint8Array);
    } catch {
      return; // the client went away
    }
    const body = new Uint8Array(await new Blob(pieces as BlobPart[]).arrayBuffer());
    const one = { path: request.url ?? "", headers: request.headers, body };
    answer(one, response, heard.push(one));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as { port: number }).port,
    heard,
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

export function relayBy(
  port: number,
  more: Partial<HttpRelayConfig> = {},
  relay: Partial<RelayConfig> = {},
): RelayConfig {
  return {
    host: "127.0.0.1",
    port,
    protocol: "http",
    tls: "none",
    ca: null,
    username: null,
    password: null,
    connections: null,
    http: {
      url: `http://127.0.0.1:${port}/v1/send`,
      token: new Secret("s3cret"),
      headers: new Map(),
      format: "json",
      fields: { from: "from", to: "to", message: "message" },
      recipients: 50,
      ...more,
    },
    ...relay,
  };
}
