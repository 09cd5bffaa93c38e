import assert from "node:assert/strict";
import type { TraceId } from "../../src/contract/mod.ts";
import { deliveredToField, hops, receivedField, returnPathField } from "../../src/mda/mod.ts";
import { headerFields } from "../../src/message/mod.ts";
import { NOW, peer } from "./world_of_addresses.ts";

const FACTS = {
  peer: peer("smtp"),
  hostname: "mx.ours.example",
  traceId: "s1.1" as TraceId,
  onlyRecipient: null,
  now: NOW,
  disclose: true,
};

Deno.test("receivedField() names client, server, protocol, id and date (RFC 5321 section 4.4)", () => {
  assert.equal(
    receivedField({ ...FACTS, onlyRecipient: "bob@ours.example" }),
    "Received: from client.example ([192.0.2.1])\r\n\tby mx.ours.example with ESMTP\r\n\tid s1.1\r\n" +
      "\tfor <bob@ours.example>; Tue, 24 Nov 2026 06:07:41 +0000\r\n",
  );
});

Deno.test("receivedField() writes nothing of what is no domain in HELO", () => {
  const field = receivedField({ ...FACTS, peer: { ...FACTS.peer, helo: "x) by evil\r\nX: 1" } });
  assert.ok(field.startsWith("Received: from [192.0.2.1] ([192.0.2.1])\r\n\tby "));
});

Deno.test("receivedField() keeps a submitter's address to itself", () => {
  assert.ok(!receivedField({ ...FACTS, disclose: false }).includes("192.0.2.1"));
});

Deno.test("trace fields cannot be broken by an address with line ends", () => {
  for (
    const field of [deliveredToField("a\r\nX: 1@b"), returnPathField("a\nX: 1@b"), returnPathField("a\r\n\tb@c\0")]
  ) {
    assert.ok(field.endsWith("\r\n"));
    assert.equal(headerFields(field).length, 1);
  }
});

Deno.test("hops() counts Received fields, folded and obsolete ones too, and no others", () => {
  assert.equal(hops(headerFields("Received: a\r\n\tb\r\nReceived : c\r\nX-Received: d\r\n\r\n")), 2);
});
