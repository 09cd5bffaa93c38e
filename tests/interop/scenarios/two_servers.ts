import { ok } from "node:assert/strict";
import { fakeServer, NXDOMAIN } from "../../dns/fake_server.ts";
import { arrives } from "../mailbox.ts";
import { freePorts, type Palomar } from "../palomar.ts";
import type { Scenario, Stage } from "../scenario.ts";
import { submit } from "../submit.ts";

const RETRY = { first: "1s", longest: "5s", giveUp: "1h" };

/** Two Palomars that have mail for each other. */
export const twoServers: readonly Scenario[] = [
  {
    name: "two servers: mail goes both ways by routes, and a report comes back for an unknown user",
    async run(stage) {
      const [ports, otherPorts] = [freePorts(), freePorts()];
      const route = (domain: string, port: number) => ({
        outbound: { retry: RETRY, routes: { [domain]: { host: "127.0.0.1", port, tls: "none" } } },
      });
      const one = await stage.startPalomar("one.test", { ports, config: route("two.test", otherPorts.smtp) });
      const two = await stage.startPalomar("two.test", { ports: otherPorts, config: route("one.test", ports.smtp) });
      await exchange(one, two);
    },
  },
  {
    name: "two servers: mail goes both ways by MX, with STARTTLS, and a report comes back for an unknown user",
    async run(stage) {
      const [ports, otherPorts] = [freePorts(), freePorts()];
      const dns = await startDns(stage, ["one.test", "two.test"]);
      const byMx = (port: number) => ({
        dns: { servers: [dns] },
        outbound: { port, retry: RETRY, privateExchanges: true },
      });
      const one = await stage.startPalomar("one.test", { ports, config: byMx(otherPorts.smtp) });
      const two = await stage.startPalomar("two.test", { ports: otherPorts, config: byMx(ports.smtp) });
      const received = await exchange(one, two);
      ok(received.includes("with ESMTPS"), received.slice(0, 500));
    },
  },
  {
    name: "two servers: mail waits while the other server is down, and goes when it is back",
    async run(stage) {
      const [ports, otherPorts] = [freePorts(), freePorts()];
      const routes = { "two.test": { host: "127.0.0.1", port: otherPorts.smtp, tls: "none" } };
      const one = await stage.startPalomar("one.test", { ports, config: { outbound: { retry: RETRY, routes } } });
      const two = await stage.startPalomar("two.test", { ports: otherPorts });
      const [from, to] = [await one.account("olga"), await two.account("pete")];
      await two.stop();
      const id = await submit(one, from, to.address, "Later");
      ok((await one.cli(["queue", "list", "--json"])).includes(to.address));
      await one.kill(); // the queue outlives its server
      await one.start();
      await two.start();
      await arrives(two, to, id);
    },
  },
];

/** Both ways, and a report for nobody; the message as `two` stored it. */
async function exchange(one: Palomar, two: Palomar): Promise<string> {
  const [here, there] = [await one.account("olga"), await two.account("pete")];
  const received = await arrives(two, there, await submit(one, here, there.address, "Outward"));
  await arrives(one, here, await submit(two, there, here.address, "Homeward"));
  const id = await submit(one, here, `nobody@${two.domain}`, "To nobody");
  const report = await arrives(one, here, id);
  ok(/^Content-Type: multipart\/report/im.test(report), report);
  ok(/^Final-Recipient: rfc822; ?nobody@/im.test(report), report);
  ok(/^Status: 5\.1\.1/im.test(report), report);
  ok(report.startsWith("Return-Path: <>\r\n"), report.slice(0, 200));
  return received;
}

/** A DNS server that knows one MX for each domain, `mx.<domain>` on 127.0.0.1. */
async function startDns(stage: Stage, domains: readonly string[]): Promise<string> {
  const server = await fakeServer(({ name: asked, type }) => {
    const name = asked.toLowerCase(); // resolvers mix the case of what they ask
    const domain = domains.find((one) => name === one || name === `mx.${one}`);
    if (domain === undefined) return { rcode: NXDOMAIN, answers: [] };
    if (name === domain && type === "MX") {
      return { answers: [{ type: "MX", name: asked, ttl: 60, data: { preference: 10, exchange: `mx.${domain}` } }] };
    }
    if (name !== domain && type === "A") return { answers: [{ type: "A", name: asked, ttl: 60, data: "127.0.0.1" }] };
    return { answers: [] };
  });
  stage.defer(() => server.close());
  return server.address;
}
