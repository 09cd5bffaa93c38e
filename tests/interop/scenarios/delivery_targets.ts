import { equal, match, ok } from "node:assert/strict";
import { join } from "node:path";
import { Dovecot } from "../dovecot.ts";
import { readMailbox } from "../mailbox.ts";
import { eventually, type Scenario } from "../scenario.ts";
import { sendIn } from "../smtp_client.ts";

const text = (id: string) =>
  `From: sender@outside.test\r\nMessage-ID: <${id}@outside.test>\r\nSubject: ${id}\r\n\r\nFrom here\r\n`;

/** Reads an mbox, or holds its locks for so long, as programs in Python do: dot-lock and fcntl. */
const READ = "import mailbox,sys\nfor m in mailbox.mbox(sys.argv[1]): print(m['subject'], repr(m.get_payload()))\n";

/** Programs that read what Palomar writes besides its store, and that hold its locks. */
export const deliveryTargets: readonly Scenario[] = [
  {
    name: "delivery: Dovecot reads the Maildir that Palomar writes, with its sizes",
    needs: ["dovecot"],
    root: true,
    async run(stage) {
      const dovecot = await Dovecot.start(stage);
      const maildirs = { home: { path: join(dovecot.folder, "mail", "{user}") } };
      const palomar = await stage.startPalomar("ours.test", { config: { delivery: { maildirs } } });
      const olga = await palomar.account("olga");
      await palomar.cli(["target", "add", olga.address, "maildir:home", "--no-keep"]);
      for (const id of ["one", "two"]) await sendIn(palomar.ports.smtp, olga.address, text(id), "sender@outside.test");
      const user = olga.address.slice(0, olga.address.indexOf("@"));
      const maildir = dovecot.maildirOf(user);
      await eventually(
        "both are in new",
        async () => (await Array.fromAsync(Deno.readDir(join(maildir, "new"))).catch(() => [])).length === 2,
      );
      await stage.run("chown", ["-R", "nobody:nogroup", maildir]);
      const client = await dovecot.open(user);
      try {
        const lock = await client.getMailboxLock("INBOX");
        const found: string[] = [];
        for await (const { source, size } of client.fetch("1:*", { source: true, size: true })) {
          const octets = source!;
          equal(size, octets.length);
          found.push(/^Subject: (.*)\r$/m.exec(new TextDecoder().decode(octets))?.[1] ?? "");
        }
        lock.release();
        equal(found.sort().join(), "one,two");
      } finally {
        await client.logout();
      }
    },
  },
  {
    name: "delivery: Python reads the mbox that Palomar writes, and mutt's dot-lock is waited for",
    needs: ["python3", "mutt_dotlock"],
    async run(stage) {
      const boxes = join(stage.folder, "boxes");
      await Deno.mkdir(boxes);
      const mboxes = { spool: { path: join(boxes, "{user}") } };
      const retry = { first: "1s", longest: "2s" };
      const palomar = await stage.startPalomar("ours.test", { config: { delivery: { mboxes }, outbound: { retry } } });
      const olga = await palomar.account("olga");
      await palomar.cli(["target", "add", olga.address, "mbox:spool"]);
      const box = join(boxes, olga.address.slice(0, olga.address.indexOf("@")));
      const read = async () => (await stage.run("python3", ["-c", READ, box])).stdout;
      const send = (id: string) => sendIn(palomar.ports.smtp, olga.address, text(id), "sender@outside.test");
      await send("one");
      await eventually("it is there", async () => (await Deno.stat(box).catch(() => null))?.size ?? 0);
      match(await read(), /^one '>From here\\n(\\n)?'\n$/);
      await stage.run("mutt_dotlock", [box]);
      ok((await Deno.stat(`${box}.lock`)).isFile);
      await send("two");
      await new Promise((done) => setTimeout(done, 2_000));
      match(await read(), /^one [^\n]*\n$/);
      await stage.run("mutt_dotlock", ["-u", box]);
      await eventually("the other is there too", async () => /\ntwo /.test(await read()));
    },
  },
  {
    name: "getmail: palomar deliver as its MDA_external runs scripts, and a refusal leaves the message where it was",
    needs: ["getmail"],
    async run(stage) {
      const { palomar } = stage;
      const [from, to] = [await palomar.account("erin"), await palomar.account("frank")];
      const script = 'require ["fileinto", "mailbox", "reject"];\n' +
        'if header :is "subject" "refuse" { reject "Not this"; }\nelse { fileinto :create "Fetched"; }\n';
      await palomar.cli(["sieve", "put", to.address, "main", "-"], script);
      await palomar.cli(["sieve", "activate", to.address, "main"]);
      for (const id of ["file", "refuse"]) await sendIn(palomar.ports.smtp, from.address, text(id), "x@outside.test");
      const config = join(stage.folder, "getmailrc");
      await Deno.writeTextFile(
        config,
        `[retriever]
type = SimplePOP3SSLRetriever
server = localhost
port = ${palomar.ports.pop3s}
username = ${from.address}
password = ${from.password}
ca_certs = ${palomar.caFile}
[destination]
type = MDA_external
path = ${await palomar.script("deliver")}
arguments = ("-e", "-f", "%(sender)", "${to.address}")
allow_root_commands = true
[options]
delete = true
message_log = ${stage.folder}/getmail.log
`,
      );
      const args = ["--getmaildir", stage.folder, "--rcfile", config];
      const { stdout, stderr } = await stage.run("getmail", args, { codes: "any" });
      const filed = await readMailbox(palomar, to, "Fetched");
      equal(filed.length, 1, stdout + stderr);
      ok(filed[0]!.startsWith("Return-Path: <x@outside.test>\r\n") && filed[0]!.includes("Subject: file"), filed[0]);
      const kept = await readMailbox(palomar, from);
      ok(kept.length === 1 && kept[0]!.includes("Subject: refuse"), stdout + stderr);
    },
  },
];
