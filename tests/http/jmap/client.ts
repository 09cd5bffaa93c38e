/** A small client of JMAP for tests: as somebody, over the HTTP layer of a test server. */
import assert from "node:assert/strict";
import type { Invocation, JsonObject } from "../../../src/jmap/mod.ts";
import type { Server } from "../../../src/server/create_server.ts";

export const USING = ["core", "mail"].map((name) => `urn:ietf:params:jmap:${name}`);

/** Arguments of a response: a test knows what is in them. */
// deno-lint-ignore no-explicit-any
export type Answered = Record<string, any>;

export class JmapClient {
  readonly #server: { readonly server: Pick<Server, "fetch"> };
  readonly #authorization: string;
  accountId = "";

  constructor(server: { readonly server: Pick<Server, "fetch"> }, name: string, password = name) {
    this.#server = server;
    this.#authorization = "Basic " + btoa(`${name}@example.test:${password}`);
  }

  fetch(path: string, init: RequestInit = {}): Promise<Response> {
    const headers = new Headers(init.headers);
    if (!headers.has("authorization")) headers.set("authorization", this.#authorization);
    return this.#server.server.fetch(new Request(new URL(path, "https://mail.example.test"), { ...init, headers }));
  }

  async session(): Promise<JsonObject> {
    const response = await this.fetch("/jmap/session");
    assert.equal(response.status, 200);
    const session = await response.json();
    this.accountId = session.primaryAccounts["urn:ietf:params:jmap:mail"];
    return session;
  }

  post(body: unknown, headers: HeadersInit = { "content-type": "application/json" }): Promise<Response> {
    return this.fetch("/jmap/api", {
      method: "POST",
      headers,
      body: typeof body === "string" ? body : JSON.stringify(body),
    });
  }

  /** Responses of several calls; `accountId` is put in where it is missing. */
  async calls(methodCalls: readonly Invocation[], using: readonly string[] = USING): Promise<readonly Invocation[]> {
    if (this.accountId === "") await this.session();
    const withAccount = methodCalls.map(([name, args, id]) => [name, { accountId: this.accountId, ...args }, id]);
    const response = await this.post({ using, methodCalls: withoutAccount(withAccount) });
    assert.equal(response.status, 200, await response.clone().text());
    return (await response.json()).methodResponses;
  }

  /** The arguments of the response of one call; throws where it is an error. */
  async call(name: string, args: JsonObject = {}, using: readonly string[] = USING): Promise<Answered> {
    const [[answered, result]] = await this.calls([[name, args, "c"]], using) as [Invocation];
    assert.equal(answered, name, JSON.stringify(result));
    return result as Answered;
  }

  /** The type of the error that a call ends with. */
  async fails(name: string, args: JsonObject = {}, using: readonly string[] = USING): Promise<unknown> {
    const [[answered, result]] = await this.calls([[name, args, "c"]], using) as [Invocation];
    assert.equal(answered, "error", JSON.stringify(result));
    return result["type"];
  }

  async upload(octets: Uint8Array | string, type = "application/octet-stream"): Promise<Answered> {
    if (this.accountId === "") await this.session();
    const response = await this.fetch(`/jmap/upload/${this.accountId}`, {
      method: "POST",
      headers: { "content-type": type },
      body: octets as BodyInit,
    });
    assert.equal(response.status, 201, await response.clone().text());
    return await response.json();
  }
}

/** Core/echo gives back what it got, and push subscriptions are of no account: nothing is put into these. */
function withoutAccount(calls: readonly (readonly unknown[])[]): unknown {
  return calls.map(([name, args, id]) => {
    if (name !== "Core/echo" && !String(name).startsWith("PushSubscription/")) return [name, args, id];
    const { accountId: _, ...rest } = args as JsonObject;
    return [name, rest, id];
  });
}
