import assert from "node:assert/strict";
import { latin1Bytes, latin1String } from "../../src/base/bytes.ts";
import { printAdded, readAdded, readFacts } from "../../src/archive/mod.ts";

const facts = (text: string) => readFacts(latin1Bytes(text));

Deno.test("readFacts reads the flags that mail programs leave in a header", () => {
  const cases: readonly (readonly [string, readonly string[]])[] = [
    ["Status: RO\nX-Status: AF\n\n", ["\\Seen", "\\Answered", "\\Flagged"]],
    ["Status: O\nX-Status: DT\n\n", ["\\Deleted", "\\Draft"]],
    ["X-Keywords: Work $Junk              \n\n", ["Work", "$Junk"]],
    ["X-Mozilla-Status: 1005\nX-Mozilla-Keys: $label1\n\n", ["\\Seen", "\\Flagged", "$Forwarded", "$label1"]],
    ["Subject: x\n\nStatus: RO\n", []],
    ["Subject: x\r\nStatus: R\r\n\r\n", ["\\Seen"]],
    ["\nStatus: RO\n", []],
    ['X-Keywords: \\Seen {3} a(b "x" ok\n\n', ["ok"]],
    ["", []],
  ];
  for (const [text, flags] of cases) assert.deepEqual(facts(text).flags, flags, JSON.stringify(text));
});

Deno.test("readFacts reads the UIDs of an mbox that an IMAP server keeps", () => {
  assert.deepEqual(facts("X-IMAPbase: 1275660208 0000000035 Work\nX-UID: 7\n\n"), {
    flags: [],
    uid: 7,
    base: { uidValidity: 1275660208, lastUid: 35 },
    isInternal: false,
  });
  const internal = "Subject: DON'T DELETE THIS MESSAGE -- FOLDER INTERNAL DATA\nX-IMAP: 1275660208 35\n\n";
  assert.equal(facts(internal).isInternal, true);
  assert.equal(facts("X-UID: 7x\n\n").uid, null);
});

Deno.test("printAdded tells flags that the message does not, and readAdded takes them away again", () => {
  const message = "Subject: x\n\nbody\n";
  for (const flags of [["\\Seen"], ["\\Flagged", "\\Answered", "Work", "$Junk"], ["\\Deleted"]]) {
    for (const open of [false, true]) {
      for (const crlf of [false, true]) {
        const block = printAdded(latin1Bytes(message), flags, open, crlf)!;
        const read = readAdded(latin1Bytes(latin1String(block) + message))!;
        assert.deepEqual([read.length, new Set(read.flags ?? []), read.open], [block.length, new Set(flags), open]);
      }
    }
  }
  assert.equal(printAdded(latin1Bytes(message), [], false, false), null);
  assert.equal(printAdded(latin1Bytes("Status: RO\n\n"), ["\\Seen"], false, false), null);
  const unseen = printAdded(latin1Bytes("Status: RO\n\n"), [], false, false)!;
  assert.deepEqual(readAdded(unseen)!.flags, []);
});

Deno.test("a message that begins like what an export adds comes back as it was", () => {
  const message = "X-Palomar-Added: 1\nStatus: RO\nSubject: x\n\n";
  const block = printAdded(latin1Bytes(message), [], false, false)!;
  const read = readAdded(latin1Bytes(latin1String(block) + message))!;
  assert.equal(read.length, block.length);
});

Deno.test("readAdded leaves alone what is no such block, and takes one that another program took apart", () => {
  for (
    const text of ["X-Palomar-Added: 1", "X-Palomar-Added: 99\n", "X-Palomar-Added: 1 closed\n\n", "Status: R\n\n", ""]
  ) {
    assert.equal(readAdded(latin1Bytes(text)), null, JSON.stringify(text));
  }
  const apart = { length: 19, flags: null, open: false };
  for (const text of ["X-Palomar-Added: 1\nSubject: x\n\n", "X-Palomar-Added: 2\nStatus: R\n\n"]) {
    assert.deepEqual(readAdded(latin1Bytes(text)), apart, JSON.stringify(text));
  }
});
