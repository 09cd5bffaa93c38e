import assert from "node:assert/strict";
import { testAdmin } from "./admin_over_memory.ts";

interface Operation {
  readonly summary?: string;
  readonly "x-access"?: string;
  readonly security?: readonly Record<string, readonly string[]>[];
  readonly responses: Record<string, unknown>;
}

interface Document {
  readonly openapi: string;
  readonly info: { readonly version: string };
  readonly paths: Record<string, Record<string, Operation>>;
  readonly components: {
    readonly schemas: Record<string, unknown>;
    readonly securitySchemes: Record<string, unknown>;
  };
}

const ROUTES = [
  "DELETE /api/v1/accounts/{address}",
  "DELETE /api/v1/accounts/{address}/acl",
  "DELETE /api/v1/accounts/{address}/grants",
  "DELETE /api/v1/accounts/{address}/grants/{grantId}",
  "DELETE /api/v1/accounts/{address}/sieve/{name}",
  "DELETE /api/v1/accounts/{address}/tokens/{tokenId}",
  "DELETE /api/v1/aliases/{address}",
  "DELETE /api/v1/aliases/{address}/targets/{target}",
  "DELETE /api/v1/bans/{network}",
  "DELETE /api/v1/domains/{name}",
  "DELETE /api/v1/domains/{name}/dkim/{selector}",
  "DELETE /api/v1/domains/{name}/suppressions/{address}",
  "DELETE /api/v1/inbound-sources/{id}",
  "DELETE /api/v1/oauth/clients/{clientId}",
  "DELETE /api/v1/queue/{queueId}",
  "DELETE /api/v1/send/{id}",
  "DELETE /api/v1/sessions/{id}",
  "DELETE /api/v1/sieve/{place}/{name}",
  "DELETE /api/v1/webhooks/{id}",
  "GET /api/v1/accounts",
  "GET /api/v1/accounts/{address}",
  "GET /api/v1/accounts/{address}/acl",
  "GET /api/v1/accounts/{address}/delivery",
  "GET /api/v1/accounts/{address}/grants",
  "GET /api/v1/accounts/{address}/mailboxes",
  "GET /api/v1/accounts/{address}/mailboxes/{mailboxId}/messages/{uid}",
  "GET /api/v1/accounts/{address}/messages",
  "GET /api/v1/accounts/{address}/removed",
  "GET /api/v1/accounts/{address}/role",
  "GET /api/v1/accounts/{address}/rules",
  "GET /api/v1/accounts/{address}/sieve",
  "GET /api/v1/accounts/{address}/sieve/{name}",
  "GET /api/v1/accounts/{address}/sign-in",
  "GET /api/v1/accounts/{address}/tokens",
  "GET /api/v1/accounts/{address}/vacation",
  "GET /api/v1/aliases",
  "GET /api/v1/aliases/{address}",
  "GET /api/v1/audit",
  "GET /api/v1/bans",
  "GET /api/v1/configuration",
  "GET /api/v1/delivery/targets",
  "GET /api/v1/domains",
  "GET /api/v1/domains/{name}",
  "GET /api/v1/domains/{name}/dkim",
  "GET /api/v1/domains/{name}/dmarc",
  "GET /api/v1/domains/{name}/dns",
  "GET /api/v1/domains/{name}/dns/check",
  "GET /api/v1/domains/{name}/suppressions",
  "GET /api/v1/domains/{name}/suppressions/{address}",
  "GET /api/v1/domains/{name}/tls-reports",
  "GET /api/v1/inbound-sources",
  "GET /api/v1/inbound-sources/{id}",
  "GET /api/v1/logs",
  "GET /api/v1/me",
  "GET /api/v1/messages/{traceId}",
  "GET /api/v1/oauth/clients",
  "GET /api/v1/queue",
  "GET /api/v1/queue/{queueId}",
  "GET /api/v1/send/{id}",
  "GET /api/v1/sessions",
  "GET /api/v1/sieve",
  "GET /api/v1/sieve/{place}/{name}",
  "GET /api/v1/statistics",
  "GET /api/v1/webhooks",
  "GET /api/v1/webhooks/{id}",
  "GET /api/v1/webhooks/{id}/deliveries",
  "PATCH /api/v1/accounts/{address}",
  "PATCH /api/v1/accounts/{address}/delivery",
  "PATCH /api/v1/accounts/{address}/sieve",
  "PATCH /api/v1/domains/{name}",
  "PATCH /api/v1/inbound-sources/{id}",
  "PATCH /api/v1/webhooks/{id}",
  "POST /api/v1/accounts",
  "POST /api/v1/accounts/{address}/messages",
  "POST /api/v1/accounts/{address}/messages/known",
  "POST /api/v1/accounts/{address}/removed/restore",
  "POST /api/v1/accounts/{address}/restore",
  "POST /api/v1/accounts/{address}/revive",
  "POST /api/v1/accounts/{address}/rewind",
  "POST /api/v1/accounts/{address}/sieve-diff",
  "POST /api/v1/accounts/{address}/sieve-run",
  "POST /api/v1/accounts/{address}/sieve-test",
  "POST /api/v1/accounts/{address}/sign-in",
  "POST /api/v1/accounts/{address}/tokens",
  "POST /api/v1/aliases",
  "POST /api/v1/bans",
  "POST /api/v1/configuration/check",
  "POST /api/v1/deliveries",
  "POST /api/v1/domains",
  "POST /api/v1/domains/{name}/dkim",
  "POST /api/v1/domains/{name}/dkim/activate",
  "POST /api/v1/inbound",
  "POST /api/v1/inbound-sources",
  "POST /api/v1/inbound-sources/{id}/token",
  "POST /api/v1/messages",
  "POST /api/v1/oauth/clients",
  "POST /api/v1/queue/change",
  "POST /api/v1/queue/reroute",
  "POST /api/v1/queue/{queueId}/{change}",
  "POST /api/v1/send",
  "POST /api/v1/store/repair",
  "POST /api/v1/webhooks",
  "POST /api/v1/webhooks/{id}/deliveries/{delivery}/redeliver",
  "POST /api/v1/webhooks/{id}/secret",
  "POST /api/v1/webhooks/{id}/test",
  "PUT /api/v1/accounts/{address}",
  "PUT /api/v1/accounts/{address}/acl",
  "PUT /api/v1/accounts/{address}/mailboxes",
  "PUT /api/v1/accounts/{address}/password",
  "PUT /api/v1/accounts/{address}/role",
  "PUT /api/v1/accounts/{address}/rules",
  "PUT /api/v1/accounts/{address}/sieve/{name}",
  "PUT /api/v1/accounts/{address}/vacation",
  "PUT /api/v1/aliases/{address}",
  "PUT /api/v1/aliases/{address}/targets/{target}",
  "PUT /api/v1/domains/{name}",
  "PUT /api/v1/domains/{name}/suppressions/{address}",
  "PUT /api/v1/sieve/{place}/{name}",
];

async function description(): Promise<Document> {
  const { status, json } = await testAdmin().ask("GET", "/api/v1/openapi.json");
  assert.equal(status, 200);
  return json as Document;
}

Deno.test("the OpenAPI document lists every route with its words and refusals", async () => {
  const { openapi, info, paths } = await description();
  assert.deepEqual([openapi, info.version], ["3.1.0", "0.0.0-test"]);
  const found: string[] = [];
  for (const [path, operations] of Object.entries(paths)) {
    for (const [method, { summary, responses, security, "x-access": access }] of Object.entries(operations)) {
      const route = `${method.toUpperCase()} ${path}`;
      found.push(route);
      assert.ok(summary, route);
      assert.ok(Object.keys(responses).some((status) => status.startsWith("2")), route);
      assert.ok("401" in responses && "403" in responses, route);
      const roles = access === "account" ? [] : [access];
      if (route === "POST /api/v1/inbound") continue; // has tokens of its own
      assert.ok(access === "account" || access === "domain" || access === "server", route);
      assert.deepEqual(security, [{ token: [] }, { password: roles }, { accountToken: roles }], route);
    }
  }
  assert.deepEqual(found.sort(), ROUTES);
});

Deno.test("every reference of the OpenAPI document leads somewhere, and every path parameter is described", async () => {
  const document = await description();
  assert.deepEqual(Object.keys(document.components.securitySchemes), ["token", "password", "accountToken", "source"]);
  const todo: unknown[] = [document];
  let references = 0;
  while (todo.length > 0) {
    const at = todo.pop();
    if (typeof at !== "object" || at === null) continue;
    const reference = (at as { $ref?: unknown }).$ref;
    if (typeof reference === "string") {
      references++;
      const name = reference.replace("#/components/schemas/", "");
      assert.ok(name in document.components.schemas, reference);
    }
    todo.push(...Object.values(at));
  }
  assert.ok(references > 10);
  for (const [path, operations] of Object.entries(document.paths)) {
    const wanted = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name).sort();
    for (const [method, operation] of Object.entries(operations)) {
      const { parameters = [] } = operation as { parameters?: { name: string; in: string; required: boolean }[] };
      const inPath = parameters.filter((one) => one.in === "path");
      assert.deepEqual(inPath.map((one) => one.name).sort(), wanted, `${method} ${path}`);
      assert.ok(inPath.every((one) => one.required), `${method} ${path}`);
    }
  }
});

Deno.test("/health is 503 unless all is well, and /metrics is the text of Prometheus", async () => {
  for (const [status, expected] of [["ok", 200], ["stopping", 503], ["failing", 503]] as const) {
    const { ask } = testAdmin({ health: () => ({ status, queue: 3 }) });
    const answer = await ask("GET", "/health");
    assert.deepEqual([answer.status, answer.json], [expected, { status, queue: 3 }]);
  }
  const metrics = await testAdmin().ask("GET", "/metrics");
  assert.match(metrics.headers.get("content-type") ?? "", /^text\/plain; version=0\.0\.4/);
  assert.equal(metrics.text, "palomar_up 1\n");
});

Deno.test("the page at / escapes the names it shows", async () => {
  const { text } = await testAdmin({ hostname: '<script>"&' }).ask("GET", "/");
  assert.ok(text.includes("&lt;script&gt;&quot;&amp;"));
  assert.ok(!text.includes("<script>"));
});
