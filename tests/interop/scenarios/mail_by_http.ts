import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { Buffer } from "node:buffer";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { ensureDemoCertificate } from "../../../src/net/demo_ca.ts";
import { arrives } from "../mailbox.ts";
import { freePorts, listenersAt, type Palomar } from "../palomar.ts";
import { eventually, type Scenario, type Stage } from "../scenario.ts";

const TOKEN = "a-token-of-the-scenario";

/** curl sends and brings mail; a receiver over TLS hears of it; openssl checks who told it. */
export const mailByHttp: readonly Scenario[] = [
  {
    name: "curl: the examples of mail of programs in the README do what they say; openssl checks what a webhook hears",
    needs: ["curl", "sh", "openssl"],
    async run(stage) {
      const receiver = await receiverOverTls(stage);
      const palomar = await server(stage, receiver.caFile);
      const password = "a pigeon in the loft";
      await palomar.cli(["account", "add", "alice@example.org", "--password-stdin"], `${password}\n`);
      await Deno.writeTextFile(
        join(stage.folder, "message.eml"),
        "From: Alice <alice@example.org>\nSubject: by curl\n\nA pigeon.\n",
      );
      const [sent, fate, plain, hook, suppressed, source, brought] = await examples();
      const env: Record<string, string> = {
        TOKEN,
        API: `https://localhost:${palomar.ports.http}/api/v1`,
        CURL_CA_BUNDLE: palomar.caFile,
      };
      const ask = async (command: string) => {
        const { stdout } = await stage.run("sh", ["-c", command.replace("curl ", "curl -sS ")], {
          env,
          cwd: stage.folder,
        });
        return JSON.parse(stdout);
      };
      const webhook = await ask(hook!.replace("https://hooks.example.org/mail", receiver.url));
      match(webhook.secret, /^whsec_/);

      const message = await ask(sent!);
      strictEqual(message.recipients[0].address, "zoe@example.net", JSON.stringify(message));
      deepStrictEqual(await ask(sent!), message);
      const told = await hears(receiver.heard, "the bounce is told", ({ body }) => body.includes("message.bounced"));
      await checkByOpenssl(stage, webhook.secret, told);
      const event = JSON.parse(told.body);
      deepStrictEqual([event.data.id, event.data.recipient, event.data.send.tags], [
        message.id,
        "zoe@example.net",
        ["invoice"],
      ]);
      const now = await ask(fate!.replace("2e4o57t0i0xhsnln.1", message.id));
      strictEqual(now.recipients[0].state, "bounced");
      strictEqual((await ask(suppressed!)).suppressions[0].address, "zoe@example.net");
      strictEqual((await ask(plain!)).recipients[0].address, "max@example.net");
      await hears(receiver.heard, "what was taken is told", ({ body }) => /delivered.*max@/.test(body));

      env["SOURCE"] = (await ask(source!)).token;
      strictEqual((await ask(brought!)).recipients[0].code, 250);
      const stored = await arrives(palomar, { address: "alice@example.org", password }, "Subject: by curl");
      match(stored, /Received: from front .*\r\n\tby mail\.example\.org with HTTP/);
      match(stored, /\r\n\r\nA pigeon\.\r\n$/);
      const received = await hears(
        receiver.heard,
        "what was received is told",
        ({ body }) => body.includes("by curl") && body.includes("message.received"),
      );
      await checkByOpenssl(stage, webhook.secret, received);
      match(await palomar.cli(["webhook", "list"]), /works/);
      return `${receiver.heard.length} events`;
    },
  },
];

async function server(stage: Stage, ca: string): Promise<Palomar> {
  const ports = freePorts();
  const listeners = listenersAt(ports).map((one) => one.protocol === "http" ? { ...one, tls: "implicit" } : one);
  const refusing = refusingServer(stage);
  return await stage.startPalomar("example.org", {
    ports,
    config: {
      listeners,
      admin: { token: TOKEN },
      webhooks: { privateNetworks: true, ca },
      outbound: { routes: { "example.net": { host: "127.0.0.1", port: refusing, tls: "none" } } },
    },
  });
}

/** The commands of the README. */
async function examples(): Promise<readonly string[]> {
  const readme = await Deno.readTextFile(new URL("../../../README.md", import.meta.url));
  const [, examples = ""] = /\n### Mail of programs\n[^]*?```sh\n([^]*?)```/.exec(readme) ?? [];
  const commands = examples.split(/\n(?=curl )/).map((one) => one.trim());
  strictEqual(commands.length, 7);
  return commands;
}

interface Heard {
  readonly id: string;
  readonly timestamp: string;
  readonly signature: string;
  readonly body: string;
}

async function receiverOverTls(stage: Stage) {
  const { caFile, certFile, keyFile } = await ensureDemoCertificate(join(stage.folder, "receiver"), ["127.0.0.1"]);
  const heard: Heard[] = [];
  const tls = { cert: await Deno.readTextFile(certFile), key: await Deno.readTextFile(keyFile) };
  const server = createServer(tls, async (request, response) => {
    let body = "";
    for await (const piece of request) body += piece;
    const field = (name: string) => String(request.headers[`webhook-${name}`]);
    heard.push({ id: field("id"), timestamp: field("timestamp"), signature: field("signature"), body });
    response.writeHead(204).end();
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  stage.defer(() => (server.closeAllConnections(), new Promise((closed) => server.close(closed))));
  return { url: `https://127.0.0.1:${(server.address() as AddressInfo).port}/mail`, caFile, heard };
}

async function hears(heard: readonly Heard[], what: string, test: (one: Heard) => boolean): Promise<Heard> {
  await eventually(what, () => Promise.resolve(heard.some(test)), 20);
  return heard.find(test)!;
}

async function checkByOpenssl(stage: Stage, secret: string, { id, timestamp, body, signature }: Heard): Promise<void> {
  const key = Buffer.from(secret.slice("whsec_".length), "base64").toString("hex");
  const file = join(stage.folder, "signed");
  await Deno.writeTextFile(file, `${id}.${timestamp}.${body}`);
  const command = `openssl dgst -sha256 -mac HMAC -macopt hexkey:${key} -binary '${file}' | openssl base64 -A`;
  const { stdout } = await stage.run("sh", ["-c", command]);
  ok(signature.split(" ").includes(`v1,${stdout.trim()}`), `${signature}\n${stdout}`);
}

/** A server that knows Max and not Zoe; its port. */
function refusingServer(stage: Stage): number {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  stage.defer(() => listener.close());
  const serve = async (connection: Deno.TcpConn) => {
    const say = (line: string) => connection.write(new TextEncoder().encode(`${line}\r\n`));
    await say("220 mx.example.net ESMTP");
    let rest = "";
    let inData = false;
    for await (const chunk of connection.readable.pipeThrough(new TextDecoderStream())) {
      const lines = (rest + chunk).split("\r\n");
      rest = lines.pop() ?? "";
      for (const line of lines) {
        if (inData) {
          if (line !== ".") continue;
          inData = false;
          await say("250 2.0.0 taken");
        } else if (/^DATA/i.test(line)) {
          inData = true;
          await say("354 go on");
        } else if (/^RCPT TO:<zoe@/i.test(line)) await say("550 5.1.1 there is no Zoe");
        else if (/^QUIT/i.test(line)) await say("221 2.0.0 bye");
        else await say(/^EHLO/i.test(line) ? "250 mx.example.net" : "250 2.0.0 ok");
      }
    }
  };
  (async () => {
    for await (const connection of listener) serve(connection).catch(() => {});
  })().catch(() => {});
  return (listener.addr as Deno.NetAddr).port;
}
