import assert from "node:assert/strict";
import { createResolver, type Resolver, type ResolverOptions } from "../../src/dns/mod.ts";
import {
  AD,
  type Asked,
  encode,
  type FakeServer,
  fakeServer,
  FORMERR,
  NXDOMAIN,
  type Reply,
  SERVFAIL,
  SOA,
  TC,
} from "./fake_server.ts";

async function withServer(
  answer: (asked: Asked) => Reply,
  use: (resolver: Resolver, server: FakeServer) => Promise<void>,
  options: ResolverOptions = {},
): Promise<void> {
  const server = await fakeServer(answer);
  const resolver = createResolver({ servers: [server.address], timeoutMs: 300, ...options });
  try {
    await use(resolver, server);
  } finally {
    resolver.close();
    await server.close();
  }
}

const a = (name: string, address: string, ttl = 60) => ({ type: "A", name, ttl, data: address });

Deno.test("resolve() gives the records, their name and the smallest ttl", async () => {
  await withServer(
    (asked) => ({ answers: [a(asked.name, "192.0.2.1", 60), a(asked.name, "192.0.2.2", 30)] }),
    async (resolver, server) => {
      assert.deepEqual(await resolver.resolve("MX.Example.", "A"), {
        kind: "ok",
        records: [{ type: "A", address: "192.0.2.1" }, { type: "A", address: "192.0.2.2" }],
        canonicalName: "mx.example",
        authenticated: false,
        ttl: 30,
      });
      assert.equal(server.asked[0]!.edns, true);
    },
  );
});

Deno.test("resolve() reads MX, TXT, PTR, AAAA, SRV and TLSA", async () => {
  const data: Record<string, unknown> = {
    MX: { preference: 5, exchange: "In.Example" },
    TXT: ["v=spf1 ", "-all"],
    PTR: "host.example",
    AAAA: "2001:db8::1",
    SRV: { priority: 1, weight: 2, port: 465, target: "Mail.There.Example" },
    TLSA: { usage: 3, selector: 1, matchingType: 1, certificate: new (await import("node:buffer")).Buffer("abc") },
  };
  await withServer(
    (asked) => ({ answers: [{ type: asked.type, name: asked.name, ttl: 9, data: data[asked.type] }] }),
    async (resolver) => {
      const records = async (type: "MX" | "TXT" | "PTR" | "AAAA" | "SRV" | "TLSA") => {
        const answer = await resolver.resolve("x.example", type);
        return answer.kind === "ok" ? answer.records : answer;
      };
      assert.deepEqual(await records("MX"), [{ type: "MX", preference: 5, exchange: "in.example" }]);
      assert.deepEqual(await records("TXT"), [{ type: "TXT", text: "v=spf1 -all" }]);
      assert.deepEqual(await records("PTR"), [{ type: "PTR", name: "host.example" }]);
      assert.deepEqual(await records("AAAA"), [{ type: "AAAA", address: "2001:db8::1" }]);
      const tlsa = { type: "TLSA", usage: 3, selector: 1, matching: 1, data: new TextEncoder().encode("abc") };
      assert.deepEqual(await records("TLSA"), [tlsa]);
      const srv = { type: "SRV", priority: 1, weight: 2, port: 465, target: "mail.there.example" };
      assert.deepEqual(await records("SRV"), [srv]);
    },
  );
});

Deno.test("resolve() tells nxdomain, nodata and tempfail apart", async () => {
  const replies: Record<string, Reply> = {
    "gone.example": { rcode: NXDOMAIN, authorities: [SOA] },
    "empty.example": { authorities: [SOA] },
    "broken.example": { rcode: SERVFAIL },
    "refused.example": { rcode: 5 },
  };
  await withServer((asked) => replies[asked.name.toLowerCase()], async (resolver) => {
    assert.deepEqual(await resolver.resolve("gone.example", "A"), { kind: "nxdomain", authenticated: false, ttl: 60 });
    assert.deepEqual(await resolver.resolve("empty.example", "A"), { kind: "nodata", authenticated: false, ttl: 60 });
    assert.equal((await resolver.resolve("broken.example", "A")).kind, "tempfail");
    assert.equal((await resolver.resolve("refused.example", "A")).kind, "tempfail");
  });
});

Deno.test("resolve() asks over TCP when UDP was truncated", async () => {
  await withServer(
    (asked) => asked.over === "udp" ? { flags: TC } : { answers: [a(asked.name, "192.0.2.9")] },
    async (resolver, server) => {
      assert.equal((await resolver.resolve("big.example", "A")).kind, "ok");
      assert.deepEqual(server.asked.map((one) => one.over), ["udp", "tcp"]);
    },
  );
});

Deno.test("resolve() ignores datagrams with a wrong id or question", async () => {
  await withServer(
    (asked) => [
      encode({ ...asked, id: asked.id ^ 1 }, { answers: [a(asked.name, "198.51.100.66")] }),
      encode({ ...asked, name: "other.example" }, { answers: [a("other.example", "198.51.100.66")] }),
      encode(asked, { answers: [a(asked.name, "192.0.2.1")] }),
    ],
    async (resolver) => {
      const answer = await resolver.resolve("right.example", "A");
      assert.deepEqual(answer.kind === "ok" && answer.records, [{ type: "A", address: "192.0.2.1" }]);
    },
  );
});

Deno.test("resolve() believes no UDP answer that lost the letters' case, and asks over TCP", async () => {
  await withServer(
    (asked) => encode({ ...asked, name: asked.name.toLowerCase() }, { answers: [a(asked.name, "192.0.2.1")] }),
    async (resolver, server) => {
      const name = "a-name-with-many-letters-so-that-its-case-is-surely-mixed.example";
      assert.equal((await resolver.resolve(name, "A")).kind, "ok");
      assert.deepEqual(server.asked.map((one) => one.over), ["udp", "tcp", "tcp"]);
    },
  );
});

Deno.test("resolve() ignores records of other names in an answer", async () => {
  await withServer(
    (asked) => ({ answers: [a("evil.example", "198.51.100.66"), a(asked.name, "192.0.2.1")] }),
    async (resolver) => {
      const answer = await resolver.resolve("good.example", "A");
      assert.deepEqual(answer.kind === "ok" && answer.records, [{ type: "A", address: "192.0.2.1" }]);
    },
  );
});

Deno.test("resolve() follows CNAMEs, inside an answer and beyond it", async () => {
  const cname = (name: string, data: string) => ({ type: "CNAME", name, ttl: 20, data });
  await withServer(
    (asked) =>
      asked.name.toLowerCase() === "one.example"
        ? { answers: [cname(asked.name, "two.example"), cname("two.example", "three.example")] }
        : { answers: [a(asked.name, "192.0.2.3")] },
    async (resolver, server) => {
      const answer = await resolver.resolve("one.example", "A");
      assert.equal(answer.kind === "ok" && answer.canonicalName, "three.example");
      assert.equal(answer.kind === "ok" && answer.ttl, 20);
      assert.equal(server.asked.length, 2);
    },
  );
});

Deno.test("resolve() gives up on CNAMEs that loop or never end", async () => {
  let n = 0;
  await withServer(
    (asked) => ({
      answers: asked.name.toLowerCase() === "loop.example"
        ? [{ type: "CNAME", name: asked.name, ttl: 1, data: asked.name }]
        : [{ type: "CNAME", name: asked.name, ttl: 1, data: `n${n++}.example` }],
    }),
    async (resolver, server) => {
      assert.equal((await resolver.resolve("loop.example", "A")).kind, "tempfail");
      assert.equal((await resolver.resolve("endless.example", "A")).kind, "tempfail");
      assert.ok(server.asked.length < 30);
    },
  );
});

Deno.test("resolve() believes AD of a resolver on loopback", async () => {
  await withServer((asked) => ({ flags: AD, answers: [a(asked.name, "192.0.2.1")] }), async (resolver) => {
    const answer = await resolver.resolve("signed.example", "A");
    assert.equal(answer.kind === "ok" && answer.authenticated, true);
  });
});

Deno.test("resolve() keeps answers for their ttl, negative ones for the SOA's minimum", async () => {
  let now = 0;
  await withServer(
    (asked) =>
      asked.name.toLowerCase() === "gone.example"
        ? { rcode: NXDOMAIN, authorities: [SOA] }
        : { answers: [a(asked.name, "192.0.2.1", 100)] },
    async (resolver, server) => {
      await resolver.resolve("here.example", "A");
      await resolver.resolve("gone.example", "A");
      now = 59_000;
      const kept = await resolver.resolve("HERE.example", "A");
      assert.equal(kept.kind === "ok" && kept.ttl, 41);
      assert.equal((await resolver.resolve("gone.example", "A")).kind, "nxdomain");
      assert.equal(server.asked.length, 2);
      now = 61_000;
      await resolver.resolve("gone.example", "A");
      assert.equal(server.asked.length, 3);
      now = 101_000;
      await resolver.resolve("here.example", "A");
      assert.equal(server.asked.length, 4);
    },
    { now: () => now },
  );
});

Deno.test("resolve() asks once for questions that are under way together", async () => {
  await withServer((asked) => ({ answers: [a(asked.name, "192.0.2.1")] }), async (resolver, server) => {
    await Promise.all(Array.from({ length: 50 }, () => resolver.resolve("same.example", "A")));
    assert.equal(server.asked.length, 1);
  });
});

Deno.test("resolve() goes on to the next server when one is silent or fails", async () => {
  const broken = await fakeServer(() => ({ rcode: SERVFAIL }));
  await withServer((asked) => ({ answers: [a(asked.name, "192.0.2.1")] }), async (_, server) => {
    const resolver = createResolver({ servers: [broken.address, server.address], timeoutMs: 100 });
    assert.equal((await resolver.resolve("x.example", "A")).kind, "ok");
  });
  await broken.close();
});

Deno.test("resolve() is tempfail when nobody answers", async () => {
  await withServer(() => null, async (resolver) => {
    assert.equal((await resolver.resolve("x.example", "A")).kind, "tempfail");
  }, { timeoutMs: 20 });
});

Deno.test("resolve() is tempfail on nonsense", async () => {
  const nonsense = (asked: Asked) => {
    const bytes = asked.bytes.slice();
    bytes[2] = 0x80; // a response
    bytes[7] = 9; // that promises nine answers
    return bytes.slice(0, 40);
  };
  await withServer(nonsense, async (resolver) => {
    assert.equal((await resolver.resolve("a-long-name-for-the-question.example", "A")).kind, "tempfail");
  });
});

Deno.test("resolve() asks without EDNS where the server does not know it", async () => {
  await withServer(
    (asked) => asked.edns ? { rcode: FORMERR } : { answers: [a(asked.name, "192.0.2.1")] },
    async (resolver) => assert.equal((await resolver.resolve("old.example", "A")).kind, "ok"),
  );
});

Deno.test("resolve() asks for the A-labels of a Unicode name", async () => {
  await withServer((asked) => ({ answers: [a(asked.name, "192.0.2.1")] }), async (resolver, server) => {
    await resolver.resolve("bücher.example", "A");
    assert.equal(server.asked[0]!.name.toLowerCase(), "xn--bcher-kva.example");
  });
});

Deno.test("resolve() answers without asking where no such name can be", async () => {
  await withServer(() => ({ rcode: SERVFAIL }), async (resolver, server) => {
    for (
      const name of ["", ".", "a..b", "x".repeat(64) + ".example", "a\tb.example", "a\0.example", "y.".repeat(200)]
    ) {
      assert.equal((await resolver.resolve(name, "A")).kind, "nxdomain", JSON.stringify(name));
    }
    assert.equal((await resolver.resolve("localhost", "A")).kind, "ok");
    assert.equal(server.asked.length, 0);
  });
});

Deno.test("createResolver() refuses a server that is no address", () => {
  assert.throws(() => createResolver({ servers: ["dns.example"] }), /no name server/);
});
