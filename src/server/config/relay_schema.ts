/** A relay in the configuration: another server, or a service that takes messages by HTTP. */
import { z } from "zod";
import { isIP } from "node:net";
import { parseDomain } from "../../base/address.ts";
import { Secret } from "../../base/secret.ts";
import type { HttpRelayConfig, RelayConfig } from "./config.ts";
import { integer, oneOf, shown, text } from "./values.ts";

const secret = (what: string) => text(what).transform((value) => new Secret(value));
const fieldName = text("a name of letters, digits, _ and -").regex(/^[A-Za-z0-9_-]{1,64}$/, {
  error: (issue) => `${shown(issue.input)} should be a name of letters, digits, _ and -`,
});
/** RFC 9110 section 5.5: what may stand in a field. */
const fieldValue = text("the field's value").regex(/^[\x21-\x7e][\x20-\x7e]{0,4095}$/, {
  error: "a field's value should be one line of ASCII",
}).transform((value) => new Secret(value));

/** Fields that are the request's own. */
const TAKEN = /^(host|content-.*|transfer-encoding|connection|idempotency-key|accept|expect)$/i;

const FIELDS = {
  host: text('a host name or IP address, as "smtp.example.org"').refine(
    (value) => isIP(value) !== 0 || parseDomain(value) !== null,
    { error: (issue) => `${shown(issue.input)} should be a host name or an IP address` },
  ).optional(),
  port: integer(1, 65_535).optional(),
  protocol: oneOf(["smtp", "lmtp", "http", "custom"]).default("smtp"),
  tls: oneOf(["none", "starttls", "implicit"]).optional(),
  ca: text("the path of a PEM file with the certificates that sign the relay's").nullable().default(null),
  connections: integer(1, 1000).nullable().default(null),
  username: text("the name to log in with").nullable().default(null),
  password: secret("the password to log in with").nullable().default(null),
  url: text('a URL, as "https://api.example.org/send"').optional(),
  token: fieldValue.optional(),
  headers: z.record(fieldName, fieldValue, {
    error: (issue) => `${shown(issue.input)} should be header fields, as { "X-Api-Key": "…" }`,
  }).optional(),
  format: oneOf(["json", "multipart", "mime"]).optional(),
  fields: z.strictObject({ from: fieldName.optional(), to: fieldName.optional(), message: fieldName.optional() }, {
    error: (issue) => `${shown(issue.input)} should be names, as { "from": "from", "to": "to", "message": "message" }`,
  }).optional(),
  recipients: integer(1, 1000).optional(),
  transport: fieldName.optional(),
};

type Read = z.output<z.ZodObject<typeof FIELDS>>;
type Refuse = (key: keyof Read, message: string) => void;

/** Keys that only `http` has. */
const HTTP_KEYS = ["url", "token", "headers", "format", "fields", "recipients"] as const;

/** A relay of any kind. */
export const relay = z.strictObject(FIELDS).transform((value, context): RelayConfig => {
  const refuse: Refuse = (key, message) => context.addIssue({ code: "custom", path: [key], message });
  if (value.username !== null && value.password === null) refuse("password", "missing; a username needs one");
  if (value.username === null && value.password !== null) refuse("username", "missing; a password needs one");
  if (value.ca !== null && value.tls === "none") refuse("ca", 'is for TLS, and tls is "none"; leave one of them out');
  for (const key of value.protocol === "http" ? [] : HTTP_KEYS) {
    if (value[key] !== undefined) refuse(key, 'is for protocol "http"');
  }
  if (value.protocol !== "custom" && value.transport !== undefined) refuse("transport", 'is for protocol "custom"');
  if (value.protocol === "http") return httpRelay(value, refuse);
  const { ca, connections, username, password, protocol } = value;
  const common = { ca, connections, username, password, protocol };
  if (value.protocol === "custom") {
    for (const key of ["host", "port", "tls", "ca", "username", "password"] as const) {
      if (value[key] !== undefined && value[key] !== null) refuse(key, 'is not for protocol "custom"');
    }
    if (value.transport === undefined) refuse("transport", "missing; it names what the program brings along");
    const transport = value.transport ?? "";
    return { ...common, host: transport, port: 0, tls: "none", transport };
  }
  if (value.host === undefined) refuse("host", "missing");
  return { ...common, host: value.host ?? "", port: value.port ?? 25, tls: value.tls ?? "starttls" };
});

function httpRelay(value: Read, refuse: Refuse): RelayConfig {
  for (const key of ["host", "port"] as const) {
    if (value[key] !== undefined) refuse(key, 'is not for protocol "http"; it stands in url');
  }
  const url = urlOf(value.url, value.tls, refuse);
  if (value.token !== undefined && value.username !== null) refuse("token", "leave it or username and password out");
  const headers = new Map(Object.entries(value.headers ?? {}));
  for (const name of headers.keys()) if (TAKEN.test(name)) refuse("headers", `${name} is the request's own`);
  const http: HttpRelayConfig = {
    url: url?.href ?? "",
    token: value.token ?? null,
    headers,
    format: value.format ?? "json",
    fields: { from: "from", to: "to", message: "message", ...defined(value.fields ?? {}) },
    recipients: value.recipients ?? 50,
  };
  const { ca, connections, username, password } = value;
  const secure = url?.protocol !== "http:";
  const port = url && url.port !== "" ? Number(url.port) : secure ? 443 : 80;
  const host = (url?.hostname ?? "").replace(/^\[|\]$/g, "");
  return { host, port, protocol: "http", tls: secure ? "implicit" : "none", ca, connections, username, password, http };
}

function urlOf(text: string | undefined, tls: Read["tls"], refuse: Refuse): URL | null {
  if (text === undefined) {
    refuse("url", 'missing; protocol "http" needs one');
    return null;
  }
  const url = URL.parse(text);
  if (url === null || !["http:", "https:"].includes(url.protocol) || url.username + url.password + url.hash !== "") {
    refuse("url", `${shown(text)} should be a URL, as "https://api.example.org/send", without login and fragment`);
    return null;
  }
  if (url.protocol === "http:" && tls !== "none") {
    refuse("url", 'should begin with https://; where the mail may go in clear, say "tls": "none"');
  }
  if (url.protocol === "https:" && tls === "none") refuse("tls", '"none" is not for a URL of https');
  return url;
}

function defined<T extends Record<string, unknown>>(value: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(value).filter(([, one]) => one !== undefined)) as never;
}
