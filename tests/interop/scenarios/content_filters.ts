import { ok, strictEqual } from "node:assert/strict";
import { FILTERS_NAME, startOpenDkim, startOpenDmarc, startRspamd } from "../filter_programs.ts";
import { arrives } from "../mailbox.ts";
import { freePorts, listenersAt, type Palomar, type Ports } from "../palomar.ts";
import type { Scenario, Stage } from "../scenario.ts";
import { sendIn } from "../smtp_client.ts";
import { submit } from "../submit.ts";
import { startZones, type Zones, ZONES_NEED } from "../zones.ts";

const [HERE, THERE, RESOLVER] = ["127.0.0.15", "127.0.0.16", "127.0.0.17"];
/** What spam filters take for spam without looking further. */
const GTUBE = "XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X";

/** Filters that know other servers, as milters of Palomar; and what they say of the mail that another Palomar signed. */
export const contentFilters: readonly Scenario[] = [
  {
    name: "OpenDKIM and OpenDMARC as milters: they confirm signatures and alignment of our mail, and refuse a forger",
    needs: [...ZONES_NEED, "opendkim", "opendmarc", "unshare"],
    root: true, // OpenDMARC asks port 53
    seconds: 120,
    async run(stage) {
      const zones = await startZones(stage, ["alpha.test", "beta.test"], [`${RESOLVER}@53`]);
      const { imap: dkim, pop3: dmarc } = freePorts();
      await startOpenDkim(stage, dkim, zones.resolver);
      await startOpenDmarc(stage, dmarc, RESOLVER);
      const port = freePorts().smtp;
      const alpha = await site(stage, zones, "alpha.test", HERE, port, []);
      const beta = await site(stage, zones, "beta.test", THERE, port, [dkim, dmarc]);
      const [ann, bob] = [await alpha.account("ann"), await beta.account("bob")];
      const message = await arrives(beta, bob, await submit(alpha, ann, bob.address, "Signed"), 40);
      const results = resultsOf(message, FILTERS_NAME);
      strictEqual(results.match(/dkim=pass (?:\([^)]*\) )?header\.d=alpha\.test/g)?.length, 2, results); // RSA and Ed25519
      ok(/dmarc=pass (?:\([^)]*\) )?header\.from=alpha\.test/.test(results), results);
      ok(/spf=pass (?:\([^)]*\) )?smtp\.mailfrom=/.test(results), results);
      // Claims in the name of the filters, from outside: OpenDKIM takes them away.
      const claim = `Authentication-Results: ${FILTERS_NAME}; dkim=pass header.d=bank.test`;
      const lines = [
        "From: x@outside.example",
        claim,
        "Message-ID: <claim@outside.example>",
        `${claim}`,
        "Subject: claim",
        "",
        "Hi",
      ];
      await sendIn(beta.ports.smtp, bob, lines.join("\r\n"), "x@outside.test");
      const cleaned = await arrives(beta, bob, "<claim@outside.example>");
      ok(!cleaned.includes("bank.test"), cleaned);
      // Alpha asks to refuse what is not its own; this server leaves that to the filters here.
      const forged = `From: ${ann.address}\r\nMessage-ID: <forged@alpha.test>\r\nSubject: pay\r\n\r\nNow`;
      const refusal = await sendIn(beta.ports.smtp, bob, forged, "x@outside.test").then(() => "taken", String);
      ok(/550 5\.7\.1 rejected by DMARC policy for alpha\.test/.test(refusal), refusal);
      strictEqual(failuresOf(beta), "");
    },
  },
  {
    name: "rspamd as a milter: mail gets its fields, what it calls spam is refused at the door",
    needs: ["rspamd", ...ZONES_NEED],
    seconds: 120,
    async run(stage) {
      const zones = await startZones(stage, ["beta.test"]);
      const { imap: milter } = freePorts();
      await startRspamd(stage, milter, zones.resolver);
      const port = freePorts().smtp;
      const beta = await site(stage, zones, "beta.test", THERE, port, [milter]);
      const [bob, eve] = [await beta.account("bob"), await beta.account("eve")];
      const head = (id: string) => [
        "From: Someone <x@outside.example>",
        `To: ${bob.address}`,
        `Message-ID: <${id}@outside.example>`,
        `Date: ${new Date().toUTCString().replace("GMT", "+0000")}`,
        "Subject: hello",
        "X-Spamd-Bar: forged",
      ];
      const text = (id: string, body: string) => [...head(id), "", body, ""].join("\r\n");
      await sendIn(beta.ports.smtp, bob, text("ham", "A pigeon came home."), "x@outside.example");
      const ham = await arrives(beta, bob, "<ham@outside.example>");
      ok(/^X-Spamd-Bar: [-+/]+\r\n/m.test(ham) && !ham.includes("forged"), ham);
      const refusal = await sendIn(beta.ports.smtp, bob, text("spam", GTUBE), "x@outside.example").then(
        () => "taken",
        String,
      );
      ok(/554 5\.7\.1 Gtube pattern/.test(refusal), refusal);
      // People who log in are asked about too.
      await submit(beta, eve, bob.address, "Mine");
      await arrives(beta, bob, "Subject: Mine");
      strictEqual(failuresOf(beta), "");
    },
  },
];

/** A server with milters; where there are some, they judge and it only writes down. */
async function site(
  stage: Stage,
  zones: Zones,
  domain: string,
  address: string,
  port: number,
  milters: readonly number[],
): Promise<Palomar> {
  const ports: Ports = freePorts();
  const server = await stage.startPalomar(domain, {
    ports,
    config: {
      hostname: `mx.${domain}`,
      listeners: [...listenersAt(ports), { protocol: "smtp", address, port, tls: "starttls" }],
      dns: { servers: [zones.resolver] },
      outbound: { port, sourceAddress: address, privateExchanges: true },
      authentication: { dmarc: "mark", trusted: [] },
      milters: milters.map((port) => ({ host: "127.0.0.1", port, timeout: "20s" })),
      mtaSts: { mode: "none" },
    },
  });
  const printed = await server.cli(["domain", "dns", domain]);
  const lines = printed.split("\n").filter((line) => line !== "" && !line.startsWith(";") && !line.includes(" TLSA "))
    .map((line) => line.replace("p=none", "p=reject"));
  await zones.set(domain, [...lines, `mx A ${address}`]);
  return server;
}

/** All Authentication-Results of one name, as one line. */
function resultsOf(message: string, name: string): string {
  const fields = [...message.matchAll(/^Authentication-Results: ([^]*?)\r\n(?![ \t])/gm)].map(([, text]) => text!);
  return fields.map((text) => text.replace(/\s+/g, " ")).filter((text) => text.startsWith(name)).join("; ");
}

/** Filters that failed, as the log has it. */
function failuresOf(server: Palomar): string {
  return server.log.filter((line) => line.includes('"message.filtered"') && !line.includes('"failure":null')).join(
    "\n",
  );
}
