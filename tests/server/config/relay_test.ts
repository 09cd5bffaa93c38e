import assert from "node:assert/strict";
import { type Config, formatProblem, parseConfig } from "../../../src/server/config/mod.ts";

const GOOD = { hostname: "mail.example.org", listeners: [{ protocol: "smtp", port: 25, tls: "starttls" }] };
const parsed = (relay: unknown) => parseConfig({ ...GOOD, outbound: { relay } }, "/etc/palomar");
const URL_ = "https://api.example.net/v1/send";

Deno.test("a relay by HTTP has its host and port from the URL, and defaults for the rest", () => {
  const { outbound } = parsed({
    protocol: "http",
    url: "https://api.example.net:8443/v1/send?x=1",
    token: "s3cret",
    headers: { "X-Account": "7" },
    fields: { message: "raw" },
    ca: "ca.pem",
  }) as Config;
  const { http, host, port, tls, ca } = outbound.relay!;
  assert.deepEqual([host, port, tls, ca], ["api.example.net", 8443, "implicit", "/etc/palomar/ca.pem"]);
  assert.equal(http!.url, "https://api.example.net:8443/v1/send?x=1");
  assert.equal(http!.token!.reveal(), "s3cret");
  assert.equal(http!.headers.get("X-Account")!.reveal(), "7");
  assert.deepEqual(http!.fields, { from: "from", to: "to", message: "raw" });
  assert.deepEqual([http!.format, http!.recipients], ["json", 50]);
  assert.ok(!JSON.stringify(outbound.relay).includes("s3cret"));
  const six = parsed({ protocol: "http", url: "http://[::1]/", tls: "none" }) as Config;
  assert.deepEqual([six.outbound.relay!.host, six.outbound.relay!.port], ["::1", 80]);
});

Deno.test("a transport of the program's own is named", () => {
  const { outbound } = parsed({ protocol: "custom", transport: "pigeon", connections: 2 }) as Config;
  const { host, port, transport, connections } = outbound.relay!;
  assert.deepEqual([host, port, transport, connections], ["pigeon", 0, "pigeon", 2]);
});

const BAD: readonly (readonly [string, unknown, string])[] = [
  ["http without URL", { protocol: "http" }, "outbound.relay.url: missing"],
  ["http with a host", { protocol: "http", url: URL_, host: "h.example" }, "outbound.relay.host: is not for"],
  [
    "in clear by accident",
    { protocol: "http", url: "http://api.example.net/" },
    "outbound.relay.url: should begin with https",
  ],
  ["a URL that is none", { protocol: "http", url: "ftp://x/" }, "outbound.relay.url:"],
  ["a login in the URL", { protocol: "http", url: "https://u:p@api.example.net/" }, "without login"],
  [
    "two secrets",
    { protocol: "http", url: URL_, token: "t", username: "u", password: "p" },
    "outbound.relay.token: leave",
  ],
  [
    "a token with a line end",
    { protocol: "http", url: URL_, token: "a\r\nb: c" },
    "outbound.relay.token: a field's value",
  ],
  ["a field's value with a line end", { protocol: "http", url: URL_, headers: { X: "a\nb" } }, "one line of ASCII"],
  [
    "a field that is the request's",
    { protocol: "http", url: URL_, headers: { "Content-Length": "1" } },
    "request's own",
  ],
  ["a field's name that is none", { protocol: "http", url: URL_, fields: { to: 'a"b' } }, "outbound.relay.fields.to"],
  ["a URL for SMTP", { host: "h.example", url: URL_ }, 'outbound.relay.url: is for protocol "http"'],
  ["a transport for SMTP", { host: "h.example", transport: "x" }, "outbound.relay.transport: is for"],
  ["a custom one without name", { protocol: "custom" }, "outbound.relay.transport: missing"],
  [
    "a custom one with a host",
    { protocol: "custom", transport: "x", host: "h.example" },
    "outbound.relay.host: is not for",
  ],
  ["authority without TLS", { protocol: "http", url: "http://x/", tls: "none", ca: "x" }, "outbound.relay.ca"],
];
for (const [what, relay, says] of BAD) {
  Deno.test(`a relay is refused: ${what}`, () => {
    const result = parsed(relay);
    assert.ok(!("hostname" in result), "should be refused");
    const text = result.map(formatProblem).join("\n");
    assert.ok(text.includes(says), text);
    assert.ok(!text.includes("a\r\nb"), "no secret is told");
  });
}
