/** Requests of node:https that want another protocol: through the app as others, and then their socket is a WebSocket. */
import type { IncomingMessage } from "node:http";
import { STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";
import { utf8Bytes } from "../../base/bytes.ts";
import { openingAnswer, readOpening } from "../../web_socket/mod.ts";
import type { HttpApp } from "../deps.ts";
import type { SocketListener, Upgrade, UpgradeWish } from "./message_socket.ts";
import { RawSocket } from "./raw_socket.ts";

/** An answer to a request that did not become one is short. */
const LONGEST_ANSWER = 64 * 1024;

export class UpgradedSockets {
  readonly #open = new Set<RawSocket>();

  async take(app: HttpApp, incoming: IncomingMessage, socket: Duplex, head: Uint8Array): Promise<void> {
    socket.on("error", () => {});
    let wanted: { readonly wish: UpgradeWish; readonly listener: SocketListener } | null = null;
    const upgrade: Upgrade = (_, wish, listener) => {
      wanted = { wish, listener };
      return new Response(null, { status: 204 });
    };
    try {
      const request = new Request(urlOf(incoming), { method: incoming.method ?? "GET", headers: headersOf(incoming) });
      const response = await app.fetch(request, { address: incoming.socket.remoteAddress ?? "", upgrade });
      if (wanted === null) return await answer(socket, response);
      this.#become(incoming, socket, head, wanted);
    } catch {
      if (wanted !== null) (wanted as { listener: SocketListener }).listener.closed();
      socket.destroy();
    }
  }

  /** Whoever has not said goodbye by now is cut off. */
  end(): void {
    for (const socket of this.#open) socket.destroy();
  }

  #become(
    incoming: IncomingMessage,
    socket: Duplex,
    head: Uint8Array,
    { wish, listener }: { readonly wish: UpgradeWish; readonly listener: SocketListener },
  ): void {
    const headers = headersOf(incoming);
    const opening = readOpening(incoming.method ?? "", (name) => headers.get(name));
    if ("refused" in opening || socket.destroyed) {
      listener.closed();
      return void socket.destroy();
    }
    socket.write(openingAnswer(opening.accept, wish.protocol));
    const opened = new RawSocket(socket, head, wish, {
      opened: (own) => listener.opened(own),
      message: (text) => listener.message(text),
      closed: () => {
        this.#open.delete(opened);
        listener.closed();
      },
    });
    this.#open.add(opened);
  }
}

/** The header of a request. Throws where it has what is none. */
export function headersOf({ rawHeaders }: IncomingMessage): Headers {
  const headers = new Headers();
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) headers.append(rawHeaders[i] ?? "", rawHeaders[i + 1] ?? "");
  return headers;
}

/** Where a request over TLS goes. Throws where that is no URL. */
export function urlOf({ url, headers }: IncomingMessage): URL {
  return new URL(url ?? "/", `https://${headers.host ?? "localhost"}`);
}

/** The connection ends behind it: what else came on it is unknown. */
async function answer(socket: Duplex, response: Response): Promise<void> {
  const body = new Uint8Array(await response.arrayBuffer()).subarray(0, LONGEST_ANSWER);
  const headers = new Headers(response.headers);
  headers.set("content-length", String(body.length));
  headers.set("connection", "close");
  const lines = [`HTTP/1.1 ${response.status} ${STATUS_CODES[response.status] ?? ""}`];
  for (const [name, value] of headers) lines.push(`${name}: ${value}`);
  socket.write(utf8Bytes(lines.join("\r\n") + "\r\n\r\n"));
  socket.end(body);
}
