/** A client of OAuth for tests: it registers, asks, and keeps what it gets. */
import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import type { TestServer } from "../../../src/server/test_server.ts";
import { ORIGIN } from "./browser.ts";

export const REDIRECT = "https://client.example/callback";
export const DEVICE = "urn:ietf:params:oauth:grant-type:device_code";

type Reply = Readonly<Record<string, unknown>> & { status: number; headers: Headers };

export class OAuthClient {
  readonly server: TestServer;
  readonly verifier: string = randomBytes(32).toString("base64url");
  clientId = "";
  address = "198.51.100.7";

  constructor(server: TestServer) {
    this.server = server;
  }

  static async registered(server: TestServer, more: object = {}): Promise<OAuthClient> {
    const client = new OAuthClient(server);
    const reply = await client.register({
      client_name: "Test Mail",
      redirect_uris: [REDIRECT],
      grant_types: ["authorization_code", "refresh_token", DEVICE],
      ...more,
    });
    assert.equal(reply.status, 201, JSON.stringify(reply));
    client.clientId = reply["client_id"] as string;
    return client;
  }

  async register(metadata: unknown): Promise<Reply> {
    const body = typeof metadata === "string" ? metadata : JSON.stringify(metadata);
    return await this.#ask("/oauth/register", { body, headers: { "content-type": "application/json" } });
  }

  /** The link for the browser. */
  link(more: Readonly<Record<string, string | undefined>> = {}): string {
    const parameters = {
      response_type: "code",
      client_id: this.clientId,
      redirect_uri: REDIRECT,
      scope: "mail offline_access",
      state: "a state",
      code_challenge: createHash("sha256").update(this.verifier).digest("base64url"),
      code_challenge_method: "S256",
      ...more,
    };
    const given = Object.entries(parameters).filter((pair): pair is [string, string] => pair[1] !== undefined);
    return `/oauth/authorize?${new URLSearchParams(given)}`;
  }

  async post(path: string, fields: Readonly<Record<string, string>> | URLSearchParams, headers = {}): Promise<Reply> {
    return await this.#ask(path, { body: new URLSearchParams(fields), headers });
  }

  async token(fields: Readonly<Record<string, string>>): Promise<Reply> {
    return await this.post("/oauth/token", { client_id: this.clientId, ...fields });
  }

  async redeem(code: string, more: Readonly<Record<string, string>> = {}): Promise<Reply> {
    return await this.token({
      grant_type: "authorization_code",
      code,
      redirect_uri: REDIRECT,
      code_verifier: this.verifier,
      ...more,
    });
  }

  async refresh(token: unknown, more: Readonly<Record<string, string>> = {}): Promise<Reply> {
    return await this.token({ grant_type: "refresh_token", refresh_token: token as string, ...more });
  }

  /** Whether the token opens JMAP. */
  async opens(token: unknown): Promise<boolean> {
    const headers = { authorization: `Bearer ${token}` };
    const request = new Request(`${ORIGIN}/jmap/session`, { headers });
    const response = await this.server.server.fetch(request, { address: this.address });
    await response.body?.cancel();
    assert.ok([200, 401, 403].includes(response.status), String(response.status));
    return response.status === 200;
  }

  async #ask(path: string, init: RequestInit): Promise<Reply> {
    const request = new Request(ORIGIN + path, { method: "POST", ...init });
    const response = await this.server.server.fetch(request, { address: this.address });
    const json = await response.json();
    return { ...json, status: response.status, headers: response.headers };
  }
}

/** Parameters of the redirect to a client. */
export function answerOf(url: string): Readonly<Record<string, string>> {
  return Object.fromEntries(new URL(url).searchParams);
}
