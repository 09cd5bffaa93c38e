import { ok, strictEqual } from "node:assert/strict";
import { authenticate } from "mailauth";
import { arrives } from "../mailbox.ts";
import { type Account, freePorts, listenersAt, type Palomar, type Ports } from "../palomar.ts";
import { eventually, type Scenario, type Stage } from "../scenario.ts";
import { sendIn } from "../smtp_client.ts";
import { submit } from "../submit.ts";
import { startZones, type Zones, ZONES_NEED } from "../zones.ts";

const RETRY = { first: "1s", longest: "2s", giveUp: "1h" };

/** Two domains as the world has them: each with a signed zone that holds what `palomar domain dns` says. */
export const twoDomains: readonly Scenario[] = [
  {
    name: "two domains in signed zones: mail passes SPF, DKIM, DMARC and DANE both ways, and forgers are refused",
    needs: [...ZONES_NEED],
    seconds: 180,
    async run(stage) {
      const zones = await startZones(stage, ["alpha.test", "beta.test"]);
      const port = freePorts().smtp;
      const alpha = await site(stage, zones, "alpha.test", "127.0.0.11", port);
      const beta = await site(stage, zones, "beta.test", "127.0.0.12", port);
      const [ann, bob] = [await alpha.account("ann"), await beta.account("bob")];
      await passes(alpha, ann, beta, bob, zones);
      await passes(beta, bob, alpha, ann, zones);
      // Somebody else, from an address that alpha.test does not send from.
      const forged = `From: ${ann.address}\r\nMessage-ID: <forged@alpha.test>\r\nSubject: pay\r\n\r\nNow`;
      const refusal = await sendIn(beta.ports.smtp, bob, forged, ann.address).then(() => "taken", String);
      ok(/550 5\.7\.1 DMARC: Neither SPF nor DKIM/.test(refusal), refusal);
      // A certificate that is not the published one: mail waits, in clear or to a stranger it never goes.
      const records = await recordsOf(beta, "127.0.0.12", port);
      await zones.set(
        "beta.test",
        records.map((record) => record.replace(/( TLSA 3 1 1 )\S+/, `$1${"ab".repeat(32)}`)),
      );
      await new Promise((resolve) => setTimeout(resolve, 6_000)); // the records before live five seconds
      const late = await submit(alpha, ann, bob.address, "Late");
      const row = await eventually("the message waits for a reason", async () => {
        const rows = JSON.parse(await alpha.cli(["queue", "list", "--json"])) as { lastReply: string | null }[];
        return rows.find(({ lastReply }) => lastReply !== null);
      });
      ok(/DANE|TLSA/.test(row.lastReply!), row.lastReply!);
      await zones.set("beta.test", records);
      await arrives(beta, bob, late, 40);
    },
  },
];

/** A server of a domain, at an address of its own, and its zone. */
async function site(stage: Stage, zones: Zones, domain: string, address: string, port: number): Promise<Palomar> {
  const ports: Ports = freePorts();
  const server = await stage.startPalomar(domain, {
    ports,
    config: {
      hostname: `mx.${domain}`,
      listeners: [...listenersAt(ports), { protocol: "smtp", address, port, tls: "starttls" }],
      dns: { servers: [zones.resolver] },
      outbound: { port, retry: RETRY, sourceAddress: address, privateExchanges: true },
      authentication: { trusted: [] },
    },
  });
  await zones.set(domain, await recordsOf(server, address, port));
  return server;
}

/** What `domain dns` prints to be pasted, with a policy that refuses, and for a port that nobody needs to be root for. */
async function recordsOf(server: Palomar, address: string, port: number): Promise<string[]> {
  const printed = await server.cli(["domain", "dns", server.domain]);
  const lines = printed.split("\n").filter((line) => line !== "" && !line.startsWith(";"))
    .map((line) => line.replace("p=none", "p=reject").replace("_25._tcp", `_${port}._tcp`));
  return [...lines, `mx A ${address}`];
}

async function passes(from: Palomar, author: Account, to: Palomar, reader: Account, zones: Zones): Promise<void> {
  const message = await arrives(to, reader, await submit(from, author, reader.address, `From ${from.domain}`), 40);
  const [, results = ""] = /^Authentication-Results: ([^]*?)\r\n(?!\t)/m.exec(message) ?? [];
  const flat = results.replace(/\s+/g, " ");
  for (const wanted of ["spf=pass", `dkim=pass header.d=${from.domain}`, `dmarc=pass header.from=${from.domain}`]) {
    ok(flat.includes(wanted), `${wanted} in: ${flat}`);
  }
  strictEqual(flat.match(/dkim=pass/g)?.length, 2, flat); // RSA and Ed25519
  ok(/^Received: from mx\.\S+ \([^)]*\)\r\n\tby mx\.\S+ with ESMTPS/m.test(message), message.slice(0, 800));
  const [sent] = JSON.parse(await from.cli(["queue", "list", "--json"])) as unknown[];
  strictEqual(sent, undefined);
  await confirmed(message, from.domain, zones);
}

/** What another library says of the signatures. */
async function confirmed(message: string, domain: string, zones: Zones): Promise<void> {
  const [ipAddr = "", port = ""] = zones.resolver.split(":");
  const nameServer = { ipAddr, port: Number(port) };
  const octets = message.slice(message.indexOf("DKIM-Signature: "));
  const { dkim } = await authenticate(octets, {
    ip: "127.0.0.1",
    helo: domain,
    sender: `x@${domain}`,
    resolver: (name: string, type: string) => Deno.resolveDns(name, type as "TXT", { nameServer }) as never,
  });
  const verdicts = dkim.results.map((one) => one.status.result);
  ok(verdicts.length === 2 && verdicts.every((result) => result === "pass"), JSON.stringify(verdicts));
}
