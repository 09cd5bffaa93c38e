/** HTTPS to where strangers' names lead: real sockets on loopback, names from a table. */
import assert from "node:assert/strict";
import { createServer as createTlsServer } from "node:tls";
import { scriptedResolver } from "../../../src/dns/mod.ts";
import { policyFetcher } from "../../../src/server/tls_policy/fetch_policy.ts";
import { outwardRequest } from "../../../src/server/tls_policy/outward_request.ts";
import { certificate, type Made } from "./tls_peer.ts";

const HOST = "mta-sts.there.example";
const FILE = "version: STSv1\nmode: enforce\nmx: mx.there.example\nmax_age: 1000\n";
const a = (...addresses: string[]) => ({ A: addresses.map((address) => ({ type: "A", address }) as const) });

interface Door {
  readonly port: number;
  readonly heard: string[];
  [Symbol.asyncDispose](): Promise<void>;
}

/** Answers every request with these octets, and says no more; `null`: nothing at all. */
async function door(made: Made, answer: string | null, ends = true): Promise<Door> {
  const heard: string[] = [];
  const sockets = new Set<{ destroy(): void }>();
  const server = createTlsServer({ cert: made.chain, key: made.key }, (socket) => {
    sockets.add(socket);
    socket.on("error", () => {}).on("data", (octets: unknown) => {
      heard.push(String(octets));
      if (answer === null) return;
      if (ends) socket.end(answer);
      else socket.write(answer);
    });
  });
  server.on("tlsClientError", () => {});
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as { port: number }).port,
    heard,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const ok = (body: string) =>
  `HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: ${body.length}\r\n\r\n${body}`;

interface Asked {
  readonly zones?: Parameters<typeof scriptedResolver>[0];
  readonly privateAddresses?: boolean;
  readonly ms?: number;
  readonly init?: RequestInit;
}

function asked(url: string, ca: string | undefined, more: Asked = {}): Promise<Response> {
  const { resolve } = scriptedResolver(more.zones ?? { [HOST]: a("127.0.0.1") });
  const request = outwardRequest({
    resolve,
    privateAddresses: more.privateAddresses ?? true,
    ...(ca === undefined ? {} : { ca }),
  });
  return request(url, { signal: AbortSignal.timeout(more.ms ?? 5000), ...more.init });
}

Deno.test("outwardRequest() asks the address of our resolver, by the name of the URL", async () => {
  const made = certificate(HOST);
  await using there = await door(made, ok(FILE));
  const answer = await asked(`https://${HOST}:${there.port}/x?y=1`, made.ca);
  assert.deepEqual([answer.status, answer.headers.get("content-type")], [200, "text/plain"]);
  assert.equal(await answer.text(), FILE);
  assert.match(
    there.heard.join(""),
    new RegExp(`^GET /x\\?y=1 HTTP/1\\.1\r\n[^]*host: ${HOST}:${there.port}\r\n`, "i"),
  );
});

Deno.test("outwardRequest() posts octets", async () => {
  const made = certificate(HOST);
  await using there = await door(made, "HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n");
  const init = { method: "POST", headers: { "content-type": "a/b" }, body: new TextEncoder().encode("octets") };
  const answer = await asked(`https://${HOST}:${there.port}/`, made.ca, { init });
  await answer.body?.cancel();
  assert.equal(answer.status, 201);
  const heard = there.heard.join("");
  assert.match(heard, /^POST \/ [^]*content-length: 6\r\n/i);
  assert.ok(heard.endsWith("octets"), heard);
});

Deno.test("outwardRequest() goes to no address that is not public, whatever form it has", async () => {
  const made = certificate(HOST);
  await using there = await door(made, ok(FILE));
  const inside = ["127.0.0.1", "10.1.2.3", "192.168.0.1", "169.254.169.254", "0.0.0.0", "100.64.0.1"];
  for (const address of inside) {
    const at = asked(`https://${HOST}:${there.port}/`, made.ca, {
      zones: { [HOST]: a(address) },
      privateAddresses: false,
    });
    await assert.rejects(at, { name: "OutwardRefusal", message: `${HOST} (${address}) is not on the public Internet` });
  }
  const six = { [HOST]: { AAAA: [{ type: "AAAA", address: "::ffff:127.0.0.1" }] } } as const;
  await assert.rejects(
    asked(`https://${HOST}/`, made.ca, { zones: six, privateAddresses: false }),
    /not on the public/,
  );
  for (const host of ["127.0.0.1", "[::1]", "0x7f.1", "2130706433", "[::ffff:7f00:1]", "[fd00::1]"]) {
    const at = asked(`https://${host}:${there.port}/`, made.ca, { privateAddresses: false });
    await assert.rejects(at, { name: "OutwardRefusal" }, host);
  }
  assert.deepEqual(there.heard, []);
});

Deno.test("outwardRequest() takes no other scheme, no login, and no name without an address", async () => {
  for (const url of [`http://${HOST}/`, "file:///etc/passwd", `https://a:b@${HOST}/`, "https://nowhere.example/"]) {
    await assert.rejects(asked(url, undefined), { name: "OutwardRefusal" }, url);
  }
});

Deno.test("outwardRequest() says nothing before the certificate is right for the name", async () => {
  const good = certificate(HOST);
  const table: [Made, string | undefined][] = [
    [certificate("mta-sts.other.example"), undefined],
    [certificate(HOST, -1), undefined],
    [good, certificate(HOST).ca],
  ];
  for (const [made, ca = made.ca] of table) {
    await using there = await door(made, ok(FILE));
    await assert.rejects(asked(`https://${HOST}:${there.port}/`, ca), /certificate/);
    assert.deepEqual(there.heard, []);
  }
});

Deno.test("outwardRequest() tries the next address where nobody listens", async () => {
  const made = certificate(HOST);
  await using there = await door(made, ok(FILE));
  // Nothing of this machine listens at 127.0.0.9.
  const answer = await asked(`https://${HOST}:${there.port}/`, made.ca, {
    zones: { [HOST]: a("127.0.0.9", "127.0.0.1") },
  });
  assert.equal(await answer.text(), FILE);
});

Deno.test("outwardRequest() follows no redirect", async () => {
  const made = certificate(HOST);
  await using there = await door(
    made,
    `HTTP/1.1 302 Found\r\nLocation: https://${HOST}/y\r\nContent-Length: 0\r\n\r\n`,
  );
  const answer = await asked(`https://${HOST}:${there.port}/`, made.ca);
  await answer.body?.cancel();
  assert.deepEqual([answer.status, there.heard.length], [302, 1]);
});

Deno.test("outwardRequest() ends at the caller's time: silence, half a header, half a body, no HTTP", async () => {
  const made = certificate(HOST);
  const halves = [null, "HTTP/1.1 200 OK\r\nX: ", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf"];
  for (const half of halves) {
    await using there = await door(made, half, false);
    await assert.rejects(async () => {
      const answer = await asked(`https://${HOST}:${there.port}/`, made.ca, { ms: 150 });
      await answer.text();
    }, half ?? "silence");
  }
  for (
    const answer of [
      "220 there ESMTP\r\n",
      "HTTP/1.1 999 no\r\n\r\n",
      "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf",
    ]
  ) {
    await using there = await door(made, answer);
    await assert.rejects(async () => await (await asked(`https://${HOST}:${there.port}/`, made.ca)).text(), answer);
  }
});

Deno.test("outwardRequest() reads a header and a body only so far", async () => {
  const made = certificate(HOST);
  {
    await using there = await door(made, "HTTP/1.1 200 OK\r\n" + `X: ${"x".repeat(8000)}\r\n`.repeat(200), false);
    await assert.rejects(asked(`https://${HOST}:${there.port}/`, made.ca, { ms: 2000 }));
  }
  // A policy of 8 MB: 64 KiB of it are taken.
  const url = `https://${HOST}/.well-known/mta-sts.txt`;
  await using there = await door(made, ok(FILE + "x: y\n".repeat(1_600_000)), false);
  const { resolve } = scriptedResolver({ [HOST]: a("127.0.0.1") });
  const outward = outwardRequest({ resolve, privateAddresses: true, ca: made.ca });
  const fetchPolicy = policyFetcher({
    request: (_, init) => outward(url.replace(HOST, `${HOST}:${there.port}`), init),
  });
  assert.deepEqual(await fetchPolicy("there.example"), { failed: "sts-policy-invalid" });
});

Deno.test("a policy host inside is none, and a certificate that is wrong is told apart", async () => {
  const made = certificate("mta-sts.other.example");
  await using there = await door(made, ok(FILE));
  const { resolve } = scriptedResolver({ [HOST]: a("127.0.0.1") });
  for (const [privateAddresses, failed] of [[false, "sts-policy-fetch-error"], [true, "sts-webpki-invalid"]] as const) {
    const outward = outwardRequest({ resolve, privateAddresses, ca: made.ca });
    const request = (url: string, init: RequestInit) => outward(url.replace(HOST, `${HOST}:${there.port}`), init);
    assert.deepEqual(await policyFetcher({ request })("there.example"), { failed });
  }
  assert.deepEqual(there.heard, []);
});
