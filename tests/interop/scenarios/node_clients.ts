import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { Buffer } from "node:buffer";
import nodemailer from "nodemailer";
import { arrives, openImap } from "../mailbox.ts";
import { eventually, type Scenario } from "../scenario.ts";

/** The two mail libraries of npm that most programs use. */
export const nodeClients: readonly Scenario[] = [
  {
    name: "nodemailer: sends text, HTML and attachments over a pool",
    async run(stage) {
      const { palomar } = stage;
      const from = await palomar.account("frank");
      const to = await palomar.account("grace");
      const transport = nodemailer.createTransport({
        host: "localhost",
        port: palomar.ports.submission,
        requireTLS: true,
        pool: true,
        auth: { user: from.address, pass: from.password },
        tls: { ca: await Deno.readTextFile(palomar.caFile) },
      });
      stage.defer(() => transport.close());
      ok(await transport.verify());
      const binary = Buffer.from(Uint8Array.from({ length: 200_000 }, (_, i) => (i * i) >> 3));
      const sent = await Promise.all(Array.from({ length: 8 }, (_, i) =>
        transport.sendMail({
          from: `"Fränk" <${from.address}>`,
          to: to.address,
          subject: `Nummer ${i} – grüße`,
          text: "plain\n.\n",
          html: "<p>html</p>",
          attachments: [{ filename: "größe.bin", content: binary }, { filename: "b.txt", content: "b" }],
        })));
      for (const info of sent) {
        deepStrictEqual(info.accepted, [to.address]);
        await arrives(palomar, to, info.messageId);
      }
      const client = await openImap(palomar, to);
      const lock = await client.getMailboxLock("INBOX");
      const message = await client.fetchOne("1", { envelope: true, bodyStructure: true });
      ok(message && message.bodyStructure && message.envelope);
      ok(/^Nummer \d – grüße$/.test(message.envelope.subject ?? ""), message.envelope.subject);
      strictEqual(message.envelope.from?.[0]?.name, "Fränk");
      strictEqual(message.bodyStructure.type, "multipart/mixed");
      const part = message.bodyStructure.childNodes?.find((node) => node.type === "application/octet-stream");
      strictEqual(part?.dispositionParameters?.filename, "größe.bin");
      const download = await client.download("1", part?.part);
      const chunks: Uint8Array[] = [];
      for await (const chunk of download.content ?? []) chunks.push(chunk);
      ok(Buffer.concat(chunks).equals(binary));
      lock.release();
      await client.logout();
    },
  },
  {
    name: "imapflow: lists, creates, appends, fetches, flags, searches, moves and deletes",
    async run({ palomar }) {
      const account = await palomar.account("heidi");
      const client = await openImap(palomar, account);
      const names = (await client.list()).map((one) => one.path);
      ok(names.includes("INBOX"), names.join());
      await client.mailboxCreate(["Projekte", "Täuberei"]);
      const lock = await client.getMailboxLock("INBOX");
      for (let i = 1; i <= 20; i++) {
        const text =
          `From: a@x.test\r\nTo: b@x.test\r\nSubject: message ${i}\r\nMessage-ID: <${i}@flow>\r\n\r\nbody ${i}\r\n`;
        await client.append(
          "INBOX",
          Buffer.from(text),
          i % 2 ? ["\\Seen"] : ["$Later"],
          new Date("2020-02-02T02:02:02Z"),
        );
      }
      deepStrictEqual(await client.search({ seen: true }, { uid: true }), [1, 3, 5, 7, 9, 11, 13, 15, 17, 19]);
      deepStrictEqual(await client.search({ subject: "message 2", keyword: "$Later" }), [2, 20]);
      ok(await client.messageFlagsAdd("1:5", ["\\Flagged"]));
      ok(await client.messageFlagsRemove("2", ["$Later"]));
      ok(await client.messageFlagsSet("3", ["\\Answered"]));
      const flags = [];
      for await (const row of client.fetch("1:3", { flags: true, internalDate: true, size: true })) {
        flags.push([...row.flags ?? []].sort());
        strictEqual(new Date(row.internalDate ?? 0).toISOString(), "2020-02-02T02:02:02.000Z");
      }
      deepStrictEqual(flags, [["\\Flagged", "\\Seen"], ["\\Flagged"], ["\\Answered"]]);
      const one = await client.fetchOne("20", { source: true, envelope: true, headers: ["subject"] });
      ok(one && one.source?.toString().endsWith("\r\n\r\nbody 20\r\n"));
      strictEqual(one.envelope?.messageId, "<20@flow>");
      const moved = await client.messageMove("1:4", "Projekte/Täuberei");
      ok(moved && moved.uidMap?.size === 4);
      const copied = await client.messageCopy("1:2", "Projekte/Täuberei");
      ok(copied && copied.uidMap?.size === 2);
      ok(await client.messageDelete("1:*"));
      strictEqual(client.mailbox && client.mailbox.exists, 0);
      lock.release();
      const status = await client.status("Projekte/Täuberei", { messages: true });
      strictEqual(status && status.messages, 6);
      const quota = await client.getQuota("Projekte/Täuberei");
      strictEqual(quota && quota.quotaRoot, `#user/${account.address}`);
      await client.mailboxRename("Projekte/Täuberei", "Projekte/Schlag");
      await client.mailboxDelete("Projekte/Schlag");
      await client.logout();
    },
  },
  {
    name: "imapflow: IDLE tells of mail, flags and expunges of another session at once",
    async run({ palomar }) {
      const account = await palomar.account("ivan");
      const watcher = await openImap(palomar, account);
      const worker = await openImap(palomar, account);
      const seen: string[] = [];
      watcher.on("exists", ({ count }: { count: number }) => seen.push(`exists ${count}`));
      watcher.on("expunge", () => seen.push("expunge"));
      watcher.on("flags", ({ flags }: { flags: Set<string> }) => seen.push(`flags ${[...flags].join()}`));
      await watcher.mailboxOpen("INBOX");
      const idling = watcher.idle();
      await worker.mailboxOpen("INBOX");
      const told = (what: string) => eventually(what, () => Promise.resolve(seen.includes(what)), 5);
      await worker.append("INBOX", Buffer.from("Subject: x\r\n\r\nx\r\n"));
      await told("exists 1");
      await worker.noop();
      await worker.messageFlagsAdd("1", ["\\Flagged"]);
      await told("flags \\Flagged");
      await worker.messageDelete("1");
      await told("expunge");
      await worker.logout();
      await watcher.logout();
      await idling.catch(() => {});
    },
  },
];
