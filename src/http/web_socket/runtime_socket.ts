/** WebSocket by the runtime: for requests of `Deno.serve` and of hosts that have the same. */
import { CLOSE, isCloseCode } from "../../web_socket/mod.ts";
import { ALIVE_MS, LITTLE, type MessageSocket, type Upgrade } from "./message_socket.ts";

const POLL_MS = 50;
const OPENING_MS = 30_000;
/** `WebSocket.close` takes 123 octets. */
const LONGEST_REASON = 40;

/** Null where the runtime has none. */
export const runtimeUpgrade: Upgrade | null = typeof Deno === "object" && typeof Deno.upgradeWebSocket === "function"
  ? (request, { protocol, longest }, listener) => {
    const { socket, response } = Deno.upgradeWebSocket(request, { protocol, idleTimeout: (2 * ALIVE_MS) / 1000 });
    let isClosed = false;
    // A request that came by no connection never opens.
    const late = setTimeout(() => closed(), OPENING_MS);
    Deno.unrefTimer(late as unknown as number);
    const closed = (): void => {
      if (isClosed) return;
      isClosed = true;
      clearTimeout(late);
      listener.closed();
    };
    const own = runtimeSocket(socket);
    socket.onopen = () => {
      clearTimeout(late);
      if (isClosed) socket.close();
      else listener.opened(own);
    };
    socket.onmessage = ({ data }) => {
      if (typeof data !== "string") return own.close(CLOSE.unsupported, "messages are text");
      // In UTF-8 it is at least as long.
      if (data.length > longest) return own.close(CLOSE.tooLarge, `a message has at most ${longest} octets`);
      listener.message(data);
    };
    socket.onclose = closed;
    socket.onerror = closed;
    return response;
  }
  : null;

function runtimeSocket(socket: WebSocket): MessageSocket {
  const isOpen = () => socket.readyState === WebSocket.OPEN;
  return {
    send: (text) => {
      if (isOpen()) socket.send(text);
    },
    get waiting() {
      return socket.bufferedAmount;
    },
    async drained(ms) {
      for (let left = ms; isOpen() && socket.bufferedAmount > LITTLE; left -= POLL_MS) {
        if (left <= 0) return false;
        await new Promise((resolve) => setTimeout(resolve, POLL_MS));
      }
      return isOpen();
    },
    close: (code, reason) => {
      if (isOpen()) socket.close(isCloseCode(code) ? code : CLOSE.normal, reason.slice(0, LONGEST_REASON));
    },
  };
}
