/** A client of RFC 8887 over TCP or TLS: the runtime's own WebSocket, which is not ours. */
import assert from "node:assert/strict";
import type { TestServer } from "../../../src/server/test_server.ts";

// deno-lint-ignore no-explicit-any
export type Said = Record<string, any>;

export class SocketClient {
  readonly socket: WebSocket;
  readonly #said: Said[] = [];
  #wake = () => {};
  closed: Promise<CloseEvent>;

  constructor(socket: WebSocket) {
    this.socket = socket;
    socket.onmessage = ({ data }) => {
      this.#said.push(JSON.parse(data));
      this.#wake();
    };
    this.closed = new Promise((resolve) => socket.onclose = resolve);
  }

  /** Rejects where the server refuses. */
  static open(
    server: TestServer,
    name: string,
    { tls = "none", protocol = "jmap", ca = "" } = {},
  ): Promise<SocketClient> {
    const { port } = server.address("http", tls as "none");
    const scheme = tls === "none" ? "ws" : "wss";
    const client = ca === "" ? {} : { client: Deno.createHttpClient({ caCerts: [ca] }) };
    const socket = new WebSocket(`${scheme}://localhost:${port}/jmap/ws`, {
      protocols: [protocol],
      headers: { authorization: "Basic " + btoa(`${name}@example.test:${name}`) },
      ...client,
    } as never);
    const own = new SocketClient(socket);
    return new Promise((resolve, reject) => {
      socket.onopen = () => resolve(own);
      socket.onerror = (event) => reject(new Error((event as ErrorEvent).message));
    });
  }

  say(value: unknown): void {
    this.socket.send(typeof value === "string" ? value : JSON.stringify(value));
  }

  /** The next message. */
  async next(): Promise<Said> {
    while (this.#said.length === 0) {
      if (this.socket.readyState === WebSocket.CLOSED) throw new Error("it is closed");
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
        void this.closed.then(() => resolve());
      });
    }
    return this.#said.shift()!;
  }

  async ask(methodCalls: unknown, id = "r"): Promise<Said> {
    const using = ["urn:ietf:params:jmap:core", "urn:ietf:params:jmap:mail"];
    this.say({ "@type": "Request", id, using, methodCalls });
    const answer = await this.next();
    assert.equal(answer["requestId"], id);
    return answer;
  }

  async close(): Promise<void> {
    this.socket.close();
    await this.closed;
  }
}
