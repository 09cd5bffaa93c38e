import { createRoute, type OpenAPIHono, z } from "@hono/zod-openapi";
import type { HttpDeps } from "../deps.ts";
import { ProblemError } from "../problem.ts";
import { REPORT_DAYS } from "../report_desk.ts";
import { answer, domainName, NOT_FOUND, PROBLEMS } from "./words.ts";

const count = z.int().min(0);
const day = z.string().openapi({ format: "date", example: "2026-01-31" });
const names = z.array(z.string());

const reporter = z.object({
  reporter: z.string().openapi({ description: "the domain that its reports were shown to be from" }),
  organization: z.string().openapi({ description: "as it calls itself" }),
  reports: count,
  lastReport: day,
}).openapi("Reporter");

const source = z.object({
  source: z.string().openapi({ description: 'an IP address, or "others"', example: "192.0.2.1" }),
  messages: count,
  passed: count.openapi({ description: "passed DMARC: DKIM or SPF aligned" }),
  dkim: count,
  spf: count,
  quarantined: count,
  rejected: count,
  from: names,
  signedBy: names.openapi({ description: "domains of signatures that passed" }),
  envelopeFrom: names,
  reporters: names,
  firstSeen: day,
  lastSeen: day,
}).openapi("DmarcSource");

const dmarcSummary = z.object({
  domain: z.string(),
  days: z.int(),
  messages: count,
  passed: count,
  sources: z.array(source).openapi({ description: "those with most failures first" }),
  failures: z.array(z.object({
    source: z.string().nullable(),
    from: z.string().nullable(),
    failure: z.string(),
    messages: count,
    reporters: names,
    lastSeen: day,
  })).openapi({ description: "from failure reports, about single messages" }),
  reporters: z.array(reporter),
}).openapi("DmarcSummary");

const policy = z.enum(["tlsa", "sts", "no-policy-found"]);

const tlsSummary = z.object({
  domain: z.string(),
  days: z.int(),
  succeeded: count,
  failed: count,
  policies: z.array(z.object({ policy, succeeded: count, failed: count })),
  failures: z.array(z.object({
    failure: z.string().openapi({ example: "certificate-expired" }),
    policy,
    host: z.string().nullable(),
    sessions: count,
    reporters: names,
    sendingIps: names,
    reasons: names,
    firstSeen: day,
    lastSeen: day,
  })),
  reporters: z.array(reporter),
}).openapi("TlsReportSummary");

const request = {
  params: z.object({ name: domainName }),
  query: z.object({
    days: z.coerce.number().int().min(1).max(REPORT_DAYS).default(30).openapi({
      description: "so many days, today with them",
    }),
  }),
};
const tags = ["reports"];

const dmarc = createRoute({
  method: "get",
  path: "/domains/{name}/dmarc",
  "x-access": "domain",
  tags,
  summary: "Who sends in the name of a domain, by the DMARC reports of others",
  request,
  responses: { 200: answer(dmarcSummary, "what is known"), ...PROBLEMS, ...NOT_FOUND },
});

const tls = createRoute({
  method: "get",
  path: "/domains/{name}/tls-reports",
  "x-access": "domain",
  tags,
  summary: "How TLS with the domain's hosts went, by the reports of others",
  request,
  responses: { 200: answer(tlsSummary, "what is known"), ...PROBLEMS, ...NOT_FOUND },
});

/** `/domains/{name}/dmarc` and `/tls-reports`. */
export function reports(app: OpenAPIHono, { reports, perform }: HttpDeps): void {
  const known = async (name: string): Promise<string> => {
    if (await perform("domain.get", { name }) !== null) return name;
    throw new ProblemError({ status: 404, code: "notFound", detail: `There is no domain ${name} here.` });
  };
  app.openapi(dmarc, async (c) => {
    const domain = await known(c.req.valid("param").name);
    const { days } = c.req.valid("query");
    return c.json({ domain, days, ...await reports.dmarc(domain, days) } as z.output<typeof dmarcSummary>, 200);
  });
  app.openapi(tls, async (c) => {
    const domain = await known(c.req.valid("param").name);
    const { days } = c.req.valid("query");
    return c.json({ domain, days, ...await reports.tls(domain, days) } as z.output<typeof tlsSummary>, 200);
  });
}
