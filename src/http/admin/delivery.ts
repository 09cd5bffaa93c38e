import { createRoute, type OpenAPIHono, z } from "@hono/zod-openapi";
import type { DeliverySettings, VacationSettings } from "../../contract/mod.ts";
import type { HttpDeps } from "../deps.ts";
import { unlessRefused } from "../problem.ts";
import { address, answer, body, NOT_FOUND, printTime, PROBLEMS, time } from "./words.ts";

const tags = ["delivery"];
const moment = z.iso.datetime({ offset: true, error: 'should be a time, as "2027-01-31T00:00:00Z"' });

const vacation = z.object({
  enabled: z.boolean(),
  from: time.nullable(),
  to: time.nullable(),
  subject: z.string().nullable(),
  text: z.string(),
}).openapi("Vacation");

const delivery = z.object({
  subaddressFolders: z.boolean().openapi({ description: "mail for user+detail goes into the mailbox of that name" }),
  lists: z.record(z.string(), z.array(z.string())).openapi({
    description: "addresses by the names that scripts ask for with :list (RFC 6134)",
    example: { ":friends": ["bob@example.org"] },
  }),
}).openapi("Delivery");

const getVacation = createRoute({
  method: "get",
  path: "/accounts/{address}/vacation",
  tags,
  summary: "The answer that an account gives without a script",
  request: { params: z.object({ address }) },
  responses: { 200: answer(vacation, "as it stands"), ...PROBLEMS, ...NOT_FOUND },
});

const putVacation = createRoute({
  method: "put",
  path: "/accounts/{address}/vacation",
  tags,
  summary: "Answer whoever writes, once a week at most; beside the active script",
  request: {
    params: z.object({ address }),
    body: body(z.strictObject({
      enabled: z.boolean(),
      from: moment.nullable().default(null).openapi({ description: "nobody is answered before" }),
      to: moment.nullable().default(null).openapi({ description: "nor then and later" }),
      subject: z.string().nullable().default(null),
      text: z.string().default(""),
    })),
  },
  responses: { 200: answer(vacation, "from now on"), ...PROBLEMS, ...NOT_FOUND },
});

const getDelivery = createRoute({
  method: "get",
  path: "/accounts/{address}/delivery",
  tags,
  summary: "How an account wants its mail delivered, besides its script",
  request: { params: z.object({ address }) },
  responses: { 200: answer(delivery, "as it stands"), ...PROBLEMS, ...NOT_FOUND },
});

const patchDelivery = createRoute({
  method: "patch",
  path: "/accounts/{address}/delivery",
  tags,
  summary: "Change it; what is left out stays",
  request: {
    params: z.object({ address }),
    body: body(z.strictObject({
      subaddressFolders: z.boolean().optional(),
      lists: z.record(z.string(), z.array(z.string())).optional(),
    })),
  },
  responses: { 200: answer(delivery, "from now on"), ...PROBLEMS, ...NOT_FOUND },
});

/** `/accounts/{address}/vacation` and `/accounts/{address}/delivery`. */
export function delivering(app: OpenAPIHono, { perform }: HttpDeps): void {
  app.openapi(getVacation, async (c) => {
    const found = unlessRefused(await perform("delivery.settings", c.req.valid("param")));
    return c.json(printVacation(found.vacation), 200);
  });
  app.openapi(putVacation, async (c) => {
    const { from, to, ...rest } = c.req.valid("json");
    const wanted: VacationSettings = { ...rest, from: ms(from), to: ms(to) };
    const args = { ...c.req.valid("param"), change: { vacation: wanted } };
    return c.json(printVacation(unlessRefused(await perform("delivery.change", args)).vacation), 200);
  });
  app.openapi(getDelivery, async (c) => {
    return c.json(printDelivery(unlessRefused(await perform("delivery.settings", c.req.valid("param")))), 200);
  });
  app.openapi(patchDelivery, async (c) => {
    const { subaddressFolders, lists } = c.req.valid("json");
    const change = {
      ...(subaddressFolders !== undefined && { subaddressFolders }),
      ...(lists !== undefined && { lists }),
    };
    const args = { ...c.req.valid("param"), change };
    return c.json(printDelivery(unlessRefused(await perform("delivery.change", args))), 200);
  });
}

function ms(moment: string | null): number | null {
  return moment === null ? null : Date.parse(moment);
}

function printVacation(settings: VacationSettings | null): z.output<typeof vacation> {
  if (settings === null) return { enabled: false, from: null, to: null, subject: null, text: "" };
  const { from, to } = settings;
  return { ...settings, from: from === null ? null : printTime(from), to: to === null ? null : printTime(to) };
}

function printDelivery({ subaddressFolders, lists }: DeliverySettings): z.output<typeof delivery> {
  return {
    subaddressFolders,
    lists: Object.fromEntries(Object.entries(lists).map(([name, members]) => [name, [...members]])),
  };
}
