import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { Buffer } from "node:buffer";
import { join } from "node:path";
import type { ImapFlow } from "imapflow";
import { Dovecot } from "../dovecot.ts";
import { openImap } from "../mailbox.ts";
import type { Account, Palomar } from "../palomar.ts";
import { eventually, pause, type Scenario, type Stage } from "../scenario.ts";

const MAILBOXES = ["INBOX", "Work", "Work/2024", "Entwürfe & more"];

/** Moving in from Dovecot and out again. */
export const dovecotArchive: readonly Scenario[] = [
  {
    name: "dovecot: a Maildir of real deliveries comes in with UIDs, flags and dates, and goes out octet by octet",
    needs: ["dovecot", "doveadm", "python3"],
    root: true,
    seconds: 180,
    async run(stage) {
      const dovecot = await Dovecot.start(stage);
      await fill(dovecot);
      const { palomar } = stage;
      const account = await palomar.account("mover");
      const source = dovecot.maildirOf("first");
      await palomar.cli(["import", "maildir", account.address, source]);
      await sameInImap(dovecot, palomar, account);
      const again = JSON.parse(await palomar.cli(["import", "maildir", account.address, source, "--json"]));
      strictEqual(again.mailboxes.reduce((sum: number, one: { done: number }) => sum + one.done, 0), 0);
      deepStrictEqual(again.remarks, []);
      for (const { uidValidityKept } of again.mailboxes) strictEqual(uidValidityKept, true);

      const out = join(stage.folder, "out");
      await palomar.cli(["export", "maildir", account.address, out]);
      const [before, after] = [await contents(source), await contents(out)];
      deepStrictEqual([...after.keys()].sort(), [...before.keys()].sort());
      for (const [name, octets] of before) ok(octets.equals(after.get(name)!), `${name} is another`);

      // Dovecot serves the export as if it were its own.
      await dovecot.adopt("second", out);
      deepStrictEqual(await dovecot.listing("second"), await dovecot.listing("first"));
      const mailboxes = (rows: string[]) => rows.filter((row) => MAILBOXES.some((name) => row.startsWith(`${name}\t`)));
      deepStrictEqual(mailboxes(await dovecot.status("second")), await dovecot.status("first"));
      const subscribed = await dovecot.subscriptions("second");
      for (const name of await dovecot.subscriptions("first")) {
        ok(subscribed.includes(name), `${name} is not subscribed`);
      }
      await throughMbox(stage, account, before);
      return `${before.size} messages`;
    },
  },
  {
    name: "mutt: reads an exported mbox with its flags, and what it writes of it is imported",
    needs: ["mutt", "script"],
    async run(stage) {
      const { palomar, folder } = stage;
      const account = await palomar.account("mutt");
      const source = join(folder, "source");
      const texts: readonly (readonly [string, string])[] = [
        ["FS", "From: a@x.test\nSubject: one\n\nFrom here\n\nFrom a@x.test Tue Jan  1 00:00:00 2002\nA: b\n"],
        ["", "From: a@x.test\nSubject: two\n\nno line end"],
        ["RS", "From: a@x.test\nContent-Length: 99\nSubject: three\n\nlie\n"],
      ];
      await Deno.mkdir(join(source, "cur"), { recursive: true });
      for (const [i, [letters, text]] of texts.entries()) {
        await Deno.writeTextFile(join(source, "cur", `${1_000_000_000 + i}.m:2,${letters}`), text);
      }
      await palomar.cli(["import", "maildir", account.address, source]);
      await palomar.cli(["export", "mbox", account.address, join(folder, "out"), "--mailbox", "INBOX"]);
      for (const kind of ["Maildir", "mbox"]) {
        const rc = `set mbox_type=${kind} confirmappend=no confirmcreate=no copy=no quit=yes wait_key=no\n` +
          `push "T~A<enter>;C<kill-line>${folder}/${kind}<enter>q"\n`;
        await Deno.writeTextFile(join(folder, "rc"), rc);
        const mutt = `mutt -n -R -F ${folder}/rc -f ${folder}/out/INBOX.mbox`;
        await stage.run("script", ["-qec", mutt, "/dev/null"], { env: { TERM: "xterm" } });
      }
      const copies = await Array.fromAsync(Deno.readDir(join(folder, "Maildir", "cur")));
      deepStrictEqual(copies.map(({ name }) => name.replace(/.*:2,/, "")).sort(), ["", "FS", "RS"]);
      await palomar.cli([
        "import",
        "mbox",
        account.address,
        join(folder, "mbox"),
        "--mailbox",
        "Back",
        "--variant",
        "mboxcl",
      ]);
      const imap = await openImap(palomar, account);
      try {
        const { rows } = await seen(imap, "Back");
        const back = rows.map((row) => row as [number, string[], number, string]);
        deepStrictEqual(back.map(([, flags]) => flags.join(" ")), ["\\Flagged \\Seen", "", "\\Answered \\Seen"]);
        for (const [i, [, text]] of texts.entries()) {
          const body = back[i]![3].split("\r\n\r\n").slice(1).join("\r\n\r\n");
          strictEqual(body, text.replaceAll("\n", "\r\n").split("\r\n\r\n").slice(1).join("\r\n\r\n"));
          ok(!back[i]![3].includes("X-Palomar"), back[i]![3]);
        }
      } finally {
        await imap.logout();
      }
    },
  },
  {
    name: "import and export: killed again and again, nothing is doubled, nothing is missing; 50 MB in little memory",
    seconds: 240,
    async run(stage) {
      const { palomar } = stage;
      const account = await palomar.account("killed");
      const source = join(stage.folder, "source");
      await makeMaildir(source, 3000);
      const kills = await untilItEnds(stage, palomar, ["import", "maildir", account.address, source], 1500);
      const out = join(stage.folder, "out");
      const more = await untilItEnds(stage, palomar, ["export", "maildir", account.address, out], 1500);
      const [before, after] = [await contents(source), await contents(out)];
      deepStrictEqual([...after.keys()].sort(), [...before.keys()].sort());
      for (const [name, octets] of before) ok(octets.equals(after.get(name)!), `${name} is another`);

      const big = join(stage.folder, "big");
      await makeBig(join(big, "cur"), 4, 50_000_000);
      const imported = await peak(palomar, ["import", "maildir", account.address, big]);
      const exported = await peak(palomar, ["export", "mbox", account.address, join(stage.folder, "mbox")]);
      ok(imported < 400 && exported < 400, `import ${imported} MB, export ${exported} MB`);
      return `killed ${kills} times in and ${more} out; 200 MB in four messages: ${imported} MB in, ${exported} MB out`;
    },
  },
];

/** Deliveries, folders, flags, keywords and dates, as people leave them. */
async function fill(dovecot: Dovecot): Promise<void> {
  await dovecot.deliver("first", Array.from({ length: 40 }, (_, number) => delivered(number)));
  const imap = await dovecot.open("first");
  try {
    for (const mailbox of MAILBOXES.slice(1)) {
      await imap.mailboxCreate(mailbox);
      await imap.mailboxSubscribe(mailbox);
    }
    const dates = ["1999-12-31T23:59:59Z", "2010-06-15T12:00:00+0200", "2024-02-29T01:02:03Z"];
    for (const [i, date] of dates.entries()) {
      const octets = Buffer.from(delivered(100 + i));
      await imap.append("Work/2024", octets, ["\\Seen", "\\Draft", "Customer"], new Date(date));
      await imap.append("Entwürfe & more", octets, ["\\Answered", "$Forwarded"], new Date(date));
    }
    await imap.mailboxOpen("INBOX");
    await imap.messageFlagsAdd("2:9", ["\\Seen"], { uid: true });
    await imap.messageFlagsAdd("5,12", ["\\Flagged", "Important", "$Label1"], { uid: true });
    await imap.messageFlagsAdd("7", ["\\Deleted"], { uid: true });
    await imap.messageFlagsAdd("20:22", ["NonJunk"], { uid: true });
    await imap.messageMove("30:33", "Work", { uid: true });
    await imap.messageCopy("12", "Work", { uid: true });
    await imap.messageDelete("3,15:17,40", { uid: true });
  } finally {
    await imap.logout();
  }
  await dovecot.deliver("first", [delivered(200), delivered(201)]);
}

/** What a message of real life can hold; the last octet is a line end, because LMTP has no other. */
function delivered(number: number): Uint8Array {
  const head =
    `From: Sender <sender@outside.test>\r\nSubject: number ${number}\r\nMessage-ID: <${number}@outside.test>\r\n` +
    "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n";
  const bodies = [
    "Hello\r\n",
    "Grüße, 鳩\r\n",
    "From here on\r\n>From there\r\n>>From everywhere\r\n\r\nFrom a@b.test Tue Jan  1 00:00:00 2002\r\nA: b\r\n",
    ".\r\n..\r\n.dot\r\n",
    `${"long ".repeat(150)}\r\n`,
    "\r\n\r\n\r\n",
    "a\rb\tc\x01\x7f\r\n",
    `${"line\r\n".repeat(5000)}`,
    "",
  ];
  return new TextEncoder().encode(head + bodies[number % bodies.length]);
}

/** What both servers tell a client of each mailbox. */
async function sameInImap(dovecot: Dovecot, palomar: Palomar, account: Account): Promise<void> {
  const [theirs, ours] = [await dovecot.open("first"), await openImap(palomar, account)];
  try {
    for (const mailbox of MAILBOXES) deepStrictEqual(await seen(ours, mailbox), await seen(theirs, mailbox), mailbox);
  } finally {
    await theirs.logout();
    await ours.logout();
  }
}

async function seen(imap: ImapFlow, mailbox: string) {
  const { uidValidity, uidNext, exists } = await imap.mailboxOpen(mailbox, { readOnly: true });
  const rows: unknown[] = [];
  for await (const one of imap.fetch("1:*", { uid: true, flags: true, internalDate: true, source: true })) {
    const flags = [...one.flags ?? []].filter((flag) => flag !== "\\Recent").sort();
    rows.push([one.uid, flags, new Date(one.internalDate!).getTime(), one.source!.toString("latin1")]);
  }
  ok(rows.length > 0, `${mailbox} is empty`);
  return { uidValidity, uidNext, exists, rows };
}

/** All message files by folder and base name. Their flags are behind it; those are compared as Dovecot reads them. */
async function contents(maildir: string): Promise<Map<string, Buffer>> {
  const found = new Map<string, Buffer>();
  const folders = [""];
  for await (const { name, isDirectory } of Deno.readDir(maildir)) {
    if (isDirectory && name.startsWith(".")) folders.push(name);
  }
  for (const folder of folders) {
    for (const inner of ["cur", "new"]) {
      for await (const { name } of Deno.readDir(join(maildir, folder, inner))) {
        const octets = await Deno.readFile(join(maildir, folder, inner, name));
        found.set(`${folder}/${name.replace(/:2,.*/, "")}`, Buffer.from(octets));
      }
    }
  }
  return found;
}

/** Python and Dovecot read the exported mbox: as many messages, and the same octets. */
async function throughMbox(stage: Stage, account: Account, before: Map<string, Buffer>): Promise<void> {
  const { palomar } = stage;
  const out = join(stage.folder, "mbox");
  await palomar.cli(["export", "mbox", account.address, out, "--mailbox", "INBOX"]);
  const file = join(out, "INBOX.mbox");
  const inbox = [...before.keys()].filter((name) => name.startsWith("/")).length;
  const count = await stage.run("python3", ["-c", `import mailbox,sys; print(len(mailbox.mbox(sys.argv[1])))`, file]);
  strictEqual(Number(count.stdout), inbox);
  const other = await palomar.account("mbox");
  await palomar.cli(["import", "mbox", other.address, file]);
  const back = join(stage.folder, "back");
  await palomar.cli(["export", "maildir", other.address, back, "--mailbox", "INBOX"]);
  const texts = (files: Map<string, Buffer>) =>
    [...files].filter(([name]) => name.startsWith("/")).map(([, octets]) => octets.toString("latin1")).sort();
  deepStrictEqual(texts(await contents(back)), texts(before));
}

async function makeMaildir(folder: string, messages: number): Promise<void> {
  for (const name of ["cur", "new", "tmp"]) await Deno.mkdir(join(folder, name), { recursive: true });
  for (let i = 0; i < messages; i++) {
    const path = join(folder, "cur", `${1_000_000_000 + i}.M${i}.host:2,${i % 2 ? "S" : ""}`);
    await Deno.writeTextFile(path, `From: x@outside.test\nSubject: number ${i}\n\n${`line ${i}\n`.repeat(i % 100)}`);
  }
}

async function makeBig(folder: string, messages: number, size: number): Promise<void> {
  await Deno.mkdir(folder, { recursive: true });
  const line = new TextEncoder().encode("x".repeat(75) + "\n");
  const block = new Uint8Array(1_000_000).map((_, i) => line[i % line.length]!);
  for (let i = 0; i < messages; i++) {
    const file = await Deno.open(join(folder, `${2_000_000_000 + i}.big:2,S`), { create: true, write: true });
    await file.write(new TextEncoder().encode(`Subject: big ${i}\n\n`));
    for (let at = 0; at < size; at += block.length) await file.write(block);
    file.close();
  }
}

/** Kills the command after ever longer times until it comes to its end. Answers how often. */
async function untilItEnds(stage: Stage, palomar: Palomar, args: readonly string[], firstMs: number): Promise<number> {
  for (let kills = 0;; kills++) {
    const child = palomar.command(args);
    const output = child.output();
    let killed = false;
    const timer = setTimeout(() => {
      killed = true;
      child.kill("SIGKILL");
    }, firstMs + kills * 400);
    const { code, stderr } = await output;
    clearTimeout(timer);
    if (code === 0) return kills;
    if (!killed) throw new Error(new TextDecoder().decode(stderr));
    stage.signal.throwIfAborted();
  }
}

/** The most memory that a command had, in MB. */
async function peak(palomar: Palomar, args: readonly string[]): Promise<number> {
  const child = palomar.command(args);
  let [most, running] = [0, true];
  const output = child.output().finally(() => running = false);
  await eventually("the command ends", async () => {
    const status = await Deno.readTextFile(`/proc/${child.pid}/status`).catch(() => "");
    most = Math.max(most, Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024);
    await pause(20);
    return !running;
  }, 120);
  const { code, stderr } = await output;
  strictEqual(code, 0, new TextDecoder().decode(stderr));
  return Math.round(most);
}
