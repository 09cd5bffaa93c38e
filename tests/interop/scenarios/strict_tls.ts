import { ok, strictEqual } from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { makeCertificate } from "../../../src/net/x509_der.ts";
import { arrives } from "../mailbox.ts";
import { freePorts, listenersAt, type Palomar, type Ports } from "../palomar.ts";
import { eventually, pause, type Scenario, type Stage } from "../scenario.ts";
import { submit } from "../submit.ts";
import { startZones, type Zones, ZONES_NEED } from "../zones.ts";

const RETRY = { first: "1s", longest: "2s", giveUp: "1h" };
const [HERE, THERE] = ["127.0.0.13", "127.0.0.14"];
const POLICY_CHANGES_MS = 6_000; // records live five seconds

/** MTA-STS between two servers: signed zones, the policy over HTTPS, an authority that both know. */
export const strictTls: readonly Scenario[] = [
  {
    name: "MTA-STS: testing delivers and counts, enforce waits for the right certificate and host, and says why",
    needs: [...ZONES_NEED],
    root: true, // policies are at port 443
    seconds: 240,
    async run(stage) {
      const zones = await startZones(stage, ["alpha.test", "beta.test"]);
      const authority = makeAuthority();
      const caFile = join(stage.folder, "authority.pem");
      await Deno.writeTextFile(caFile, authority.pem);
      const port = freePorts().smtp;
      const alpha = await site(stage, zones, "alpha.test", HERE, port, { caFile });
      const beta = await site(stage, zones, "beta.test", THERE, port, { caFile, mode: "testing", authority });
      const [ann, bob] = [await alpha.account("ann"), await beta.account("bob")];

      // A host without its own certificate: tried out, mail arrives, and the count is kept for the report.
      const tried = await arrives(beta, bob, await submit(alpha, ann, bob.address, "Testing"), 40);
      passesDkim(tried);
      strictEqual(await counted(alpha, "certificate-host-mismatch"), 1);
      await alpha.stop();
      ok(/sts.*beta\.test.*certificate-host-mismatch/s.test(kept(alpha)), kept(alpha));

      // The same, enforced: nothing goes, and the queue says why.
      await setMode(beta, "enforce");
      await zones.set("beta.test", await recordsOf(beta, THERE));
      await pause(POLICY_CHANGES_MS);
      await alpha.start();
      const late = await submit(alpha, ann, bob.address, "Enforced");
      await waits(
        alpha,
        /The certificate of mx\.beta\.test is for another name, which the MTA-STS policy of beta\.test/,
      );
      await writeCertificate(beta, "mx", authority.issue("mx.beta.test"));
      beta.signal("SIGHUP");
      passesDkim(await arrives(beta, bob, late, 40));
      ok(await counted(alpha, "success") > 0);

      // Somebody who can change the MX, but not the policy.
      const records = await recordsOf(beta, THERE);
      await zones.set("beta.test", [
        ...records.filter((line) => !line.includes(" MX ")),
        "@ MX 10 other",
        `other A ${THERE}`,
      ]);
      await pause(POLICY_CHANGES_MS);
      const stolen = await submit(alpha, ann, bob.address, "Stolen");
      await waits(alpha, /The MTA-STS policy of beta\.test does not name other\.beta\.test/);
      await zones.set("beta.test", records);
      await arrives(beta, bob, stolen, 40);
    },
  },
];

interface SiteOptions {
  readonly caFile: string;
  readonly mode?: string;
  readonly authority?: Authority;
}

async function site(
  stage: Stage,
  zones: Zones,
  domain: string,
  address: string,
  port: number,
  { caFile, mode = "none", authority }: SiteOptions,
): Promise<Palomar> {
  const ports: Ports = freePorts();
  const folder = join(stage.folder, domain);
  const pair = (name: string) => ({
    certFile: join(folder, `tls/${name}.pem`),
    keyFile: join(folder, `tls/${name}.key`),
  });
  await Deno.mkdir(join(folder, "tls"), { recursive: true });
  if (authority) {
    await writePair(pair("mx"), authority.issue("elsewhere.test"));
    await writePair(pair("mta-sts"), authority.issue(`mta-sts.${domain}`));
  }
  const server = await stage.startPalomar(domain, {
    ports,
    config: {
      hostname: `mx.${domain}`,
      listeners: [
        ...listenersAt(ports),
        { protocol: "smtp", address, port, tls: "starttls" },
        ...(authority ? [{ protocol: "http", address, port: 443, tls: "implicit" }] : []),
      ],
      // The first is the one that mail programs here know; the others are chosen by name.
      tls: { certificates: [pair("server"), ...(authority ? [pair("mx"), pair("mta-sts")] : [])] },
      dns: { servers: [zones.resolver] },
      outbound: { port, retry: RETRY, sourceAddress: address, privateExchanges: true, ca: caFile },
      mtaSts: { mode },
      tlsReports: true,
      authentication: { trusted: [] },
    },
  });
  await zones.set(domain, await recordsOf(server, address));
  return server;
}

/** What `domain dns` prints, but for DANE, which would decide alone. */
async function recordsOf(server: Palomar, address: string): Promise<string[]> {
  const printed = await server.cli(["domain", "dns", server.domain]);
  const lines = printed.split("\n").filter((line) => line !== "" && !line.startsWith(";") && !line.includes(" TLSA "));
  return [...lines, `mx A ${address}`];
}

async function setMode(server: Palomar, mode: string): Promise<void> {
  await server.stop();
  const config = JSON.parse(await Deno.readTextFile(server.configFile));
  await Deno.writeTextFile(server.configFile, JSON.stringify({ ...config, mtaSts: { mode } }));
  await server.start();
}

async function waits(server: Palomar, why: RegExp): Promise<void> {
  await eventually(`the message waits because ${why}`, async () => {
    const rows = JSON.parse(await server.cli(["queue", "list", "--json"])) as { lastReply: string | null }[];
    return rows.some(({ lastReply }) => why.test(lastReply ?? ""));
  }, 40);
}

async function counted(server: Palomar, result: string): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${server.ports.http}/metrics`)).text();
  const line = text.split("\n").find((one) =>
    one.startsWith(`palomar_tls_sessions_total{policy="sts",result="${result}"}`)
  );
  return Number(line?.split(" ")[1] ?? 0);
}

/** What waits to be reported, as the store has it. */
function kept(server: Palomar): string {
  const store = new DatabaseSync(join(server.folder, "data/palomar.db"), { readOnly: true });
  try {
    const rows = store.prepare("select value from settings where value like '%certificate-host-mismatch%'").all();
    return rows.length === 0 ? "nothing" : rows.map(({ value }) => String(value)).join("\n");
  } finally {
    store.close();
  }
}

function passesDkim(message: string): void {
  const [, results = ""] = /^Authentication-Results: ([^]*?)\r\n(?!\t)/m.exec(message) ?? [];
  ok(/dkim=pass header\.d=alpha\.test/.test(results) && /dmarc=pass/.test(results), results);
}

interface Issued {
  readonly pem: string;
  readonly key: string;
}

interface Authority {
  readonly pem: string;
  issue(name: string): Issued;
}

function makeAuthority(): Authority {
  const pair = () => generateKeyPairSync("ec", { namedCurve: "P-256" });
  const own = pair();
  const issuer = { subject: "Authority of the test", privateKey: own.privateKey };
  const times = { notBefore: Date.now() - 86_400_000, notAfter: Date.now() + 30 * 86_400_000 };
  const pem = makeCertificate({ subject: issuer.subject, publicKey: own.publicKey, issuer, ...times, names: null });
  return {
    pem,
    issue(name) {
      const { publicKey, privateKey } = pair();
      const certificate = makeCertificate({ subject: name, publicKey, issuer, ...times, names: [name] });
      return { pem: certificate + pem, key: privateKey.export({ type: "pkcs8", format: "pem" }) as string };
    },
  };
}

function writeCertificate(server: Palomar, name: string, issued: Issued): Promise<void> {
  const at = join(server.folder, "tls", name);
  return writePair({ certFile: `${at}.pem`, keyFile: `${at}.key` }, issued);
}

async function writePair(
  { certFile, keyFile }: { certFile: string; keyFile: string },
  { pem, key }: Issued,
): Promise<void> {
  await Deno.writeTextFile(certFile, pem);
  await Deno.writeTextFile(keyFile, key);
}
