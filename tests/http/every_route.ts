/** Each route of the OpenAPI document as a request that could do something. */
import type { TestAdmin } from "./admin_over_memory.ts";

interface Parameter {
  readonly name: string;
  readonly in: string;
  readonly required?: boolean;
}

export interface Operation {
  readonly "x-access": "server" | "domain" | "account";
  readonly security: readonly unknown[];
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly content: Record<string, unknown> };
  readonly responses: Record<string, { readonly content?: Record<string, unknown>; readonly headers?: unknown }>;
}

export interface OpenApi {
  readonly paths: Record<string, Record<string, Operation>>;
}

export async function openApi({ ask }: Pick<TestAdmin, "ask">): Promise<OpenApi> {
  return (await ask("GET", "/api/v1/openapi.json")).json as OpenApi;
}

/** Values that do something where a route needs some. */
const BODIES: Readonly<Record<string, unknown>> = {
  "POST /domains": { name: "new.example" },
  "PATCH /domains/{name}": { catchAll: null },
  "PUT /domains/{name}": { catchAll: null },
  "PUT /accounts/{address}": { name: "Mallory", password: "mine" },
  "PUT /aliases/{address}": { targets: ["mallory@example.net"] },
  "POST /domains/{name}/dkim/activate": { force: true },
  "PATCH /accounts/{address}": { name: "Mallory" },
  "PUT /accounts/{address}/password": { password: "mine" },
  "PUT /accounts/{address}/role": { role: "server" },
  "PUT /accounts/{address}/acl": { mailbox: "INBOX", identifier: "anyone", rights: "lr" },
  "PUT /accounts/{address}/mailboxes": { mailbox: "Mine" },
  "POST /accounts/{address}/tokens": { name: "mine" },
  "PUT /accounts/{address}/vacation": { enabled: true, text: "away" },
  "PATCH /accounts/{address}/delivery": { forward: ["mallory@example.net"] },
  "PUT /accounts/{address}/rules": { rules: [] },
  "PUT /accounts/{address}/sieve/{name}": { content: "discard;", activate: true },
  "PATCH /accounts/{address}/sieve": { active: null },
  "POST /send": { from: "alice@a.example", to: "zoe@there.example" },
  "POST /webhooks": { url: "https://x.example/", events: ["received"], domains: ["a.example"] },
  "PATCH /webhooks/{id}": { enabled: true },
  "POST /inbound-sources": { name: "mine", domains: ["a.example"] },
  "PATCH /inbound-sources/{id}": { enabled: true },
  "PUT /domains/{name}/suppressions/{address}": { detail: "mine" },
  "POST /bans": { network: "192.0.2.9" },
  "POST /queue/change": { change: "remove", ids: "all" },
  "POST /queue/reroute": { ids: "all", to: null },
};
const QUERIES: Readonly<Record<string, string>> = {
  mailbox: "INBOX",
  identifier: "anyone",
  sender: "mallory@example.net",
  recipient: "alice@a.example",
};

export interface RouteRequest {
  /** `PUT /accounts/{address}`. */
  readonly route: string;
  readonly access: Operation["x-access"];
  readonly method: string;
  readonly path: string;
  readonly body: unknown;
  /** Of a body that is no JSON. */
  readonly type: string | null;
  /** The path names a domain, an account or an alias. */
  readonly ofThing: boolean;
}

/** All routes, about these. */
export function* requestsOf(
  document: OpenApi,
  domain: string,
  account: string,
  alias: string,
): Generator<RouteRequest> {
  for (const [template, operations] of Object.entries(document.paths)) {
    for (const [lower, operation] of Object.entries(operations)) {
      const plain = template.replace("/api/v1", "");
      if (plain === "/inbound") continue; // nobody's login is good for it: it has tokens of its own
      const method = lower.toUpperCase();
      const route = `${method} ${plain}`;
      const address = plain.startsWith("/accounts") ? account : alias;
      const values: Record<string, string> = {
        address,
        target: "zoe@example.net",
        name: plain.startsWith("/domains") ? domain : "mine",
      };
      const path = plain.replaceAll(
        /\{(\w+)\}/g,
        (_, name) => encodeURIComponent(values[name] ?? (name === "change" ? "retry" : "x1")),
      );
      const query = (operation.parameters ?? []).filter((one) => one.in === "query" && one.required)
        .map(({ name }) => `${name}=${encodeURIComponent(QUERIES[name] ?? "x")}`).join("&");
      const types = Object.keys(operation.requestBody?.content ?? {});
      const json = types.length === 0 ? undefined : BODIES[route] ?? addition(plain, domain) ?? {};
      const type = types.length > 0 && !types.includes("application/json") ? types[0]! : null;
      yield {
        route,
        access: operation["x-access"],
        method,
        path: query === "" ? path : `${path}?${query}`,
        body: json,
        type,
        ofThing: /^\/(accounts|aliases|groups)\/\{address\}|^\/domains\/\{name\}/.test(plain),
      };
    }
  }
}

function addition(path: string, domain: string): unknown {
  if (path === "/accounts") return { address: `mallory@${domain}`, password: "x" };
  if (path === "/aliases") return { address: `mallory@${domain}`, targets: ["mallory@example.net"] };
  return undefined;
}
