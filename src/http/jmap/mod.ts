/** JMAP over HTTP (RFC 8620): the session, calls, up- and downloads, news. */
import { Hono } from "hono";
import { cors } from "hono/cors";
import type { HttpDeps } from "../deps.ts";
import { api, UnderWay } from "./api.ts";
import type { JmapDesk } from "./desk.ts";
import { download } from "./download.ts";
import { events } from "./events.ts";
import { Believed, type JmapVariables, logIn } from "./login.ts";
import { OpenStreams } from "./open_streams.ts";
import { session } from "./session.ts";
import { webSocket } from "./web_socket.ts";
import { upload } from "./upload.ts";

/** All routes below `/jmap`. */
export function jmapRoutes(
  desk: JmapDesk,
  deps: Pick<HttpDeps, "openBody" | "now" | "onAccountChanged" | "onStop">,
): Hono<{ Variables: JmapVariables }> {
  const app = new Hono<{ Variables: JmapVariables }>();
  const believed = new Believed(deps.now);
  const streams = new OpenStreams(desk.streams);
  deps.onAccountChanged?.((address) => {
    believed.forget(address);
    streams.end(address);
  });
  deps.onStop?.(() => streams.endAll());
  // No cookie is ever looked at, so a page of anybody's may ask: what it needs it must have been told (RFC 8620 section 8.1).
  app.use(cors({
    origin: "*",
    allowHeaders: ["authorization", "content-type", "range"],
    // What a page may read besides the body: who gives out tokens, and where a download is in its whole.
    exposeHeaders: ["www-authenticate", "content-range", "accept-ranges", "content-disposition", "retry-after", "etag"],
    maxAge: 86_400,
  }));
  app.use(logIn(desk, believed));
  session(app, desk);
  const underWay = new UnderWay(desk.limits.maxConcurrentRequests);
  api(app, desk, underWay);
  upload(app, desk, deps);
  download(app, desk);
  events(app, desk, streams);
  webSocket(app, desk, streams, underWay);
  return app;
}
