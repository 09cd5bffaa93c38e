/** Maildirs and mboxes: what is written, quotas, locks, and paths that lead elsewhere. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { maildirPlace } from "../../../src/server/targets/maildir.ts";
import { mboxPlace } from "../../../src/server/targets/mbox.ts";
import { userPath } from "../../../src/server/targets/safe_path.ts";
import { folder, message, NOW, said, SIGNAL, way } from "./support.ts";

const names = (path: string) => [...Deno.readDirSync(path)].map(({ name }) => name).sort();
const maildirOf = (root: string, more = {}) =>
  maildirPlace({ path: `${root}/{domain}/{user}`, create: true, quota: null, ...more }, {
    hostname: "mail.example.org",
    now: () => NOW,
  });
const mboxOf = (root: string, more = {}) =>
  mboxPlace({ path: `${root}/{user}`, create: true, lockTime: 200, staleLock: 60_000, ...more }, () => NOW);
const HOME = "example.org/alice";

Deno.test("a Maildir gets a file in new with its sizes in the name and LF; a second attempt finds it", async () => {
  await using here = await folder();
  const place = maildirOf(here.path);
  assert.match(said(await place(message("Subject: x\n\nhello\n"), way(), SIGNAL)), /^delivered/);
  const [name = ""] = names(`${here.path}/${HOME}/new`);
  assert.equal(name, `${NOW / 1000}.0123456789abcdef.mail.example.org,S=18,W=21`);
  assert.equal(await Deno.readTextFile(`${here.path}/${HOME}/new/${name}`), "Subject: x\n\nhello\n");
  assert.deepEqual(names(`${here.path}/${HOME}`), ["cur", "new", "tmp"]);
  assert.deepEqual(names(`${here.path}/${HOME}/tmp`), []);
  assert.equal(said(await place(message("again"), way(), SIGNAL)), "delivered 2.0.0 it is there already");
  await place(message("other", { key: "ff" }), way(), SIGNAL);
  assert.equal(names(`${here.path}/${HOME}/new`).length, 2);
});

Deno.test("a Maildir's quota file is obeyed, appended to, and added up anew when it says that all is full", async () => {
  await using here = await folder();
  const maildir = join(here.path, HOME);
  const send = async (key: string, text = "x".repeat(50), quota: unknown = null) =>
    said(await maildirOf(here.path, { quota })(message(text, { key }), way(), SIGNAL));
  await send("a1");
  const size = join(maildir, "maildirsize");
  assert.equal(names(maildir).includes("maildirsize"), false);
  await Deno.writeTextFile(size, "130S\n50 1\n");
  assert.match(await send("a2"), /^delivered/);
  assert.equal(await Deno.readTextFile(size), "130S\n50 1\n50 1\n");
  assert.equal(await send("a3"), "temporary 4.2.2 the Maildir is full");
  assert.equal(await Deno.readTextFile(size), "130S\n100 2\n");
  // somebody removed one, and told nobody
  await Deno.remove(join(maildir, "new", names(join(maildir, "new"))[0]!));
  await Deno.utime(size, NOW / 1000, NOW / 1000);
  assert.equal(await send("a3"), "temporary 4.2.2 the Maildir is full");
  await Deno.utime(size, NOW / 1000 - 1200, NOW / 1000 - 1200);
  assert.match(await send("a3"), /^delivered/);
});

Deno.test("a quota of the configuration makes the file, counts messages, and goes before what the file says", async () => {
  await using here = await folder();
  const quota = { bytes: 1_000_000, messages: 2 };
  const send = async (key: string) => said(await maildirOf(here.path, { quota })(message("x", { key }), way(), SIGNAL));
  const size = join(here.path, HOME, "maildirsize");
  await Deno.mkdir(join(here.path, HOME), { recursive: true, mode: 0o700 });
  await Deno.writeTextFile(size, "garbage\n\0\n");
  await Deno.symlink(join(here.path, "elsewhere"), `${size}.new`);
  assert.match(await send("b1"), /^delivered/);
  assert.equal(await Deno.readTextFile(size), "1000000S,2C\n0 0\n1 1\n");
  assert.deepEqual(names(here.path), ["example.org"]);
  assert.match(await send("b2"), /^delivered/);
  assert.equal(await send("b3"), "temporary 4.2.2 the Maildir is full");
});

Deno.test("path tricks: the name of an account is one name of a file, whatever it is", () => {
  const path = (account: string) => userPath("/srv/mail/{domain}/{user}/Maildir", account)?.path;
  assert.equal(path("alice@example.org"), "/srv/mail/example.org/alice/Maildir");
  assert.equal(path('"../../etc/cron.d/x"@example.org'), "/srv/mail/example.org/%2e.%2f..%2fetc%2fcron.d%2fx/Maildir");
  assert.equal(path('".."@example.org'), "/srv/mail/example.org/%2e./Maildir");
  for (const account of ['"a\\\u0000b"@example.org', '"a\tb"@example.org']) {
    assert.doesNotMatch(path(account) ?? "", /\p{Cc}/u);
  }
  assert.equal(userPath("/srv/mail/{user}", "alice@example.org")?.root, "/srv/mail");
  assert.equal(userPath("/srv/mail/box-{user}/x", "alice@example.org")?.root, "/srv/mail");
});

Deno.test("symlinks: neither folder nor file below the root is a link, and no folder is open to others", async () => {
  await using here = await folder();
  await using outside = await folder();
  await Deno.mkdir(join(here.path, "example.org"), { mode: 0o700 });
  await Deno.symlink(outside.path, join(here.path, HOME));
  assert.match(said(await maildirOf(here.path)(message("x"), way(), SIGNAL)), /^temporary .* is a link$/);
  await Deno.remove(join(here.path, HOME));
  await maildirOf(here.path)(message("x"), way(), SIGNAL);
  await Deno.remove(join(here.path, HOME, "new"), { recursive: true });
  await Deno.symlink(outside.path, join(here.path, HOME, "new"));
  assert.match(said(await maildirOf(here.path)(message("y", { key: "k2" }), way(), SIGNAL)), /new is a link$/);
  await Deno.symlink(join(outside.path, "passwd"), join(here.path, "alice"));
  assert.match(said(await mboxOf(here.path)(message("x"), way(), SIGNAL)), /^temporary/);
  await Deno.writeTextFile(join(outside.path, "passwd"), "root\n");
  assert.match(said(await mboxOf(here.path)(message("x"), way(), SIGNAL)), /is a link$/);
  await Deno.remove(join(here.path, "alice"));
  await Deno.link(join(outside.path, "passwd"), join(here.path, "alice"));
  assert.match(said(await mboxOf(here.path)(message("x"), way(), SIGNAL)), /more than one name$/);
  assert.deepEqual([names(outside.path), await Deno.readTextFile(join(outside.path, "passwd"))], [
    ["passwd"],
    "root\n",
  ]);
  await Deno.chmod(join(here.path, "example.org"), 0o777);
  assert.match(said(await maildirOf(here.path)(message("x"), way(), SIGNAL)), /others may write in the folder/);
});

Deno.test("a root that is not there is a disk that is not mounted: nothing is made", async () => {
  await using here = await folder();
  const place = maildirOf(`${here.path}/gone`);
  assert.match(said(await place(message("x"), way(), SIGNAL)), /^temporary 4\.3\.0 the folder .*gone is not there$/);
  assert.deepEqual(names(here.path), []);
  assert.match(said(await mboxOf(here.path, { create: false })(message("x"), way(), SIGNAL)), /is not there$/);
});

Deno.test("an mbox gets messages as mboxrd, one behind the other, whatever stands at its end", async () => {
  await using here = await folder();
  const box = join(here.path, "alice");
  const place = mboxOf(here.path);
  const text = "Subject: x\n\nFrom here\n>From there\nno end";
  assert.match(said(await place(message(text), way(), SIGNAL)), /^delivered/);
  const from = "From bob@example.net Sat Jan  2 03:04:05 2027\n";
  const first = `${from}Subject: x\n\n>From here\n>>From there\nno end\n\n`;
  assert.equal(await Deno.readTextFile(box), first);
  await Deno.writeTextFile(box, "cut off by a cra", { append: true });
  await place(message("Subject: y\n\nz\n", { sender: "" }), way(), SIGNAL);
  const second = `${from.replace("bob@example.net", "MAILER-DAEMON")}Subject: y\n\nz\n\n`;
  assert.equal(await Deno.readTextFile(box), `${first}cut off by a cra\n\n${second}`);
  assert.deepEqual(names(here.path), ["alice"]);
});

Deno.test("an mbox that another program has locked is left alone, by dot-lock and by flock", async () => {
  await using here = await folder();
  const box = join(here.path, "alice");
  await Deno.writeTextFile(`${box}.lock`, "1\n");
  assert.equal(
    said(await mboxOf(here.path)(message("x"), way(), SIGNAL)),
    "temporary 4.2.0 the mbox is locked by another program",
  );
  await Deno.remove(`${box}.lock`);
  await Deno.writeTextFile(box, "");
  const other = await Deno.open(box, { write: true });
  await other.lock(true);
  assert.match(said(await mboxOf(here.path)(message("x"), way(), SIGNAL)), /locked by another/);
  other.close();
  assert.match(said(await mboxOf(here.path)(message("x"), way(), SIGNAL)), /^delivered/);
  assert.deepEqual(names(here.path), ["alice"]);
});

Deno.test("a lock is stale when neither it nor the mbox changed for a time, and only then", async () => {
  await using here = await folder();
  const box = join(here.path, "alice");
  const old = Date.now() / 1000 - 3600;
  await Deno.writeTextFile(box, "");
  await Deno.writeTextFile(`${box}.lock`, "1\n");
  await Deno.utime(`${box}.lock`, old, old);
  assert.match(said(await mboxOf(here.path)(message("x"), way(), SIGNAL)), /locked by another/); // the mbox is fresh
  await Deno.utime(box, old, old);
  assert.match(said(await mboxOf(here.path)(message("x"), way(), SIGNAL)), /^delivered/);
  assert.deepEqual(names(here.path), ["alice"]);
});

Deno.test("what is broken off halfway leaves neither a file in new nor half a message in an mbox", async () => {
  await using here = await folder();
  const broken = {
    ...message(""),
    async *octets() {
      yield new Uint8Array(10_000);
      await Promise.resolve();
      throw new Error("the disk");
    },
  };
  await mboxOf(here.path)(message("one"), way(), SIGNAL);
  const before = await Deno.readTextFile(join(here.path, "alice"));
  assert.match(said(await mboxOf(here.path)(broken, way(), SIGNAL)), /^temporary .*the disk/);
  assert.equal(await Deno.readTextFile(join(here.path, "alice")), before);
  assert.match(said(await maildirOf(here.path)(broken, way(), SIGNAL)), /^temporary/);
  assert.deepEqual([names(join(here.path, HOME, "new")), names(join(here.path, HOME, "tmp"))], [[], []]);
});

Deno.test("ten deliveries at once into one mbox: none in another", async () => {
  await using here = await folder();
  const place = mboxOf(here.path, { lockTime: 10_000 });
  const texts = Array.from({ length: 10 }, (_, i) => `Subject: ${i}\n\n${String(i).repeat(200_000)}\n`);
  await Promise.all(texts.map((text) => place(message(text), way(), SIGNAL)));
  const box = await Deno.readTextFile(join(here.path, "alice"));
  for (const text of texts) assert.ok(box.includes(`\n${text}\n`));
});
