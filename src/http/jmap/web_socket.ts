/** GET /jmap/ws: requests and news of JMAP on one connection (RFC 8887). */
import type { Hono } from "hono";
import { JMAP_SUBPROTOCOL } from "../../jmap/mod.ts";
import { readOpening, readSubprotocols } from "../../web_socket/mod.ts";
import type { HttpEnvironment } from "../client.ts";
import { ProblemError } from "../problem.ts";
import { runtimeUpgrade } from "../web_socket/runtime_socket.ts";
import type { UnderWay } from "./api.ts";
import type { JmapDesk } from "./desk.ts";
import { tooMany } from "./events.ts";
import { JmapSocket } from "./jmap_socket.ts";
import type { JmapVariables } from "./login.ts";
import type { OpenStreams } from "./open_streams.ts";

/** The route. `underWay` counts requests by HTTP too. */
export function webSocket(
  app: Hono<{ Variables: JmapVariables }>,
  desk: JmapDesk,
  open: OpenStreams,
  underWay: UnderWay,
): void {
  app.get("/ws", (c) => {
    const header = (name: string) => c.req.header(name) ?? null;
    const opening = readOpening(c.req.raw.method, header);
    if ("refused" in opening) throw refusal(opening.refused);
    // RFC 8887 section 4.2.
    if (!readSubprotocols(header).includes(JMAP_SUBPROTOCOL)) {
      throw new ProblemError({
        status: 400,
        code: "subprotocol",
        detail: `This needs the header Sec-WebSocket-Protocol: ${JMAP_SUBPROTOCOL}.`,
      });
    }
    const environment = c.env as HttpEnvironment;
    const upgrade = environment.client?.upgrade ?? runtimeUpgrade;
    if (upgrade === null) throw noWebSocket();
    const socket = new JmapSocket({
      desk,
      underWay,
      user: c.get("user"),
      login: c.get("login"),
      credential: c.get("credential"),
      address: c.get("address"),
    });
    const leave = open.add(c.get("user").address, c.get("address"), (isStopping) => socket.end(isStopping));
    if (leave === null) throw tooMany();
    socket.atEnd(leave);
    const request = c.req.raw;
    environment.upgraded = () => {
      try {
        return upgrade(request, { protocol: JMAP_SUBPROTOCOL, longest: desk.limits.maxSizeRequest }, socket);
      } catch {
        socket.closed();
        throw noWebSocket();
      }
    };
    return c.body(null, 204); // what the connection becomes is said by `upgraded`
  });
}

function refusal(why: "noUpgrade" | "version" | "key"): ProblemError {
  if (why === "key") {
    return new ProblemError({
      status: 400,
      code: "badRequest",
      detail: "Sec-WebSocket-Key is not 16 octets in base64.",
    });
  }
  // RFC 6455 section 4.4, RFC 9110 section 15.5.22.
  return new ProblemError({
    status: 426,
    code: "upgrade",
    detail: "This is a WebSocket of version 13.",
    headers: { "upgrade": "websocket", "connection": "upgrade", "sec-websocket-version": "13" },
  });
}

function noWebSocket(): ProblemError {
  return new ProblemError({ status: 501, code: "noWebSocket", detail: "This connection cannot become a WebSocket." });
}
