/** The MTA-STS policies of our domains (RFC 8461 section 3.3): one path, chosen by the host that was asked for. */
import type { Hono } from "hono";
import { lowerAscii } from "../base/ascii.ts";
import type { HttpDeps } from "./deps.ts";
import { ProblemError } from "./problem.ts";

const PATH = "/.well-known/mta-sts.txt";
const PREFIX = "mta-sts.";

/** Serves the policy of `<domain>` at `https://mta-sts.<domain>/.well-known/mta-sts.txt`; 404 for others. */
export function stsPolicies(app: Pick<Hono, "get">, { dns }: Pick<HttpDeps, "dns">): void {
  app.get(PATH, async (c) => {
    const host = lowerAscii(c.req.header("host") ?? new URL(c.req.url).host).replace(/:\d*$/, "").replace(/\.$/, "");
    const domain = host.startsWith(PREFIX) && host.length <= 253 ? host.slice(PREFIX.length) : "";
    const policy = domain === "" ? null : await dns.stsPolicy(domain);
    if (policy === null) {
      throw new ProblemError({ status: 404, code: "notFound", detail: "There is no policy of this host." });
    }
    return new Response(policy, { headers: { "content-type": "text/plain; charset=utf-8" } });
  });
}
