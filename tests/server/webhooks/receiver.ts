/** A receiver of webhooks on loopback that checks signatures by itself, with the Web Crypto API. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";

export interface Heard {
  readonly id: string;
  readonly timestamp: string;
  readonly signature: string;
  readonly body: string;
  // deno-lint-ignore no-explicit-any
  readonly json: any;
}

export interface Receiver extends AsyncDisposable {
  readonly url: string;
  readonly heard: Heard[];
  /** What it answers: a status, or that with header fields. */
  answer: number | { readonly status: number; readonly headers: Record<string, string> };
  /** Asserts that this secret signed it. */
  verify(heard: Heard, secret: string): Promise<void>;
}

export async function receiver(): Promise<Receiver> {
  const heard: Heard[] = [];
  const server: Server = createServer(async (request, response) => {
    let body = "";
    for await (const piece of request) body += piece;
    const field = (name: string) => String(request.headers[name]);
    heard.push({
      id: field("webhook-id"),
      timestamp: field("webhook-timestamp"),
      signature: field("webhook-signature"),
      body,
      json: JSON.parse(body),
    });
    const { answer } = self;
    response.writeHead(
      typeof answer === "number" ? answer : answer.status,
      typeof answer === "number" ? {} : answer.headers,
    );
    response.end("no\nthanks");
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const { port } = server.address() as AddressInfo;
  const self: Receiver = {
    url: `http://127.0.0.1:${port}/hook?a=b`,
    heard,
    answer: 200,
    async verify({ id, timestamp, body, signature }, secret) {
      const octets = Buffer.from(secret.replace(/^whsec_/, ""), "base64");
      const key = await crypto.subtle.importKey("raw", octets, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
      const content = new TextEncoder().encode(`${id}.${timestamp}.${body}`);
      const wanted = Buffer.from(await crypto.subtle.sign("HMAC", key, content)).toString("base64");
      assert.ok(signature.split(" ").includes(`v1,${wanted}`), signature);
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
  return self;
}
