import assert from "node:assert/strict";
import { join } from "node:path";
import fc from "fast-check";
import { encodeBase64 } from "../../../src/base/base64.ts";
import { concatBytes, latin1Bytes, utf8Bytes } from "../../../src/base/bytes.ts";
import type { SearchKey } from "../../../src/contract/mod.ts";
import { openSqlite, type SqliteStorage } from "../../../src/storage/sqlite/mod.ts";
import { granted, message, Scene, tempDir } from "../scene.ts";
import { withPair } from "./pair.ts";

const WORDS = [
  "alpha",
  "alphabet",
  "Bäume",
  "größer",
  "мир",
  "日本語",
  "😀smile",
  "ﬁne",
  "re:",
  "x-note:",
  "Cc: bob",
  "a",
  "%_\"'",
  "\u0000nul",
  "İstanbul",
  "e\u0301te\u0301",
  "from: ann",
];
const word = fc.constantFrom(...WORDS);
const line = fc.array(word, { minLength: 0, maxLength: 6 }).map((words) => words.join(" "));
const encodedWord = (text: string) => `=?utf-8?B?${encodeBase64(utf8Bytes(text))}?=`;
const headerLine = fc.tuple(
  fc.constantFrom("Subject", "From", "To", "Cc", "X-Note", "x-note-more", "Received"),
  line,
  fc.boolean(),
).map(([name, text, encoded]) => `${name}: ${encoded ? encodedWord(text) : text.replaceAll("\0", "")}\r\n`);
const header = fc.array(headerLine, { maxLength: 5 }).map((lines) => lines.join(""));
const lines = fc.array(line, { maxLength: 6 }).map((all) => all.join("\r\n"));
const plain = lines.map((text) => "Content-Type: text/plain; charset=utf-8\r\n\r\n" + text);
const base64 = lines.map((text) =>
  "Content-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n" +
  encodeBase64(utf8Bytes(text)).replace(/.{20}/g, "$&\r\n")
);
/** Half a surrogate pair, which only UTF-7 can say. */
const utf7 = line.map((text) =>
  "Content-Type: text/plain; charset=utf-7\r\n\r\n+2D0- " + text.replaceAll("+", "").replace(/[^ -~]/g, "")
);
const leaf = fc.oneof(plain, base64, utf7);
const mixed = fc.array(leaf, { maxLength: 3 }).map((parts) =>
  "Content-Type: multipart/mixed; boundary=b\r\n\r\n" + parts.map((part) => `--b\r\n${part}\r\n`).join("") + "--b--\r\n"
);
const forwarded = fc.tuple(header, leaf).map(([top, part]) => `Content-Type: message/rfc822\r\n\r\n${top}${part}`);
const mail = fc.tuple(header, fc.oneof(leaf, mixed, forwarded)).map(([top, rest]) => utf8Bytes(top + rest));

const part = fc.tuple(fc.oneof(line, word), fc.nat(), fc.integer({ min: 1, max: 9 })).map(([text, at, length]) => {
  const from = text.length > 0 ? at % text.length : 0;
  return text.slice(from, from + length);
});
const wanted = fc.oneof(part, line, part.map((text) => text.toUpperCase()));
const textKey: fc.Arbitrary<SearchKey> = fc.oneof(
  wanted.map((text): SearchKey => ({ key: "text", text })),
  wanted.map((text): SearchKey => ({ key: "body", text })),
  fc.tuple(fc.constantFrom("subject", "from", "to", "cc", "x-note", "x-note-more", "content-type", "a:b"), wanted)
    .map(([name, text]): SearchKey => ({ key: "header", name, text })),
);
const search: fc.Arbitrary<SearchKey> = fc.oneof(
  { weight: 4, arbitrary: textKey },
  {
    weight: 1,
    arbitrary: fc.tuple(textKey, textKey, fc.constantFrom("\\Seen", "\\Flagged")).map(([a, b, flag]): SearchKey => ({
      key: "and",
      keys: [{ key: "or", keys: [a, { key: "flag", flag }] }, { key: "not", of: b }],
    })),
  },
);

const text = (text: string): SearchKey => ({ key: "text", text });
const body = (text: string): SearchKey => ({ key: "body", text });
const filler = (i: number) => message(`filler number ${i} alpha`, `Subject: filler ${i}\r\nX-Note: n${i}`);

Deno.test("the index of texts answers what a scan answers, also while it lags and after removals", async () => {
  const mails = fc.sample(mail, { numRuns: 150, seed: 1 });
  const keys = fc.sample(search, { numRuns: 140, seed: 2 });
  await withPair(async (pair) => {
    for (const [i, bytes] of mails.slice(0, 100).entries()) {
      await pair.append(bytes, i % 3 === 0 ? ["\\Seen"] : i % 5 === 0 ? ["\\Flagged"] : []);
    }
    await pair.store.settleIndex();
    await pair.agreeOn(keys);
    for (const bytes of mails.slice(100)) await pair.append(bytes);
    await pair.agreeOn(keys.slice(0, 40)); // the new ones are not indexed, or just now
    await pair.remove(3, 4, 5, 40, 70, 101);
    await pair.store.settleIndex();
    await pair.agreeOn(keys.slice(40));
  });
});

Deno.test("the index of texts knows where fields, parts and messages end", async () => {
  await withPair(async (pair) => {
    for (let i = 0; i < 80; i++) await pair.append(filler(i));
    await pair.append(message("one\r\ntwo", "Subject: left\r\nX-Note: right"));
    for (let i = 80; i < 96; i++) await pair.append(filler(i));
    await pair.store.settleIndex();
    assert.deepEqual(await pair.agree(body("ONE TWO")), [81]);
    assert.deepEqual(await pair.agree(text("left\nx-note")), []);
    assert.deepEqual(await pair.agree(text("leftx-note")), []);
    assert.deepEqual(await pair.agree({ key: "header", name: "x-note", text: "" }), await pair.agree(text("x-note: ")));
    assert.deepEqual(await pair.agree({ key: "header", name: "x-note", text: "right" }), [81]);
    assert.deepEqual(await pair.agree({ key: "header", name: "note", text: "right" }), []);
    assert.deepEqual(await pair.agree({ key: "header", name: "subject", text: "right" }), []);
    assert.deepEqual(await pair.agree(text("number 80")), [82]);
    assert.deepEqual(await pair.agree(body("")), await pair.agree({ key: "all" }));
  });
});

Deno.test("the index of texts leaves what is too long for it to the message itself", async () => {
  await withPair(async (pair) => {
    for (let i = 0; i < 64; i++) {
      if (i === 20) await pair.append(message("x ".repeat(1_100_000) + "behind"));
      else if (i === 21) {
        await pair.append(concatBytes([latin1Bytes("Subject: =?utf-7?Q?+2D0-?= half\r\n\r\n"), utf8Bytes("header")]));
      } else await pair.append(filler(i));
    }
    await pair.store.settleIndex();
    assert.deepEqual(await pair.agree(body("behind")), [21]);
    assert.deepEqual(await pair.agree(text("half")), [22]);
    assert.deepEqual(await pair.agree(text("\ud83d half")), [22]);
    assert.deepEqual(await pair.agree(text("\ufffd half")), []);
    assert.deepEqual(await pair.agree(body("x x x")), [21]);
  });
});

Deno.test("what is left of an account is indexed anew when most of it is gone", async () => {
  await withPair(async (pair, folder) => {
    for (let i = 0; i < 96; i++) await pair.append(filler(i));
    await pair.store.settleIndex();
    await pair.remove(...Array.from({ length: 60 }, (_, i) => i + 2));
    await pair.store.reclaim(); // sweeps
    assert.deepEqual(await pair.agree(text("filler 95")), [96]);
    await pair.store.settleIndex();
    await pair.agreeOn([text("filler 1"), text("alpha"), body("number 7"), text("number 0")]);
    const files = [...Deno.readDirSync(join(folder, "index"))].filter(({ name }) => name.endsWith(".text"));
    assert.deepEqual(files.map(({ name }) => name), ["00000002.text"]);
  });
});

Deno.test("one account's index says nothing of another's mail", async () => {
  await withPair(async (pair) => {
    const s = pair.indexed;
    for (let i = 0; i < 40; i++) {
      granted(await s.append(s.ann, "INBOX", filler(i)));
      granted(await s.append(s.bob, "INBOX", message(`secret ${i}`)));
    }
    await pair.store.settleIndex();
    const find = async (accountId: typeof s.ann, key: SearchKey) => {
      const { mailboxId } = await s.mailbox(accountId, "INBOX");
      return (await s.ask("email.search", { accountId, mailboxId, search: key })).uids.length;
    };
    assert.equal(await find(s.ann, text("secret")), 0);
    assert.equal(await find(s.bob, text("secret")), 40);
  });
});

Deno.test("the index of texts is made anew where it is damaged, of another version, or of another store", async () => {
  const folder = tempDir();
  const older = tempDir();
  const open = async (path: string) => {
    const scene = new Scene(await openSqlite({ dataDir: path }));
    return { scene, store: scene.store as SqliteStorage };
  };
  const count = async (s: Scene, wanted: string) => {
    const account = (await s.ask("account.list", {}))[0]!;
    const { mailboxId } = await s.mailbox(account.accountId, "INBOX");
    const { uids } = await s.ask("email.search", { accountId: account.accountId, mailboxId, search: text(wanted) });
    return uids.length;
  };
  try {
    for (const [path, word] of [[folder.path, "first"], [older.path, "other"]] as const) {
      const { scene, store } = await open(path);
      await scene.people();
      for (let i = 0; i < 70; i++) granted(await scene.append(scene.ann, "INBOX", message(`${word} ${i}`)));
      await store.settleIndex();
      await store.close();
    }
    const ask = async (wanted: string) => {
      const { scene, store } = await open(folder.path);
      await store.settleIndex();
      const found = await count(scene, wanted);
      await store.close();
      return found;
    };
    assert.equal(await ask("first"), 70);
    // The index of a store with as many emails, none of them the same.
    Deno.removeSync(join(folder.path, "index"), { recursive: true });
    Deno.renameSync(join(older.path, "index"), join(folder.path, "index"));
    assert.equal(await ask("first"), 70);
    assert.equal(await ask("other"), 0);
    Deno.writeTextFileSync(join(folder.path, "index", "catalog.db"), "no database at all".repeat(1000));
    assert.equal(await ask("first"), 70);
    for (const { name } of [...Deno.readDirSync(join(folder.path, "index"))]) {
      if (name.endsWith(".text")) Deno.truncateSync(join(folder.path, "index", name), 100);
    }
    assert.equal(await ask("first"), 70);
  } finally {
    folder.remove();
    older.remove();
  }
});
