import type { Context } from "hono";
import type { HttpClient } from "../client.ts";

/** Where people and clients reach us, without a slash at the end. */
export function originOf(c: Pick<Context, "req" | "env">): string {
  return (c.env as { client?: HttpClient } | undefined)?.client?.origin ?? new URL(c.req.url).origin;
}
