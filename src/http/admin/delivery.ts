import { createRoute, type OpenAPIHono, z } from "@hono/zod-openapi";
import type { DeliverySettings, VacationSettings } from "../../contract/mod.ts";
import type { HttpDeps } from "../deps.ts";
import { ProblemError, unlessRefused } from "../problem.ts";
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
  forward: z.array(z.string()).openapi({ description: "addresses that all its mail goes on to" }),
  targets: z.array(z.string()).openapi({
    description: "programs and places of the configuration that it goes to, too",
    example: ["maildir:home"],
  }),
  keep: z.boolean().openapi({ description: "whether what goes there is kept here as well" }),
  duplicates: z.int().nullable().openapi({
    description: "a Message-ID that came within so many seconds before is left out; null: none is",
  }),
}).openapi("Delivery");

const target = z.object({
  name: z.string().openapi({ example: "program:learn" }),
  arguments: z.int().openapi({ description: "that scripts may give it" }),
  off: z.string().nullable().openapi({ description: "why it cannot be used now" }),
}).openapi("Target");

const getTargets = createRoute({
  method: "get",
  path: "/delivery/targets",
  "x-access": "account",
  tags,
  summary: "Programs and places that mail may go to besides the store",
  responses: { 200: answer(z.object({ targets: z.array(target) }), "as the configuration has them"), ...PROBLEMS },
});

const getVacation = createRoute({
  method: "get",
  path: "/accounts/{address}/vacation",
  "x-access": "account",
  tags,
  summary: "The answer that an account gives without a script",
  request: { params: z.object({ address }) },
  responses: { 200: answer(vacation, "as it stands"), ...PROBLEMS, ...NOT_FOUND },
});

const putVacation = createRoute({
  method: "put",
  path: "/accounts/{address}/vacation",
  "x-access": "account",
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
  "x-access": "account",
  tags,
  summary: "How an account wants its mail delivered, besides its script",
  request: { params: z.object({ address }) },
  responses: { 200: answer(delivery, "as it stands"), ...PROBLEMS, ...NOT_FOUND },
});

const patchDelivery = createRoute({
  method: "patch",
  path: "/accounts/{address}/delivery",
  "x-access": "account",
  tags,
  summary: "Change it; what is left out stays",
  request: {
    params: z.object({ address }),
    body: body(z.strictObject({
      subaddressFolders: z.boolean().optional(),
      lists: z.record(z.string(), z.array(z.string())).optional(),
      forward: z.array(address).optional(),
      targets: z.array(z.string()).optional(),
      keep: z.boolean().optional(),
      duplicates: z.int().nullable().optional(),
    })),
  },
  responses: { 200: answer(delivery, "from now on"), ...PROBLEMS, ...NOT_FOUND },
});

/** `/accounts/{address}/vacation` and `/accounts/{address}/delivery`. */
export function delivering(app: OpenAPIHono, { perform, targets }: HttpDeps): void {
  app.openapi(getTargets, (c) => c.json({ targets: targets.map((one) => ({ ...one })) }, 200));
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
    const wanted = c.req.valid("json");
    const named = wanted.targets?.map((name) => name.includes(":") ? name : `program:${name}`);
    if (named) checkTargets(named, targets);
    const given = { ...wanted, ...(named && { targets: [...new Set(named)] }) };
    const change = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
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

/** Only what the configuration names; nothing that a user writes becomes a path or a command. */
function checkTargets(wanted: readonly string[], known: HttpDeps["targets"]): void {
  const wrong = wanted.findIndex((name) => !known.some((one) => one.name === name));
  if (wrong < 0) return;
  const names = known.map(({ name }) => name).join(", ");
  const reason = known.length === 0
    ? "the configuration names no program or place (delivery)"
    : `should be one of ${names}`;
  const detail = `targets.${wrong}: ${reason}`;
  throw new ProblemError({ status: 422, code: "targets", detail, errors: [{ path: `targets.${wrong}`, reason }] });
}

function printDelivery(
  { subaddressFolders, lists, forward, targets, keep, duplicates }: DeliverySettings,
): z.output<typeof delivery> {
  return {
    subaddressFolders,
    forward: [...forward],
    targets: [...targets],
    keep,
    duplicates,
    lists: Object.fromEntries(Object.entries(lists).map(([name, members]) => [name, [...members]])),
  };
}
