import { createRoute, type OpenAPIHono, z } from "@hono/zod-openapi";
import type { BanRow } from "../ban_desk.ts";
import type { HttpDeps } from "../deps.ts";
import { ProblemError } from "../problem.ts";
import { nextOf, nextPage, pageOf, pageQuery } from "./pages.ts";
import { answer, body, CONFLICT, NOT_FOUND, printTime, PROBLEMS, time } from "./words.ts";

const schema = z.object({
  network: z.string().openapi({ example: "192.0.2.1" }),
  reason: z.string(),
  by: z.enum(["rule", "operator"]),
  since: time,
  until: time.nullable().openapi({ description: "null: until it is lifted" }),
  times: z.int().openapi({ description: "which ban of this network it is" }),
}).openapi("Ban");
const network = z.string().min(2).max(64).openapi({
  description: "an IP address or a block of them",
  example: "2001:db8::/64",
});
const LONGEST_MINUTES = 10 * 366 * 24 * 60;
const tags = ["bans"];

const list = createRoute({
  method: "get",
  path: "/bans",
  tags,
  summary: "Addresses and networks that are refused now, those by hand first",
  request: { query: z.object(pageQuery) },
  responses: { 200: answer(z.object({ bans: z.array(schema), next: nextPage }), "what holds now"), ...PROBLEMS },
});

const add = createRoute({
  method: "post",
  path: "/bans",
  tags,
  summary: "Refuse an address or a network at every door but HTTP",
  request: {
    body: body(z.strictObject({
      network,
      reason: z.string().max(200, "should have at most 200 characters").default("by hand"),
      minutes: z.int().min(1).max(LONGEST_MINUTES).nullable().default(null).openapi({
        description: "how long; null: until it is lifted",
      }),
    })),
  },
  responses: { 201: answer(schema, "it is refused from now on"), ...PROBLEMS, ...CONFLICT },
});

const remove = createRoute({
  method: "delete",
  path: "/bans/{network}",
  tags,
  summary: "Lift a ban",
  request: { params: z.object({ network }) },
  responses: { 204: { description: "it is lifted" }, ...PROBLEMS, ...NOT_FOUND },
});

/** `/bans`. */
export function bans(app: OpenAPIHono, deps: HttpDeps): void {
  app.openapi(list, (c) => {
    const page = pageOf(c.req.valid("query"));
    const behind = [...deps.bans.list()].filter((ban) => keyOf(ban) > (page.after ?? ""));
    const found = behind.sort((a, b) => keyOf(a) < keyOf(b) ? -1 : 1).slice(0, page.limit);
    return c.json({ bans: found.map(print), next: nextOf(c, found, page, keyOf) }, 200);
  });
  app.openapi(add, async (c) => {
    const { network, reason, minutes } = c.req.valid("json");
    const ban = await deps.bans.add(network, reason, minutes === null ? null : minutes * 60_000);
    if (!("refused" in ban)) return c.json(print(ban), 201);
    throw new ProblemError(
      ban.refused === "invalid"
        ? { status: 422, code: "invalid", detail: `${network} is no IP address and no block of them.` }
        : { status: 409, code: "full", detail: "There are too many bans; lift some, or ban a larger network." },
    );
  });
  app.openapi(remove, async (c) => {
    const { network } = c.req.valid("param");
    if (await deps.bans.remove(network)) return c.body(null, 204);
    throw new ProblemError({ status: 404, code: "notFound", detail: `${network} is not banned.` });
  });
}

/** Those by hand first. */
const keyOf = ({ by, network }: BanRow): string => `${by === "operator" ? 0 : 1} ${network}`;

function print({ since, until, ...rest }: BanRow): z.output<typeof schema> {
  return { ...rest, since: printTime(since), until: until === null ? null : printTime(until) };
}
