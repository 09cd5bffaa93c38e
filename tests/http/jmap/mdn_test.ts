/** Telling what became of messages, and hearing it (RFC 9007, RFC 8098; RFC 8621 section 7, dsnBlobIds and mdnBlobIds). */
import assert from "node:assert/strict";
import { testServer } from "../../../src/server/test_server.ts";
import { JmapClient, USING } from "./client.ts";

const MDN = [...USING, ...["mdn", "submission"].map((name) => `urn:ietf:params:jmap:${name}`)];
const ASKS = "From: Bob <bob@example.test>\nTo: alice@example.test\nSubject: =?utf-8?q?Caf=C3=A9?=\n" +
  "Message-ID: <one@example.test>\nOriginal-Recipient: rfc822; team@example.test\n" +
  "Disposition-Notification-To: Bob <bob@example.test>\n\nDid you read it?\n";
const DISPLAYED = { actionMode: "manual-action", sendingMode: "mdn-sent-manually", type: "displayed" };

async function opened() {
  const server = await testServer();
  const [alice, bob] = [new JmapClient(server, "alice"), new JmapClient(server, "bob")];
  const call = (name: string, args: object = {}) => alice.call(name, args as never, MDN);
  const fails = (name: string, args: object = {}) => alice.fails(name, args as never, MDN);
  const send = (args: object) => call("MDN/send", { identityId: "own", ...args });
  return { server, alice, bob, call, fails, send };
}

Deno.test("RFC 9007 section 2.1: an MDN goes to whoever asked for it, once, and is read by him", async () => {
  const { server, alice, bob, call, send } = await opened();
  try {
    await server.deliver(ASKS, "alice@example.test");
    await alice.session();
    const [mdn, update] = await alice.calls([["MDN/send", {
      identityId: "own",
      send: {
        k: {
          forEmailId: "e1",
          textBody: "I have read it. Grüße\n",
          includeOriginalMessage: true,
          reportingUA: "joes-pc; Foomail 97.1",
          disposition: DISPLAYED,
          extensionFields: { "X-EXTENSION-EXAMPLE": "example.test" },
        },
      },
      onSuccessUpdateEmail: { "#k": { "keywords/$seen": true, "keywords/$mdnsent": true } },
    }, "c"]], MDN);
    assert.deepEqual(mdn![1]["sent"], {
      k: {
        finalRecipient: "rfc822; alice@example.test",
        originalMessageId: "<one@example.test>",
        originalRecipient: "rfc822; team@example.test",
        mdnGateway: null,
        error: null,
      },
    });
    assert.deepEqual(Object.keys(update![1]["updated"] as object), ["e1"]);
    const [email] = (await call("Email/get", { ids: ["e1"], properties: ["keywords"] }))["list"];
    assert.deepEqual(email.keywords, { $seen: true, $mdnsent: true });
    const again = await send({ send: { k: { forEmailId: "e1", disposition: DISPLAYED } } });
    assert.equal(again["notSent"].k.type, "mdnAlreadySent");
    await bob.session();
    const [found] = (await bob.call("Email/query"))["ids"];
    const { list: [told] } = await bob.call("Email/get", {
      ids: [found],
      properties: ["from", "to", "subject", "header:Return-Path", "bodyStructure", "blobId", "references"],
    });
    assert.equal(told.subject, "Disposition notification: Café");
    assert.deepEqual([told.from[0].email, told.to[0].email], ["alice@example.test", "bob@example.test"]);
    assert.match(told["header:Return-Path"], /<>/);
    assert.deepEqual(told.references, ["one@example.test"]);
    assert.deepEqual(told.bodyStructure.subParts.map(({ type }: { type: string }) => type), [
      "text/plain",
      "message/disposition-notification",
      "message/rfc822",
    ]);
    const read = await bob.call("MDN/parse", { blobIds: [told.blobId, "e99", "x", "b" + "0".repeat(64)] }, MDN);
    assert.deepEqual(read["parsed"][told.blobId], {
      forEmailId: null,
      subject: "Disposition notification: Café",
      textBody: "I have read it. Grüße\n",
      includeOriginalMessage: true,
      reportingUA: "joes-pc; Foomail 97.1",
      disposition: DISPLAYED,
      mdnGateway: null,
      originalRecipient: "rfc822; team@example.test",
      finalRecipient: "rfc822; alice@example.test",
      originalMessageId: "<one@example.test>",
      error: null,
      extensionFields: { "X-EXTENSION-EXAMPLE": "example.test" },
    });
    assert.deepEqual(read["notFound"], ["e99", "x", "b" + "0".repeat(64)]);
  } finally {
    await server[Symbol.asyncDispose]();
  }
});

Deno.test("RFC 9007 section 2.1: what cannot be sent is refused, and nobody is told who did not ask", async () => {
  const { server, alice, call, fails, send } = await opened();
  try {
    await server.deliver(ASKS, "alice@example.test");
    await server.deliver("Subject: x\nMessage-ID: <two@example.test>\n\nx", "alice@example.test");
    await server.deliver("Subject: x\nDisposition-Notification-To: nobody\n\nx", "alice@example.test");
    const right = { forEmailId: "e1", disposition: DISPLAYED };
    const wrong: Record<string, readonly [string, unknown]> = {
      email: ["notFound", { ...right, forEmailId: "e99" }],
      unasked: ["notFound", { ...right, forEmailId: "e2" }],
      noAddress: ["notFound", { ...right, forEmailId: "e3" }],
      nothing: ["invalidProperties", {}],
      list: ["invalidProperties", []],
      type: ["invalidProperties", { ...right, disposition: { ...DISPLAYED, type: "burnt" } }],
      mode: ["invalidProperties", { ...right, disposition: { ...DISPLAYED, sendingMode: "__proto__" } }],
      injected: ["invalidProperties", { ...right, reportingUA: "a\r\nBcc: x@example.net" }],
      recipient: ["invalidProperties", { ...right, finalRecipient: "a\nb" }],
      subject: ["invalidProperties", { ...right, subject: "a\nb" }],
      field: ["invalidProperties", { ...right, extensionFields: { "X:Y": "z" } }],
      known: ["invalidProperties", { ...right, extensionFields: { Disposition: "z" } }],
      value: ["invalidProperties", { ...right, extensionFields: { X: "a\r\nb: c" } }],
      server: ["invalidProperties", { ...right, originalMessageId: "<x@y>" }],
      other: ["invalidProperties", { ...right, to: "x@example.net" }],
    };
    const tried = await send({ send: Object.fromEntries(Object.entries(wrong).map(([name, [, one]]) => [name, one])) });
    for (const [name, [type]] of Object.entries(wrong)) assert.equal(tried["notSent"][name]?.type, type, name);
    assert.equal(tried["sent"], null);
    assert.deepEqual(tried["notSent"].injected.properties, ["reportingUA"]);
    assert.equal(await fails("MDN/send", { identityId: "i99", send: {} }), "invalidArguments");
    assert.equal(await fails("MDN/send", { identityId: "own" }), "invalidArguments");
    assert.equal(
      await fails("MDN/send", { identityId: "own", send: {}, onSuccessUpdateEmail: { "#k": 1 } }),
      "invalidArguments",
    );
    assert.deepEqual((await call("MDN/parse", { blobIds: ["e1"] }))["notParsable"], ["e1"]);
    const half = await alice.upload(
      "Content-Type: multipart/report; report-type=disposition-notification; boundary=x\n\n--x\n\nhi\n--x\n" +
        "Content-Type: message/disposition-notification\n\nDisposition: nothing\n--x--\n",
    );
    assert.deepEqual((await call("MDN/parse", { blobIds: [half["blobId"]] }))["notParsable"], [half["blobId"]]);
    assert.equal(await fails("MDN/parse", {}), "invalidArguments");
  } finally {
    await server[Symbol.asyncDispose]();
  }
});

Deno.test("RFC 8621 section 7: reports that come back are told of their submission", async () => {
  const { server, alice, call } = await opened();
  try {
    const { list: boxes } = await call("Mailbox/get");
    const drafts = boxes.find(({ role }: { role: string }) => role === "drafts").id;
    const made = await call("Email/set", {
      create: {
        m: {
          mailboxIds: { [drafts]: true },
          from: [{ email: "alice@example.test" }],
          to: [{ email: "bob@example.test" }],
          subject: "news",
          messageId: ["sent@example.test"],
          textBody: [{ partId: "1" }],
          bodyValues: { "1": { value: "x" } },
        },
      },
    });
    const emailId = made["created"].m.id;
    const mailFrom = { email: "alice@example.test", parameters: { ENVID: "QQ314159" } };
    const { created } = await call("EmailSubmission/set", {
      create: {
        s: {
          identityId: "own",
          emailId,
          envelope: { mailFrom, rcptTo: [{ email: "bob@example.test", parameters: null }] },
        },
      },
    });
    const id = created.s.id;
    const get = async () => (await call("EmailSubmission/get", { ids: [id] }))["list"][0];
    assert.deepEqual([(await get()).dsnBlobIds, (await get()).mdnBlobIds], [[], []]);
    const report = (type: string, fields: string, more = "") =>
      `From: <x@example.net>\nTo: alice@example.test\nSubject: report\nContent-Type: multipart/report; report-type=${type};` +
      ` boundary=x\n\n--x\n\nhi\n--x\nContent-Type: message/${type}\n\n${fields}\n${more}--x--\n`;
    const state = (await call("EmailSubmission/get", { ids: [] }))["state"];
    const envid =
      "Original-Envelope-Id: QQ314159\nReporting-MTA: dns; x\n\nFinal-Recipient: rfc822; bob@example.test\n";
    await server.deliver(report("delivery-status", envid), "alice@example.test");
    const other = "Reporting-MTA: dns; x\n";
    const header = "--x\nContent-Type: text/rfc822-headers\n\nMessage-ID: <sent@example.test>\n\n";
    await server.deliver(report("delivery-status", other, header), "alice@example.test");
    await server.deliver(report("delivery-status", other.replace("x", "y")), "alice@example.test");
    const mdn = (final: string) =>
      `Final-Recipient: rfc822; ${final}\nOriginal-Message-ID: <sent@example.test>\n` +
      "Disposition: manual-action/MDN-sent-manually; displayed\n";
    // Somebody who never got it may say so, and is not believed.
    await server.deliver(report("disposition-notification", mdn("mallory@example.test")), "alice@example.test");
    const before = await get();
    assert.equal(before.deliveryStatus["bob@example.test"].displayed, "unknown");
    await server.deliver(report("disposition-notification", mdn("bob@example.test")), "alice@example.test");
    const news = await call("EmailSubmission/changes", { sinceState: state });
    assert.deepEqual([news["created"], news["updated"]], [[], [id]]);
    const after = await get();
    assert.equal(after.dsnBlobIds.length, 2);
    assert.equal(after.mdnBlobIds.length, 2);
    assert.equal(after.deliveryStatus["bob@example.test"].displayed, "yes");
    const read = await call("MDN/parse", { blobIds: after.mdnBlobIds });
    assert.equal(Object.keys(read["parsed"]).length, 2);
    const down = await alice.fetch(`/jmap/download/${alice.accountId}/${after.dsnBlobIds[0]}/report.eml`);
    assert.match(await down.text(), /QQ314159/);
  } finally {
    await server[Symbol.asyncDispose]();
  }
});
