import assert from "node:assert/strict";
import { parseImapUrl } from "../../../src/imap/wire/imap_url.ts";
import { House } from "../house.ts";

Deno.test("parseImapUrl() reads URLs of messages and parts, relative and absolute", () => {
  const url = parseImapUrl("/Gr%C3%BC%C3%9Fe;UIDVALIDITY=385759045/;uid=20/;section=1.2.MIME/;PARTIAL=3.4")!;
  assert.deepEqual([url.host, url.user, url.path, url.uidValidity, url.uid], [null, null, "Grüße", 385759045, 20]);
  assert.deepEqual([url.section.path, url.section.text, url.section.partial], [[1, 2], "mime", {
    offset: 3,
    count: 4,
  }]);
  assert.equal(parseImapUrl("/inbox/;UID=1")!.path, "INBOX");
  assert.equal(parseImapUrl("/a/b/;UID=1")!.path, "a/b");
  assert.equal(parseImapUrl(";UID=1")!.path, "");
  assert.equal(parseImapUrl("/;UID=1")!.path, "");
  assert.equal(parseImapUrl("/INBOX/;UID=1/;PARTIAL=7")!.section.partial!.offset, 7);
  const signed = "imap://joe@example.com/INBOX/;uid=20/;section=1.2;expire=2026-03-02T08:00:00Z;urlauth=submit+fred";
  const full = parseImapUrl(`${signed}:internal:91354a473744909de610943775f92038`)!;
  assert.deepEqual([full.user, full.host, full.expires], ["joe", "example.com", Date.UTC(2026, 2, 2, 8)]);
  assert.deepEqual(full.authorization, {
    access: "submit+",
    user: "fred",
    rump: signed,
    mechanism: "INTERNAL",
    token: "91354a473744909de610943775f92038",
  });
  assert.equal(parseImapUrl("imap://joe;AUTH=*@example.com:1143/INBOX/;uid=20;urlauth=anonymous")!.user, "joe");
});

Deno.test("parseImapUrl() takes nothing else", () => {
  const bad = [
    "",
    "/INBOX",
    "/INBOX/;UID=0",
    "/INBOX/;UID=99999999999",
    "/INBOX/;UID=1;",
    "/INBOX/;UID=1/;SECTION=1]x[",
    "/INBOX/;UID=1/;SECTION=%0d%0a",
    "/INBOX/;UID=1/;SECTION=HEADER.FIELDS (a",
    "/INBOX/;UID=1/;PARTIAL=x",
    "/IN%zzBOX/;UID=1",
    "/IN%00BOX/;UID=1",
    "/%ff/;UID=1",
    "http://x/INBOX/;UID=1",
    "imap:///INBOX/;UID=1",
    "/INBOX/;UID=1;EXPIRE=tomorrow",
    "/INBOX/;UID=1;EXPIRE=2026-13-02T08:00:00Z",
    "/INBOX/;UID=1;URLAUTH=anybody",
    "/INBOX/;UID=1;URLAUTH=user+",
    "/INBOX/;UID=1;URLAUTH=anonymousjoe",
    "/INBOX/;UID=1;URLAUTH=anonymous:internal",
    "/INBOX/;UID=1;URLAUTH=anonymous:internal:xyz",
    "/" + "a".repeat(5000) + "/;UID=1",
    ("/;UIDVALIDITY=1").repeat(250) + "/;UID=",
  ];
  for (const url of bad) assert.equal(parseImapUrl(url), null, url.slice(0, 60));
});

Deno.test("CATENATE makes no message beyond APPENDLIMIT", async () => {
  const house = await House.build();
  await house.give([{ path: "INBOX", octets: new Uint8Array(400).fill(97) }]);
  const client = house.connect({ limits: { messageSize: 1000 } });
  await client.command("LOGIN user secret");
  const parts = Array(3).fill('URL "/INBOX/;UID=1"').join(" ");
  assert.match(await client.command(`APPEND INBOX CATENATE (${parts})`), /^t NO \[TOOBIG\]/);
  assert.match(await client.command(`APPEND INBOX CATENATE (URL "/INBOX/;UID=1")`), /^t OK/);
  await house.close();
});
