import type { MiddlewareHandler } from "hono";
import { utf8Bytes } from "../base/bytes.ts";
import { digest, equalSecretBytes } from "../base/hash.ts";
import type { Secret } from "../base/secret.ts";
import type { HttpClient } from "./client.ts";
import { ProblemError } from "./problem.ts";

/** Lets in whoever shows the token (RFC 6750 section 2.1); `seen` is told where they are. Hashes are compared, so time tells neither text nor length. */
export function bearer(token: Secret, seen?: (address: string) => void): MiddlewareHandler {
  const wanted = digest("sha256", utf8Bytes(token.reveal()));
  return async (context, next) => {
    const header = context.req.header("authorization") ?? "";
    const shown = /^bearer +/i.test(header.slice(0, 64)) ? header.slice(header.indexOf(" ")).trim() : null;
    if (shown === null || shown.length > 4096 || !equalSecretBytes(digest("sha256", utf8Bytes(shown)), wanted)) {
      throw new ProblemError({
        status: 401,
        code: "unauthorized",
        detail: shown === null
          ? "This needs the header Authorization: Bearer with the admin token."
          : "This is not the admin token.",
        // RFC 6750 section 3: an error code only where a token was shown.
        headers: { "www-authenticate": shown === null ? "Bearer" : 'Bearer error="invalid_token"' },
      });
    }
    const address = (context.env as { client?: HttpClient } | undefined)?.client?.address;
    if (address !== undefined) seen?.(address);
    await next();
  };
}
