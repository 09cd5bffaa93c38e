/** What a policy host may do, and what comes of it. */
import assert from "node:assert/strict";
import { policyFetcher } from "../../../src/server/tls_policy/fetch_policy.ts";

const FILE = "version: STSv1\nmode: enforce\nmx: mx.there.example\nmax_age: 1000\n";
const PLAIN = { headers: { "content-type": "text/plain; charset=utf-8" } };

const fetched = (answer: (url: string, init: RequestInit) => Response | Promise<Response>, timeoutMs = 1000) =>
  policyFetcher({ request: (url, init) => Promise.resolve(answer(url, init)), timeoutMs });

Deno.test("policyFetcher() asks once, follows nothing and reads the policy", async () => {
  const asked: [string, unknown][] = [];
  const policy = await fetched((url, init) => {
    asked.push([url, init.redirect]);
    return new Response(FILE, PLAIN);
  })("there.example");
  assert.deepEqual(policy, { mode: "enforce", mx: ["mx.there.example"], maxAge: 1000 });
  assert.deepEqual(asked, [["https://mta-sts.there.example/.well-known/mta-sts.txt", "manual"]]);
});

Deno.test("policyFetcher() takes nothing else for a policy", async () => {
  const moved = () =>
    new Response(FILE, { status: 301, headers: { ...PLAIN.headers, location: "https://other.example/" } });
  const table: [Parameters<typeof fetched>[0], string][] = [
    [moved, "sts-policy-fetch-error"],
    [() => new Response(FILE, { ...PLAIN, status: 404 }), "sts-policy-fetch-error"],
    [() => new Response(FILE, { headers: { "content-type": "text/html" } }), "sts-policy-invalid"],
    [() => new Response("hello", PLAIN), "sts-policy-invalid"],
    [() => new Response(null, PLAIN), "sts-policy-invalid"],
    [() => Promise.reject(new TypeError("invalid peer certificate: UnknownIssuer")), "sts-webpki-invalid"],
    [
      () => Promise.reject(new TypeError("x", { cause: new Error("invalid peer certificate: Expired") })),
      "sts-webpki-invalid",
    ],
    [() => Promise.reject(new TypeError("connection refused")), "sts-policy-fetch-error"],
  ];
  for (const [answer, failed] of table) assert.deepEqual(await fetched(answer)("there.example"), { failed });
});

Deno.test("policyFetcher() stops reading a body that has no end", async () => {
  let pulled = 0;
  let cancelled = false;
  const line = new TextEncoder().encode(FILE + "x: y\n".repeat(200));
  const body = new ReadableStream<Uint8Array>({
    pull: (controller) => void (pulled += line.length, controller.enqueue(line)),
    cancel: () => void (cancelled = true),
  });
  assert.deepEqual(await fetched(() => new Response(body, PLAIN))("there.example"), { failed: "sts-policy-invalid" });
  assert.ok(cancelled && pulled < 128 * 1024, String(pulled));
});

Deno.test("policyFetcher() waits for a silent body only so long", async () => {
  let cancelled = false;
  const body = new ReadableStream<Uint8Array>({ cancel: () => void (cancelled = true) });
  const answer = await fetched(() => new Response(body, PLAIN), 20)("there.example");
  assert.deepEqual([answer, cancelled], [{ failed: "sts-policy-fetch-error" }, true]);
});

Deno.test("policyFetcher() asks nobody for what is no domain", async () => {
  for (const domain of ["", "a/b", "a@b", "a b", "a:1", "[192.0.2.1]", "é.example", "a..b", "x".repeat(300)]) {
    const answer = await fetched(() => assert.fail(domain))(domain);
    assert.deepEqual(answer, { failed: "sts-policy-fetch-error" });
  }
});
