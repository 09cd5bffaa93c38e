/** A server without listeners: requests alone, beside another that receives and sends, on one database. */
import assert from "node:assert/strict";
import {
  createServer,
  formatProblem,
  type MailTransport,
  parseConfig,
  type Server,
  type ServerParts,
} from "../../mod.ts";
import { memoryLogger } from "../../src/server/log.ts";
import { JmapClient, USING } from "../http/jmap/client.ts";
import { reader } from "../http/jmap/event_reader.ts";
import { Wire } from "../interop/wire.ts";
import { MISSING, reach, startCluster } from "../storage/postgres/cluster.ts";

const TOKEN = "pigeons come home at dusk";
const ALL = [...USING, "urn:ietf:params:jmap:submission"];

function node(url: string, more: Record<string, unknown>, parts: ServerParts = {}): Server {
  const raw = {
    hostname: "mail.example.test",
    listeners: [],
    storage: { driver: "postgres", url, connections: 4 },
    admin: { token: TOKEN },
    dns: { servers: ["127.0.0.1:9"] },
    ...more,
  };
  const config = parseConfig(raw, "/nowhere");
  if (!("hostname" in config)) throw new Error(config.map(formatProblem).join("\n"));
  return createServer(config, { logger: memoryLogger(), ...parts });
}

async function admin(server: Server, path: string, body: unknown): Promise<void> {
  const headers = { authorization: `Bearer ${TOKEN}`, "content-type": "application/json" };
  const url = `http://localhost/api/v1${path}`;
  const response = await server.fetch(new Request(url, { method: "POST", headers, body: JSON.stringify(body) }));
  assert.equal(response.status, 201, await response.text());
}

async function deliver(port: number, recipient: string, message: string): Promise<void> {
  const wire = await Wire.connect(port);
  await wire.reply();
  for (const line of ["LHLO a.example", "MAIL FROM:<x@a.example>", `RCPT TO:<${recipient}>`, "DATA"]) {
    await wire.send(`${line}\r\n`);
    assert.match(await wire.reply(), /^[23]/, line);
  }
  await wire.send(`${message}\r\n.\r\n`);
  assert.match(await wire.reply(), /^250/);
  wire.close();
}

const cluster = startCluster();
if (cluster === null) Deno.test({ name: `edge: left out: ${MISSING}`, ignore: true, fn: () => {} });
else {
  globalThis.addEventListener("unload", () => cluster.remove());
  const url = await cluster.database("edge");

  Deno.test("edge: where tables may not be made the answer is 503 until somebody has made them", async () => {
    const edge = node(url, { storage: { driver: "postgres", url, connections: 4, migrate: false } });
    try {
      const health = () => edge.fetch(new Request("http://localhost/health"));
      const response = await health();
      assert.deepEqual([response.status, response.headers.get("retry-after")], [503, "5"]);
      assert.equal((await response.json()).code, "unavailable");
      const other = node(url, {});
      assert.equal((await other.fetch(new Request("http://localhost/health"))).status, 200);
      await other.stop();
      await new Promise((resolve) => setTimeout(resolve, 1_050));
      assert.equal((await health()).status, 200);
    } finally {
      await edge.stop();
    }
    const newer = await reach(url);
    await newer.exchange([{ sql: "update palomar_schema set version = version + 1", values: [], once: true }]);
    const late = node(url, { storage: { driver: "postgres", url, connections: 4, migrate: false } });
    assert.equal((await late.fetch(new Request("http://localhost/health"))).status, 503);
    await late.stop();
    await newer.exchange([{ sql: "update palomar_schema set version = version - 1", values: [], once: true }]);
    newer.close();
  });

  Deno.test("edge: what comes in elsewhere is pushed here, and what is submitted here leaves there", async () => {
    const sent = Promise.withResolvers<{ to: string[]; text: string }>();
    const transport: MailTransport = {
      async send(message) {
        const text = await new Response(ReadableStream.from(message.octets())).text();
        sent.resolve({ to: message.recipients.map(({ forwardPath }) => forwardPath), text });
        return { results: [{ kind: "delivered", text: "taken" }] };
      },
    };
    const vps = node(url, {
      listeners: [{ protocol: "lmtp", address: "127.0.0.1", port: 0 }],
      outbound: { relay: { protocol: "custom", transport: "test" } },
    }, { transports: { test: transport } });
    const edge = node(url, {});
    try {
      await vps.start();
      await admin(edge, "/domains", { name: "example.test" });
      await admin(edge, "/accounts", { address: "alice@example.test", password: "pigeon-pigeon" });
      const alice = new JmapClient({ server: edge }, "alice", "pigeon-pigeon");
      await alice.session();
      const heard = reader(await alice.fetch("/jmap/events?types=Email&closeafter=no&ping=0"));
      await deliver(vps.addresses[0]!.port!, "alice@example.test", "Subject: hello\r\n\r\nover there");
      assert.match((await heard.next())!, /^event: state/);
      const { list } = await alice.call("Email/get", {
        ids: (await alice.call("Email/query"))["ids"],
        properties: ["subject", "preview"],
      });
      assert.deepEqual(list.map(({ subject, preview }: Record<string, string>) => [subject, preview]), [
        ["hello", "over there"],
      ]);

      const [{ id: identityId }] = (await alice.call("Identity/get", {}, ALL))["list"];
      const [drafts] = (await alice.call("Mailbox/query", { filter: { role: "drafts" } }))["ids"];
      const email = {
        mailboxIds: { [drafts]: true },
        from: [{ email: "alice@example.test" }],
        to: [{ email: "bob@away.example" }],
        subject: "from the edge",
        bodyStructure: { partId: "1", type: "text/plain" },
        bodyValues: { 1: { value: "hi" } },
      };
      const began = performance.now();
      await alice.calls([
        ["Email/set", { create: { e: email } }, "e"],
        ["EmailSubmission/set", { create: { s: { emailId: "#e", identityId } } }, "s"],
      ], ALL);
      const { to, text } = await sent.promise;
      assert.deepEqual(to, ["bob@away.example"]);
      assert.match(text, /^Subject: from the edge\r$/m);
      // By news, not by the worker's look at the queue once a minute.
      assert.ok(performance.now() - began < 5_000);
      await heard.cancel();
    } finally {
      await edge.stop();
      await vps.stop();
    }
  });
}
