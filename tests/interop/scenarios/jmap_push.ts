import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { join } from "node:path";
import { utf8String } from "../../../src/base/bytes.ts";
import { ensureDemoCertificate } from "../../../src/net/demo_ca.ts";
import { PushService } from "../../http/jmap/push_service.ts";
import { keysOf, makeReceiver, openPush } from "../../web_push/receiver.ts";
import { type Account, freePorts, listenersAt, type Palomar } from "../palomar.ts";
import { eventually, type Scenario, type Stage } from "../scenario.ts";
import { submit } from "../submit.ts";

const USING = ["urn:ietf:params:jmap:core", "urn:ietf:params:jmap:mail"];
// deno-lint-ignore no-explicit-any
type Said = Record<string, any>;

/** A server that may push to this machine, and a push service whose certificate it believes. */
async function withPushService(stage: Stage): Promise<{ palomar: Palomar; service: PushService; base: string }> {
  const folder = await Deno.makeTempDir();
  stage.defer(() => Deno.remove(folder, { recursive: true }));
  const made = await ensureDemoCertificate(folder, ["127.0.0.1"]);
  const [chain, key, ca] = await Promise.all(
    [made.certFile, made.keyFile, made.caFile].map((file) => Deno.readTextFile(file)),
  );
  const service = await PushService.start({ chain: chain!, key: key!, ca: ca! });
  stage.defer(() => service[Symbol.asyncDispose]());
  const ports = freePorts();
  const listeners = listenersAt(ports).map((one) => one.protocol === "http" ? { ...one, tls: "implicit" } : one);
  const jmap = { push: { privateAddresses: true, ca: join(folder, "ca.pem") } };
  const palomar = await stage.startPalomar("push.test", { ports, config: { listeners, jmap } });
  return { palomar, service, base: `https://localhost:${ports.http}` };
}

/** The runtime's WebSocket over TLS: texts one by one. */
async function openSocket(base: string, { address, password }: Account, client: Deno.HttpClient) {
  const socket = new WebSocket(base.replace("https", "wss") + "/jmap/ws", {
    protocols: ["jmap"],
    headers: { authorization: "Basic " + btoa(`${address}:${password}`) },
    client,
  } as never);
  const said: Said[] = [];
  socket.onmessage = ({ data }) => said.push(JSON.parse(data));
  await new Promise((resolve, reject) => [socket.onopen, socket.onerror] = [resolve, reject]);
  return { socket, next: () => eventually("a message", () => Promise.resolve(said.shift())) };
}

/** Push services and WebSocket clients, over TLS, with a server that is killed between. */
export const jmapPush: readonly Scenario[] = [
  {
    name: "JMAP push: sealed for a device and over WebSocket by TLS, and goes on after SIGKILL",
    async run(stage) {
      const { palomar, service, base } = await withPushService(stage);
      const [kim, lee] = [await palomar.account("kim"), await palomar.account("lee")];
      const client = Deno.createHttpClient({ caCerts: [await Deno.readTextFile(palomar.caFile)] });
      stage.defer(() => client.close());
      const ask = async (name: string, args: unknown): Promise<Said> => {
        const response = await fetch(`${base}/jmap/api`, {
          method: "POST",
          headers: {
            "authorization": "Basic " + btoa(`${kim.address}:${kim.password}`),
            "content-type": "application/json",
          },
          body: JSON.stringify({ using: USING, methodCalls: [[name, args, "c"]] }),
          client,
        } as RequestInit);
        const { methodResponses: [[answered, result]] } = await response.json();
        strictEqual(answered, name, JSON.stringify(result));
        return result;
      };
      const receiver = await makeReceiver();
      const opened = async () => JSON.parse(utf8String(await openPush((await service.next()).octets, receiver)));
      const url = service.url("/kim", "127.0.0.1");
      const { created } = await ask("PushSubscription/set", {
        create: { x: { deviceClientId: "phone", url, keys: keysOf(receiver), types: ["EmailDelivery"] } },
      });
      const { verificationCode } = await opened();
      await ask("PushSubscription/set", { update: { [created.x.id]: { verificationCode } } });

      const { socket, next } = await openSocket(base, kim, client);
      socket.send(JSON.stringify({ "@type": "WebSocketPushEnable", dataTypes: ["Email", "EmailDelivery"] }));
      socket.send(JSON.stringify({ "@type": "Request", id: "1", using: USING, methodCalls: [["Core/echo", {}, "c"]] }));
      deepStrictEqual((await next())["requestId"], "1");
      await submit(palomar, lee, kim.address, "first");
      const [pushed, change] = [await opened(), await next()];
      const [accountId] = Object.keys(pushed.changed) as [string];
      deepStrictEqual(Object.keys(pushed.changed[accountId]), ["EmailDelivery"]);
      deepStrictEqual(Object.keys(change["changed"][accountId]), ["Email", "EmailDelivery"]);
      match(service.all.at(-1)!.headers["authorization"]!, /^vapid t=/);

      // The push service is down when mail comes, and the server is killed before it is there again.
      service.answer = () => ({ status: 503 });
      await submit(palomar, lee, kim.address, "second");
      const before = await next();
      await service.next();
      await palomar.kill();
      service.answer = () => ({ status: 201 });
      await palomar.start();
      const after = await opened();
      ok(Number(after.changed[accountId].EmailDelivery) >= Number(before["changed"][accountId].EmailDelivery));

      // Whoever comes back with the state that he knew hears what he missed.
      const again = await openSocket(base, kim, client);
      again.socket.send(JSON.stringify({
        "@type": "WebSocketPushEnable",
        dataTypes: null,
        pushState: change["pushState"],
      }));
      ok("EmailDelivery" in (await again.next())["changed"][accountId]);
      again.socket.close();
      return `${service.all.length} pushes`;
    },
  },
];
