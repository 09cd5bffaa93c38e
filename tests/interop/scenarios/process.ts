import { ok, strictEqual } from "node:assert/strict";
import { Buffer } from "node:buffer";
import { join } from "node:path";
import { connect } from "node:tls";
import { ensureDemoCertificate } from "../../../src/net/demo_ca.ts";
import { openImap, readMailbox } from "../mailbox.ts";
import { startAgain } from "../palomar.ts";
import { eventually, type Scenario } from "../scenario.ts";
import { openSmtp, sendIn } from "../smtp_client.ts";
import { Wire } from "../wire.ts";

const STOPS_WITHIN_MS = 17_000; // the grace for connections (10 s), what may come on top (5 s), and a little

/** The server as a process among others: signals and its data folder. */
export const serverProcess: readonly Scenario[] = [
  {
    name: "process: SIGTERM ends with 0, with clients in the middle of things, and all mail is there afterwards",
    async run(stage) {
      const palomar = await stage.startPalomar("stop.test");
      const account = await palomar.account("mia");
      await sendIn(palomar.ports.smtp, account, "Subject: kept\r\n\r\nkept");
      const idle = await openImap(palomar, account);
      stage.defer(() => idle.close());
      await idle.mailboxOpen("INBOX");
      void idle.idle().catch(() => {});
      const sender = await openSmtp(palomar.ports.smtp);
      stage.defer(() => sender.close());
      await sender.send(`MAIL FROM:<x@outside.test>\r\nRCPT TO:<${account.address}>\r\nDATA\r\nSubject: half\r\n`);
      const began = performance.now();
      const ended = await palomar.stop();
      ok(performance.now() - began < STOPS_WITHIN_MS, `it took ${Math.round(performance.now() - began)} ms`);
      strictEqual(ended?.code, 0);
      strictEqual(ended.signal, null);
      await palomar.start();
      const messages = await readMailbox(palomar, account);
      strictEqual(messages.length, 1);
      ok(messages[0]!.includes("Subject: kept"));
      return `${Math.round(performance.now() - began)} ms`;
    },
  },
  {
    name: "process: a second server on the same data is refused in clear words, and the first goes on",
    async run(stage) {
      const { palomar } = stage;
      const { code, stderr } = await startAgain(palomar.configFile, stage.signal);
      strictEqual(code, 75); // may work later
      ok(/in use|already|another/i.test(stderr), stderr);
      ok(!/\n\s+at /.test(stderr), `a stack is nothing for an operator: ${stderr}`);
      const account = await palomar.account("noa");
      await sendIn(palomar.ports.smtp, account, "Subject: on\r\n\r\non");
      strictEqual((await readMailbox(palomar, account)).length, 1);
    },
  },
  {
    name: "process: SIGHUP loads a new certificate while connections go on, and a broken one changes nothing",
    async run(stage) {
      const palomar = await stage.startPalomar("reload.test");
      const account = await palomar.account("pia");
      const staying = await Wire.connectTls(palomar.ports.pop3s, palomar.caFile);
      stage.defer(() => staying.close());
      ok((await staying.line())?.startsWith("+OK"));
      const before = await fingerprint(palomar.ports.imaps);
      const made = await ensureDemoCertificate(join(stage.folder, "new"), [`mail.${palomar.domain}`, "localhost"]);
      await Deno.copyFile(made.keyFile, palomar.tls.keyFile);
      await Deno.copyFile(made.certFile, palomar.tls.certFile);
      palomar.signal("SIGHUP");
      const after = await eventually("a new certificate", async () => {
        const now = await fingerprint(palomar.ports.imaps);
        return now === before ? null : now;
      });
      await staying.send(`USER ${account.address}\r\n`);
      ok((await staying.line())?.startsWith("+OK"));
      const startTls = await Wire.connectTls(palomar.ports.smtps, made.caFile);
      ok((await startTls.line())?.startsWith("220"));
      startTls.close();
      await Deno.writeTextFile(palomar.tls.certFile, "this is no certificate");
      const logged = palomar.log.length;
      palomar.signal("SIGHUP");
      await eventually("a word in the log about the broken certificate", () => {
        const line = palomar.log.slice(logged).find((one) => one.includes("certificate.refused"));
        return Promise.resolve(line);
      });
      strictEqual(await fingerprint(palomar.ports.imaps), after);
    },
  },
];

/** Of the certificate that is shown on a port with implicit TLS. */
function fingerprint(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: "127.0.0.1", port, servername: "localhost", rejectUnauthorized: false }, () => {
      const { raw } = socket.getPeerCertificate();
      socket.destroy();
      resolve(Buffer.from(raw).toString("base64"));
    });
    socket.on("error", reject);
  });
}
