/** Every search key, as a table. */
import assert from "node:assert/strict";
import { encodeBase64 } from "../../../src/base/base64.ts";
import { latin1Bytes, utf8Bytes } from "../../../src/base/bytes.ts";
import type { Modseq, SearchKey, Uid } from "../../../src/contract/mod.ts";
import { granted, message, type Open, sceneTest } from "../scene.ts";

const b64 = (text: string) => encodeBase64(utf8Bytes(text)).replace(/.{60}/g, "$&\r\n");

/** UID 1, 2, … in this order: octets, flags, internal date. */
const MAIL: readonly (readonly [Uint8Array, readonly string[], number])[] = [
  [
    message(
      "plain words here",
      "Subject: =?utf-8?B?w4RwZmVs?= und\r\n =?iso-8859-1?Q?B=E4ume?=\r\nX-Empty:\r\nTo: Ann <ann@example.org>",
    ),
    ["\\Seen", "Work"],
    1000,
  ],
  [
    message(
      b64("Der Fuß ist größer als gedacht. ".repeat(5)),
      "Subject: two\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\nDate: Thu, 01 Jan 1970 01:00:00 +0000",
    ),
    ["\\Flagged"],
    2000,
  ],
  [
    message(
      "caf=E9 au lait, long=\r\n line",
      "Subject: three\r\nContent-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: quoted-printable",
    ),
    ["\\Deleted"],
    3000,
  ],
  [
    latin1Bytes(
      "Subject: four\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\npreamble\r\n--b\r\nContent-Type: text/html\r\n\r\n<p>hyper<b>text</b></p>\r\n--b\r\nContent-Type: message/rfc822\r\n\r\nSubject: inner =?utf-8?Q?=C3=BCber?=\r\n\r\nnested body\r\n--b\r\nContent-Type: image/png\r\n\r\npixels\r\n--b--\r\n",
    ),
    [],
    4000,
  ],
  [message("x".repeat(70_000) + "far away needle" + "y".repeat(70_000), "Subject: five"), [], 5000],
  [message("k\r\nwrapped\r\ntext", "Subject: \u65e5\u672c\u8a9e"), ["\\Draft", "\\Answered"], 6000],
];

const uid = (...numbers: number[]): SearchKey => ({
  key: "uid",
  ranges: numbers.map((n) => ({ first: n as Uid, last: n as Uid })),
});
const header = (name: string, text: string): SearchKey => ({ key: "header", name, text });
const body = (text: string): SearchKey => ({ key: "body", text });
const text = (text: string): SearchKey => ({ key: "text", text });
const flag = (flag: string): SearchKey => ({ key: "flag", flag });
const not = (of: SearchKey): SearchKey => ({ key: "not", of });

const TABLE: readonly (readonly [string, SearchKey, readonly number[]])[] = [
  ["all", { key: "all" }, [1, 2, 3, 4, 5, 6]],
  ["uids", uid(2, 5, 99), [2, 5]],
  ["a system flag", flag("\\seen"), [1]],
  ["a keyword in another case", flag("wORK"), [1]],
  ["part of a keyword", flag("wor"), []],
  ["\\Deleted", flag("\\Deleted"), [3]],
  ["an unknown system flag", flag("\\Recent"), []],
  ["not", not(flag("\\Seen")), [2, 3, 4, 5, 6]],
  ["and", { key: "and", keys: [flag("\\Seen"), body("plain")] }, [1]],
  ["and of nothing", { key: "and", keys: [] }, [1, 2, 3, 4, 5, 6]],
  ["or", { key: "or", keys: [flag("\\Seen"), body("nested")] }, [1, 4]],
  ["or of nothing", { key: "or", keys: [] }, []],
  ["not of octets", not({ key: "or", keys: [body("plain"), header("subject", "two")] }), [3, 4, 5, 6]],
  ["larger", { key: "larger", octets: 100_000 }, [5]],
  ["smaller", { key: "smaller", octets: 60 }, [6]],
  ["internal dates, from inclusive and before exclusive", { key: "internalDate", from: 2000, before: 4000 }, [2, 3]],
  ["sent dates", { key: "sentDate", from: 3_600_000, before: 3_600_001 }, [2]],
  ["save dates", { key: "saveDate", from: null, before: 5 }, []],
  ["save dates from", { key: "saveDate", from: 5, before: null }, [1, 2, 3, 4, 5, 6]],
  ["encoded-words, folded, without accents", header("subject", "apfel und b\u00c4ume"), [1]],
  ["raw UTF-8 in a header", header("subject", "\u672c"), [6]],
  ["a field that is there", header("x-empty", ""), [1]],
  ["a field with a text it has not", header("x-empty", "x"), []],
  ["an address", header("to", "ANN@example"), [1]],
  ["base64 across its lines", body("GR\u00d6SSER ALS"), [2]],
  ["a charset and quoted-printable", body("CAF\u00c9 au"), [3]],
  ["a soft line break", body("long line"), [3]],
  ["html", body("hyper"), [4]],
  ["a header of a message inside", body("inner \u00fcber"), [4]],
  ["a body of a message inside", body("nested body"), [4]],
  ["a part that is no text", body("pixels"), []],
  ["what lies across pieces", body("far away needle"), [5]],
  ["an empty text", body(""), [1, 2, 3, 4, 5, 6]],
  ["a header is not body", body("two"), []],
  ["text of a header", text("two"), [2]],
  ["text of a body", text("wrapped text"), [6]],
  ["a field's name by text", text("x-empty"), [1]],
  ["nothing such", text("no such words anywhere"), []],
  ["an email id of nobody", { key: "emailId", emailId: "e99999" }, []],
];

export function searchContract(name: string, open: Open): void {
  sceneTest(`${name}: SEARCH answers every key`, open, async (s) => {
    for (const [bytes, flags, date] of MAIL) granted(await s.append(s.ann, "INBOX", bytes, flags, date));
    const { mailboxId, highestModseq } = await s.mailbox(s.ann, "INBOX");
    const find = async (search: SearchKey) => await s.ask("email.search", { accountId: s.ann, mailboxId, search });
    for (const [what, key, expected] of TABLE) assert.deepEqual((await find(key)).uids, expected, what);
    const rows = await s.rows(s.ann, mailboxId);
    assert.deepEqual((await find({ key: "emailId", emailId: rows[2]!.emailId })).uids, [3]);
    assert.deepEqual((await find({ key: "threadId", threadId: rows[3]!.threadId })).uids, [4]);
    assert.deepEqual((await find({ key: "modseq", since: rows[4]!.modseq as Modseq })).uids, [5, 6]);
    assert.equal((await find({ key: "all" })).modseq, highestModseq);
    assert.equal((await find(uid(1))).modseq, rows[0]!.modseq);
    assert.deepEqual(await find(uid(99)), { uids: [], modseq: 0 });
  });

  sceneTest(`${name}: SEARCH survives hostile messages`, open, async (s) => {
    const hostile = [
      message("=".repeat(100_000), "Content-Type: text/plain\r\nContent-Transfer-Encoding: quoted-printable"),
      message("A".repeat(100_001) + "====", "Content-Type: text/plain\r\nContent-Transfer-Encoding: base64"),
      message("\xff\xfe\xfd", "Content-Type: text/plain; charset=no-such-charset"),
      message("x", `Subject: ${"=?utf-8?Q?".repeat(5000)}`),
      message("x", `Subject: ${"=?utf-8?B?!!!!?= ".repeat(2000)}`),
      new Uint8Array(0),
      new Uint8Array(5000).fill(13),
    ];
    for (const bytes of hostile) granted(await s.append(s.ann, "INBOX", bytes));
    const { mailboxId } = await s.mailbox(s.ann, "INBOX");
    const search = { key: "text", text: "nothing of the kind" } as const;
    assert.deepEqual((await s.ask("email.search", { accountId: s.ann, mailboxId, search })).uids, []);
  });
}
