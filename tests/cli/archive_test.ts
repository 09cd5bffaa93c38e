/** Import and export from and to folders, over a store in memory. */
import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { latin1Bytes, latin1String } from "../../src/base/bytes.ts";
import type { AccountId } from "../../src/contract/mod.ts";
import { CREDENTIALS, NO_QUOTA } from "../storage/scene.ts";
import { type Desk, desk, runMain } from "./command_line.ts";

interface House extends Desk {
  readonly folder: string;
  readonly accountId: AccountId;
  /** Runs a command that must end well, or with another code. */
  done(line: string, code?: number): Promise<{ out: string; err: string }>;
  /** The messages of a mailbox: UID, flags, date and octets as latin1. */
  messages(mailbox: string): Promise<readonly Message[]>;
}

interface Message {
  readonly uid: number;
  readonly flags: readonly string[];
  readonly date: number;
  readonly text: string;
}

function houseTest(name: string, run: (house: House) => Promise<void>): void {
  Deno.test(name, async () => {
    const folder = await Deno.makeTempDir();
    try {
      await run(await openHouse(folder));
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  });
}

async function openHouse(folder: string): Promise<House> {
  const one = desk();
  const { storage } = one;
  await storage.perform("domain.add", { name: "x.test", now: 1 });
  for (const address of ["bob@x.test", "a@x.test"]) {
    await storage.perform("account.add", { address, name: "", quota: NO_QUOTA, credentials: CREDENTIALS, now: 1 });
  }
  const { accountId } = (await storage.perform("account.get", { address: "a@x.test" }))!;
  return {
    ...one,
    folder,
    accountId,
    async done(line, code = 0) {
      const ended = await one.run(line);
      assert.equal(ended.code, code, `${line}\n${ended.err}\n${ended.out}`);
      return ended;
    },
    async messages(path) {
      const mailbox = await storage.perform("mailbox.get", { accountId, path });
      if (!mailbox) return [];
      const ranges = [{ first: 1, last: 4294967295 }] as never;
      const { mailboxId } = mailbox;
      const { rows } = await storage.perform("email.read", { accountId, mailboxId, ranges, fields: [], limit: 10_000 });
      return await Promise.all(rows.map(async ({ uid, flags, internalDate, blobId, blobSize }) => {
        const pieces: string[] = [];
        for (let at = 0; at < blobSize; at += 262_144) {
          pieces.push(latin1String(await storage.readBlob(blobId, at, Math.min(blobSize, at + 262_144))));
        }
        return { uid, flags, date: internalDate, text: pieces.join("") };
      }));
    },
  };
}

async function put(path: string, text: string, time?: number): Promise<void> {
  await Deno.mkdir(dirname(path), { recursive: true });
  await Deno.writeFile(path, latin1Bytes(text));
  if (time !== undefined) await Deno.utime(path, time, time);
}

/** All files below a folder: their octets as latin1, with their times. */
async function tree(root: string, wanted: RegExp): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  const walk = async (path: string): Promise<void> => {
    for await (const { name, isDirectory } of Deno.readDir(join(root, path))) {
      const below = path === "" ? name : `${path}/${name}`;
      if (isDirectory) await walk(below);
      else if (wanted.test(below)) {
        const { mtime } = await Deno.stat(join(root, below));
        found[below] = `${mtime!.getTime()} ${latin1String(await Deno.readFile(join(root, below)))}`;
      }
    }
  };
  await walk("");
  return found;
}

const MESSAGES = /(^|\/)(cur|new)\//;
const HEAD = "From: x@outside.test\nSubject: hello\n";
/** Octets that try whatever keeps them. */
const HOSTILE: Readonly<Record<string, string>> = {
  plain: `${HEAD}\nA pigeon.\n`,
  crlf: `${HEAD}\nA pigeon.\n`.replaceAll("\n", "\r\n"),
  mixed: `${HEAD}\r\nA\r\npigeon.\n\r\n`,
  open: `${HEAD}\nno line end`,
  openCr: `${HEAD}\nends in CR\r`,
  crcrlf: `${HEAD}\na\r\r\nb\r\n`,
  bareCr: `${HEAD}\na\rb\n`,
  nul: `${HEAD}\n\0\0a\0\n`,
  eight: `${HEAD}\n\xe4\xf6\xfc\xff\x80\n`,
  long: `${HEAD}\n${"x".repeat(5000)}\n`,
  from:
    `${HEAD}\nFrom here on\n>From there\n>>From a@x.test Tue Jan  1 00:00:00 2002\n\nFrom a@x.test Tue Jan  1 00:00:00 2002\nA: b\n\n`,
  trueLength: `Content-Length: 10\n${HEAD}\nA pigeon.\n`,
  trueUnquoted: `Content-Length: 9\n${HEAD}\nFrom x\n\n\n`,
  lie: `Content-Length: 3\n${HEAD}\nA pigeon that is longer.\n`,
  status: `Status: RO\nX-Status: F\n${HEAD}\nA pigeon.\n`,
  blank: "\n",
  blanks: `${HEAD}\n\n\n\n`,
  noHeader: "hello",
};

async function hostileMaildir(root: string): Promise<void> {
  let time = 1_000_000_000;
  for (const [name, text] of Object.entries(HOSTILE)) {
    time += 1000;
    await put(join(root, "cur", `${time}.M1P1.${name},S=${text.length}:2,`), text, time);
  }
  await Deno.mkdir(join(root, "new"), { recursive: true });
}

houseTest("a Maildir comes in and goes out octet by octet, with names and times", async (house) => {
  const { folder, done, messages } = house;
  await hostileMaildir(join(folder, "in"));
  await done(`import maildir a@x.test ${folder}/in`);
  const stored = await messages("INBOX");
  assert.equal(stored.length, Object.keys(HOSTILE).length);
  for (const { text } of stored) assert.doesNotMatch(text, /(^|[^\r])\n/);
  await done(`export maildir a@x.test ${folder}/out`);
  assert.deepEqual(await tree(join(folder, "out"), MESSAGES), await tree(join(folder, "in"), MESSAGES));
});

houseTest("through mbox and eml, messages come back octet by octet too", async (house) => {
  const { folder, done } = house;
  await hostileMaildir(join(folder, "in"));
  await done(`import maildir a@x.test ${folder}/in`);
  const there = Object.values(await tree(join(folder, "in"), MESSAGES)).sort();
  await done(`export mbox a@x.test ${folder}/mbox --mailbox INBOX`);
  await done(`import mbox bob@x.test ${folder}/mbox/INBOX.mbox`);
  await done(`export maildir bob@x.test ${folder}/out`);
  assert.deepEqual(Object.values(await tree(join(folder, "out"), MESSAGES)).sort(), there);
  await done(`export mbox bob@x.test ${folder}/again --mailbox INBOX`);
  const [first, second] = [`${folder}/mbox`, `${folder}/again`].map((path) => Deno.readFileSync(`${path}/INBOX.mbox`));
  assert.equal(latin1String(second!), latin1String(first!));
  await done(`export eml a@x.test ${folder}/eml --mailbox INBOX`);
  await done(`import eml bob@x.test ${folder}/eml/INBOX --mailbox Eml`);
  await done(`export maildir bob@x.test ${folder}/third --mailbox Eml`);
  assert.deepEqual(Object.values(await tree(join(folder, "third"), MESSAGES)).sort(), there);
});

houseTest("nested Maildirs come in as nested mailboxes", async (house) => {
  const { folder, done, messages } = house;
  for (const path of ["INBOX", "Work", "Work/2024", "Work/a.b", "Entw&APw-rfe"]) {
    await put(join(folder, "in", path, "cur", `1000.x${path.length}:2,S`), `${HEAD}\n${path}\n`);
  }
  await put(join(folder, "in/Work/.mbsyncstate"), "x");
  await done(`import maildir a@x.test ${folder}/in`);
  for (const path of ["INBOX", "Work", "Work/2024", "Work/a.b", "Entwürfe"]) {
    assert.equal((await messages(path)).length, 1, path);
  }
  await done(`export maildir a@x.test ${folder}/out`);
  await done(`import maildir bob@x.test ${folder}/out`);
  const names = Object.keys(await tree(`${folder}/out`, MESSAGES)).sort();
  assert.deepEqual(names.filter((name) => name.includes("a\\2eb")).length, 1);
});

houseTest("flags, keywords, UIDs, UIDVALIDITY, subscriptions, rights and roles come in and go out", async (house) => {
  const { folder, done, messages, storage, accountId } = house;
  const root = join(folder, "in");
  const text = HOSTILE.plain!;
  await put(join(root, "cur", "1000.a:2,FSab"), text, 1000);
  await put(join(root, "cur", "2000.b:2,PRT"), text, 2000);
  await put(join(root, "new", "3000.c"), text, 3000);
  await put(join(root, "dovecot-uidlist"), "3 V1275660208 N90 Gabc\n7 :1000.a\n20 W3 :2000.b:2,S\n");
  await put(join(root, "dovecot-keywords"), "0 Work\n1 $Junk\n");
  await put(join(root, "subscriptions"), "V\t2\n\nEntw&APw-rfe\nEntw&APw-rfe\t2024\n");
  await put(join(root, "palomar-roles"), "drafts Drafts\nnonsense Sent\n");
  await put(join(root, ".Entw&APw-rfe.2024", "cur", "4000.d:2,S"), text, 4000);
  await put(join(root, ".Entw&APw-rfe.2024", "dovecot-acl"), "user=bob@x.test lrs\nowner lr\nuser=nobody@x.test l\n");
  const { err } = await done(`import maildir a@x.test ${root}`);
  assert.match(err, /owner lr/);
  assert.match(err, /nobody@x.test/);
  const told = (await messages("INBOX")).map(({ uid, flags, date }) => [uid, flags.join(" "), date]);
  assert.deepEqual(told, [[7, "\\Flagged \\Seen Work $Junk", 1_000_000], [
    20,
    "\\Answered \\Deleted $Forwarded",
    2_000_000,
  ], [21, "", 3_000_000]]);
  const inbox = await storage.perform("mailbox.get", { accountId, path: "INBOX" });
  assert.deepEqual([inbox!.uidValidity, inbox!.uidNext], [1275660208, 90]);
  const sub = await storage.perform("mailbox.get", { accountId, path: "Entwürfe/2024" });
  assert.deepEqual([sub!.subscribed, sub!.messages], [true, 1]);
  await done(`export maildir a@x.test ${folder}/out`);
  const [before, after] = [await tree(root, MESSAGES), await tree(`${folder}/out`, MESSAGES)];
  // $Forwarded has a letter of its own and, for Dovecot, which knows none, one of the folder's.
  const names = Object.fromEntries(Object.entries(after).map(([name, one]) => [name.replace("2,PRTc", "2,PRT"), one]));
  assert.deepEqual(names, before);
  const read = (path: string) => Deno.readTextFileSync(`${folder}/out/${path}`);
  assert.match(read("dovecot-uidlist"), /^3 V1275660208 N90 G[0-9a-f]{32}\n7 :1000\.a\n20 :2000\.b\n21 :3000\.c\n$/);
  assert.equal(read("dovecot-keywords"), "0 Work\n1 $Junk\n2 $Forwarded\n");
  assert.match(read("subscriptions"), /^V\t2\n\n[^]*Entwürfe\t2024\n/);
  assert.match(read("palomar-roles"), /^drafts Drafts$/m);
  assert.equal(read(".Entw&APw-rfe.2024/dovecot-acl"), "user=bob@x.test lrs\n");
});

houseTest("an import that is given again, or was broken off, doubles nothing", async (house) => {
  const { folder, done, run, messages } = house;
  for (let i = 0; i < 700; i++) {
    await put(join(folder, "in/cur", `${1000 + i}.n:2,S`), `${HEAD}\nnumber ${i}\n`, 1000 + i);
  }
  await Deno.mkdir(join(folder, "in/new"));
  await house.storage.perform("account.change", { address: "a@x.test", quota: { bytes: null, messages: 600 } });
  const full = await run(`import maildir a@x.test ${folder}/in`);
  assert.equal(full.code, 1);
  assert.match(full.err, /no room[^]*goes on where/);
  assert.equal((await messages("INBOX")).length, 500); // whole requests
  await house.storage.perform("account.change", { address: "a@x.test", quota: NO_QUOTA });
  await done(`import maildir a@x.test ${folder}/in`);
  const { out } = await done(`import maildir a@x.test ${folder}/in --json`);
  assert.deepEqual(JSON.parse(out).mailboxes[0], {
    mailbox: "INBOX",
    done: 0,
    there: 700,
    failed: 0,
    bytes: 0,
    uidValidityKept: null,
    otherUids: 0,
  });
  const texts = (await messages("INBOX")).map(({ text }) => text);
  assert.deepEqual([texts.length, new Set(texts).size], [700, 700]);
});

houseTest("an mbox that is given again, changed or not, doubles nothing, and twins in it stay two", async (house) => {
  const { folder, done, messages } = house;
  const from = "From a@x.test Tue Jan  1 00:00:00 2002";
  const twin = `${from}\n${HEAD}\ntwin\n\n`;
  await put(`${folder}/a.mbox`, `${twin}${twin}${from}\n${HEAD}\nother\n\n`);
  await done(`import mbox a@x.test ${folder}/a.mbox`);
  await put(`${folder}/a.mbox`, `${from}\n${HEAD}\nother\n\n${twin}${from}\n${HEAD}\nnew\n\n${twin}`);
  await done(`import mbox a@x.test ${folder}/a.mbox`);
  const bodies = (await messages("INBOX")).map(({ text }) => text.split("\r\n\r\n")[1]!.trim());
  assert.deepEqual(bodies, ["twin", "twin", "other", "new"]);
  assert.equal((await messages("INBOX"))[0]!.date, Date.UTC(2002, 0, 1));
});

houseTest("mbox files of other programs are read: variants, flags, UIDs, folders", async (house) => {
  const { folder, done, run, messages } = house;
  const from = "From a@x.test Tue Jan  1 00:00:00 2002";
  const internal = `${from}\nSubject: DON'T DELETE THIS MESSAGE -- FOLDER INTERNAL DATA\nX-IMAP: 1275660208 9\n\nx\n\n`;
  await put(
    `${folder}/mail/inbox`,
    `${from}\nX-IMAPbase: 1275660208 9\nX-UID: 5\nStatus: RO\nX-Status: A\n${HEAD}\n>From me\n\n${from}\nX-UID: 9\nX-Keywords: Work\n${HEAD}\ntwo\n\n${from}\nX-UID: 4000000\n${HEAD}\nforged\n\n`,
  );
  await put(`${folder}/mail/Work.sbd/2024`, internal + `${from}\n${HEAD}\nin work\n\n`);
  await put(`${folder}/mail/Work.msf`, "index");
  await put(`${folder}/mail/cl2.mbox`, `${from}\nContent-Length: 55\n${HEAD}\n>From me\n\n${from}\nA: b\n\n\n`);
  await put(`${folder}/mail/no.mbox`, "hello\n");
  const { err } = await done(`import mbox a@x.test ${folder}/mail`, 1);
  assert.match(err, /no\.mbox, octet 0: does not begin with a line as "From /);
  const inbox = await messages("INBOX");
  assert.deepEqual(inbox.map(({ uid, flags }) => [uid, flags.join(" ")]), [[5, "\\Answered \\Seen"], [9, "Work"], [
    10,
    "",
  ]]);
  assert.match(inbox[0]!.text, /\r\n\r\nFrom me\r\n$/);
  assert.equal((await messages("Work/2024")).length, 1);
  const [cl2, ...none] = await messages("cl2");
  assert.ok(cl2!.text.endsWith(`\r\n\r\n>From me\r\n\r\n${from}\r\nA: b\r\n\r\n`), cl2!.text);
  assert.equal(none.length, 0);
  await done(`import mbox a@x.test ${folder}/mail/cl2.mbox --mailbox Rd --variant mboxrd`);
  assert.equal((await messages("Rd")).length, 2);
  assert.equal((await run(`import mbox a@x.test ${folder}/mail --variant maildir`)).code, 2);
});

houseTest("flags go through an mbox, and what was put before a message for them is taken away again", async (house) => {
  const { folder, done, messages } = house;
  await put(join(folder, "in/cur/1000.a:2,FS"), HOSTILE.plain!, 1000);
  await put(join(folder, "in/cur/2000.b:2,"), HOSTILE.status!, 2000);
  await put(join(folder, "in/cur/3000.c:2,FS"), HOSTILE.status!, 3000);
  await done(`import maildir a@x.test ${folder}/in`);
  await done(`export mbox a@x.test ${folder}/out`);
  const text = Deno.readTextFileSync(`${folder}/out/INBOX.mbox`);
  assert.equal(text.match(/^X-Palomar-Added: /gm)?.length, 2); // the third says it itself
  assert.equal(text.match(/^From MAILER-DAEMON Thu Jan {2}1 00:16:40 1970$/gm)?.length, 1);
  await done(`import mbox a@x.test ${folder}/out/INBOX.mbox --mailbox Copy`);
  const [before, after] = [await messages("INBOX"), await messages("Copy")];
  assert.deepEqual(
    after.map(({ flags, date, text }) => [flags, date, text]),
    before.map(({ flags, date, text }) => [flags, date, text]),
  );
});

houseTest("an export that was broken off goes on, and one that is given again follows flags", async (house) => {
  const { folder, done, storage, accountId } = house;
  for (let i = 0; i < 300; i++) {
    await put(join(folder, "in/cur", `${1000 + i}.n:2,S`), `${HEAD}\nnumber ${i}\n`, 1000 + i);
  }
  await done(`import maildir a@x.test ${folder}/in`);
  for (const kind of ["maildir", "mbox", "eml"]) {
    await done(`export ${kind} a@x.test ${folder}/whole-${kind}`);
    // Broken off: the store fails in the middle of reading.
    let reads = 0;
    const broken = await openBroken(house, () => ++reads > 250);
    const ended = await broken(`export ${kind} a@x.test ${folder}/${kind}`);
    assert.equal(ended.code, 75, ended.err);
    assert.match(ended.err, /goes on where/);
    const { out } = await done(`export ${kind} a@x.test ${folder}/${kind} --json`);
    const [inbox] = JSON.parse(out).mailboxes.filter(({ mailbox }: { mailbox: string }) => mailbox === "INBOX");
    assert.ok(inbox.there >= 200 && inbox.done <= 100, `${kind} ${JSON.stringify(inbox)}`);
    const wanted = /(cur|new|mbox|eml)$|\/cur\//;
    assert.deepEqual(
      strip(await tree(`${folder}/${kind}`, wanted)),
      strip(await tree(`${folder}/whole-${kind}`, wanted)),
    );
  }
  const { mailboxId } = (await storage.perform("mailbox.get", { accountId, path: "INBOX" }))!;
  const ranges = [{ first: 7, last: 7 }] as never;
  await storage.perform("email.flags", { accountId, mailboxId, ranges, mode: "add", flags: ["\\Flagged"] });
  await done(`export maildir a@x.test ${folder}/maildir`);
  const names = Object.keys(await tree(`${folder}/maildir`, MESSAGES));
  assert.deepEqual([names.length, names.filter((name) => name.endsWith(":2,FS"))], [300, ["cur/1006.n:2,FS"]]);
  const again = await done(`export mbox a@x.test ${folder}/mbox`, 1);
  assert.match(again.err, /is there already and stays/);
});

/** Without times: of an mbox it is when it was written. */
function strip(files: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(files).map(([name, text]) => [name, text.replace(/^\d+ /, "")]));
}

async function openBroken({ storage }: House, isBroken: () => boolean) {
  const { testAdmin } = await import("../http/admin_over_memory.ts");
  const server = testAdmin({
    trusted: true,
    perform: (op, args) => {
      if (op === "blob.read" && isBroken()) {
        return Promise.reject(Object.assign(new Error("lost"), { reason: "unavailable" }));
      }
      return storage.perform(op, args);
    },
  }, storage);
  return desk(server).run;
}

houseTest(
  "hostile folders: links are not followed, odd names stay inside, what is broken does not stop the rest",
  async (house) => {
    const { folder, done, messages } = house;
    await put(join(folder, "secret"), `${HEAD}\nsecret\n`);
    await put(join(folder, "elsewhere/cur/1.x:2,S"), `${HEAD}\nelsewhere\n`);
    const root = join(folder, "in");
    await put(join(root, "cur/1000.good:2,S"), HOSTILE.plain!, 1000);
    await put(join(root, "cur/2000.gone:2,S"), HOSTILE.plain!, 2000);
    await put(join(root, "cur/3000.last:2,S"), HOSTILE.plain!, 3000);
    await put(join(root, "cur/.hidden"), "x");
    await Deno.mkdir(join(root, "cur/4000.folder:2,S"));
    await Deno.symlink(join(folder, "secret"), join(root, "cur/5000.link:2,S"));
    await Deno.symlink(join(folder, "elsewhere"), join(root, ".Link"));
    await Deno.symlink(join(folder, "elsewhere/cur"), join(root, "new"));
    await put(join(root, ".a\x01b/cur/1.x:2,S"), HOSTILE.plain!);
    await put(join(root, ".\\2e\\2e.x/cur/1.x:2,S"), HOSTILE.plain!);
    await put(join(root, ".x\\2f..\\2fy/cur/1.x:2,S"), HOSTILE.plain!);
    await put(join(root, "dovecot-uidlist"), "3 V0 N4294967295\n4294967295 :1000.good\n5 :../../secret\n\x00\n");
    const { err } = await done(`import maildir a@x.test ${root}`, 1);
    for (const words of [/4000\.folder.*is no file/, /5000\.link.*is no file/, /name can be none of a mailbox/]) {
      assert
        .match(err, words);
    }
    assert.ok(!err.includes("\x01"));
    assert.deepEqual((await messages("INBOX")).map(({ uid }) => uid), [1, 2, 3]);
    const { out } = await done(`export maildir a@x.test ${folder}/out --json`);
    const paths = JSON.parse(out).mailboxes.map(({ mailbox }: { mailbox: string }) => mailbox);
    assert.ok(!paths.some((path: string) => path.includes("..") || path.includes("Link")), paths.join());
  },
);

houseTest("names that a message brought along cannot lead an export out of its folder", async (house) => {
  const { folder, done, storage, accountId, app } = house;
  const names = [
    "../../escaped",
    "/etc/escaped",
    "..",
    "a/../../b",
    "new/../../x",
    "x\0y",
    ".dot",
    "twice",
    "twice",
    "y".repeat(300),
  ];
  const frames = names.map((name, i) => `${JSON.stringify({ size: 3, key: `k${i}`, name })}\nabc`).join("");
  const response = await app.fetch(
    new Request("http://localhost/api/v1/accounts/a@x.test/messages?mailbox=INBOX", {
      method: "POST",
      headers: { "content-type": "application/vnd.palomar.messages" },
      body: frames,
    }),
  );
  assert.equal(response.status, 200, await response.text());
  for (const path of ["../up", "a:b", "%2e%2e"]) {
    await storage.perform("mailbox.create", { accountId, path, role: null });
  }
  for (const kind of ["maildir", "mbox", "eml"]) {
    await done(`export ${kind} a@x.test ${folder}/deep/er/${kind}`);
    const files = Object.keys(await tree(folder, /./));
    assert.ok(files.every((file) => file.startsWith("deep/er/")), files.join());
  }
  assert.equal(Object.keys(await tree(`${folder}/deep/er/maildir`, MESSAGES)).length, names.length);
  assert.equal(Object.keys(await tree(`${folder}/deep/er/eml`, /\.eml$/)).length, names.length);
});

houseTest("--dry-run, --since and --mailbox read everything and change only what they should", async (house) => {
  const { folder, done, run, messages, storage, accountId } = house;
  await put(join(folder, "in/cur/1000.a:2,S"), HOSTILE.plain!, 1000);
  await put(join(folder, "in/cur/2000.b:2,S"), HOSTILE.plain!, Date.UTC(2020, 1, 1) / 1000);
  await put(join(folder, "in/.Work/cur/1.a:2,S"), HOSTILE.plain!, 1000);
  const dry = await done(`import maildir a@x.test ${folder}/in --dry-run`);
  assert.match(dry.out, /TO IMPORT[^]*INBOX +2[^]*Work +1/);
  assert.equal(await storage.perform("mailbox.get", { accountId, path: "Work" }), null);
  assert.equal((await messages("INBOX")).length, 0);
  await done(`import maildir a@x.test ${folder}/in --mailbox INBOX --since 2020-02-01`);
  assert.equal((await messages("INBOX")).length, 1);
  assert.equal(await storage.perform("mailbox.get", { accountId, path: "Work" }), null);
  await done(`import maildir a@x.test ${folder}/in`);
  await done(`export maildir a@x.test ${folder}/out --mailbox INBOX --since 2020-01-01`);
  assert.equal(Object.keys(await tree(`${folder}/out`, MESSAGES)).length, 1);
  const cases: readonly (readonly [string, number, RegExp])[] = [
    [`import maildir a@x.test ${folder}/in --mailbox Nowhere`, 1, /it has INBOX, Work/],
    [`import maildir a@x.test ${folder}/nowhere`, 1, /cur, new and tmp/],
    [`import maildir a@x.test ${folder}/in --since yesterday`, 2, /2026-01-31/],
    [`import maildir nobody@x.test ${folder}/in`, 1, /no account nobody@x.test/],
    [`import mbox a@x.test ${folder}/nowhere`, 1, /not there/],
    [`import eml a@x.test ${folder}/in`, 1, /no \.eml/],
    [`export maildir a@x.test ${folder}/out --mailbox Nowhere`, 1, /has no mailbox Nowhere/],
    [`export maildir nobody@x.test ${folder}/out`, 1, /no account/],
  ];
  for (const [line, code, words] of cases) {
    const ended = await run(line);
    assert.deepEqual([ended.code, words.test(ended.err)], [code, true], `${line}\n${ended.err}`);
  }
});

houseTest(
  "a file that becomes shorter while it is read is left out, and the others of its batch are not",
  async (house) => {
    const { folder, done, run, messages } = house;
    for (const name of ["1", "2", "3"]) {
      await put(
        join(folder, `in/cur/${name}000.x:2,S`),
        `${HEAD}\n${name.repeat(9)}\n`,
        1,
      );
    }
    const original = Deno.open;
    // The second is cut when it is opened for being sent.
    Deno.open = async (path, options) => {
      if (String(path).includes("2000.x")) await Deno.truncate(String(path), 5);
      return await original(path, options);
    };
    try {
      const ended = await run(`import maildir a@x.test ${folder}/in`);
      assert.equal(ended.code, 1);
      assert.match(ended.err, /2000\.x.*became shorter/);
    } finally {
      Deno.open = original;
    }
    assert.equal((await messages("INBOX")).length, 2);
    await done(`import maildir a@x.test ${folder}/in`);
    assert.equal((await messages("INBOX")).length, 3);
  },
);

houseTest("a large message goes through in pieces", async (house) => {
  const { folder, done, app } = house;
  const size = 5_000_000;
  await Deno.mkdir(join(folder, "in/cur"), { recursive: true });
  const file = await Deno.open(join(folder, "in/cur/1000.big:2,S"), { create: true, write: true });
  const block = new Uint8Array(1_000_000).map((_, i) => i % 77 === 76 ? 10 : 65 + i % 26);
  for (let i = 0; i < size / block.length; i++) await file.write(block);
  file.close();
  await done(`import maildir a@x.test ${folder}/in`);
  let largest = 0;
  const response = await app.fetch(new Request("http://localhost/api/v1/accounts/a@x.test/messages?mailbox=INBOX"));
  for await (const piece of response.body!) largest = Math.max(largest, piece.length);
  assert.ok(largest <= 262_144, `a piece of ${largest}`);
  for (const kind of ["maildir", "mbox"]) await done(`export ${kind} a@x.test ${folder}/${kind} --mailbox INBOX`);
  assert.equal((await Deno.stat(join(folder, "maildir/cur/1000.big:2,S"))).size, size);
  await done(`import mbox bob@x.test ${folder}/mbox/INBOX.mbox`);
  await done(`export maildir bob@x.test ${folder}/bob --mailbox INBOX`);
  const [found] = [...Deno.readDirSync(join(folder, "bob/cur"))];
  assert.equal((await Deno.stat(join(folder, "bob/cur", found!.name))).size, size);
});

Deno.test("import and export work on the store itself and through the control socket alike", async () => {
  const folder = await Deno.makeTempDir();
  const env = { PALOMAR_DATA_DIR: join(folder, "data") };
  const done = async (line: string, stdin = "") => {
    const { code, out, err } = await runMain(line.split(" "), { env, stdin });
    assert.equal(code, 0, `${line}: ${err}`);
    return out;
  };
  const { logger, server } = await makeServer(env.PALOMAR_DATA_DIR);
  try {
    await done("domain add x.test");
    await done("account add a@x.test --password-stdin", "correct horse\n");
    await hostileMaildir(join(folder, "in"));
    const before = await tree(join(folder, "in"), MESSAGES);
    await done(`import maildir a@x.test ${folder}/in`);
    await done(`export maildir a@x.test ${folder}/offline`);
    await server.start();
    await put(join(folder, "in/cur/5000.late:2,S"), HOSTILE.crlf!, 5000);
    const { mailboxes } = JSON.parse(await done(`import maildir a@x.test ${folder}/in --json`));
    assert.deepEqual([mailboxes[0].done, mailboxes[0].there], [1, Object.keys(before).length]);
    await done(`export maildir a@x.test ${folder}/online`);
    assert.deepEqual(await tree(`${folder}/offline`, MESSAGES), before);
    assert.deepEqual(await tree(`${folder}/online`, MESSAGES), await tree(join(folder, "in"), MESSAGES));
    assert.deepEqual(logger.lines.filter(({ level }) => level === "error"), []);
  } finally {
    await server.stop();
    await Deno.remove(folder, { recursive: true });
  }
});

async function makeServer(dataDir: string) {
  const { createServer, demoConfig, memoryLogger } = await import("../../mod.ts");
  const logger = memoryLogger();
  return { logger, server: createServer({ ...demoConfig(dataDir), demo: null, listeners: [] }, { logger }) };
}
