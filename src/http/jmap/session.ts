/** The session object (RFC 8620 section 2), at /jmap/session; /.well-known/jmap leads there. */
import type { Hono } from "hono";
import { utf8Bytes } from "../../base/bytes.ts";
import { digest } from "../../base/hash.ts";
import { type JmapLimits, type JmapUser, sessionObject } from "../../jmap/mod.ts";
import type { HttpClient } from "../client.ts";
import type { JmapDesk } from "./desk.ts";
import type { JmapVariables } from "./login.ts";

/** Changes when the session object does: RFC 8620 section 2, `state`. */
export function sessionState(user: JmapUser, limits: JmapLimits, applicationServerKey: string): string {
  const object = sessionObject(user, limits, { base: "", state: "", applicationServerKey });
  return digest("sha256", utf8Bytes(JSON.stringify(object))).toHex().slice(0, 16);
}

/** The route. */
export function session(app: Hono<{ Variables: JmapVariables }>, desk: JmapDesk): void {
  app.get("/session", async (c) => {
    const user = c.get("user");
    const { client } = c.env as { readonly client?: HttpClient };
    const base = client?.origin ?? new URL(c.req.url).origin;
    const applicationServerKey = await desk.applicationServerKey();
    const state = sessionState(user, desk.limits, applicationServerKey);
    return Response.json(sessionObject(user, desk.limits, { base, state, applicationServerKey }), {
      headers: { "cache-control": "no-cache, no-store, must-revalidate" },
    });
  });
}
