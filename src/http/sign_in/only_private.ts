/** Passwords and tokens are taken over HTTPS alone (RFC 6749 section 3.1), or from the machine itself. */
import type { MiddlewareHandler } from "hono";
import type { HttpClient } from "../client.ts";
import { originOf } from "../oauth/origin.ts";

const LOCAL = new Set(["localhost", "127.0.0.1", "[::1]"]);

/** Refuses whoever came in the clear, with the words of `refused`. */
export function onlyPrivate(refused: () => Response | Promise<Response>): MiddlewareHandler {
  return async (context, next) => {
    const { protocol, hostname } = new URL(originOf(context));
    const address = (context.env as { client?: HttpClient } | undefined)?.client?.address ?? "";
    const near = address === "" || address === "::1" || address.startsWith("127.");
    if (protocol === "https:" || near || LOCAL.has(hostname)) return await next();
    return await refused();
  };
}
