/** Email/query and Email/queryChanges (RFC 8621 sections 4.4 and 4.5). */
import assert from "node:assert/strict";
import { type Scene, scene } from "../scene.ts";

const mail = (subject: string, more = "", body = "body") =>
  `From: Carol <carol@example.net>\nTo: alice@example.test\nSubject: ${subject}\n${more}\n${body}\n`;

async function withMail() {
  const s = await scene();
  const html = "Content-Type: text/html\n";
  const file = "Content-Type: multipart/mixed; boundary=b\n";
  await s.deliver(mail("first", "Message-ID: <1@x>\nCc: dora@example.net\n", "apples and pears"));
  await s.server.clock.advance(60_000);
  await s.deliver(
    mail("Re: first", "Message-ID: <2@x>\nIn-Reply-To: <1@x>\nBcc: erna@example.net\n", 'don\'t "say" that'),
  );
  await s.server.clock.advance(60_000);
  await s.deliver(
    mail(
      "other",
      `${file}X-Extra: =?utf-8?q?=C3=BCber?=\n`,
      "--b\n\nGrüße\n--b\nContent-Type: application/pdf\n\nx\n--b--",
    ),
  );
  await s.server.clock.advance(60_000);
  await s.deliver(
    mail("=?utf-8?q?=C3=84rger?=", html, '<style>hidden</style><p class="klass" title="shown">Ap<b>fel</b></p>'),
  );
  const query = async (filter: object | null, more = {}): Promise<readonly string[]> =>
    (await s.call("Email/query", { filter, ...more }))["ids"];
  return { s, query };
}

const ALL_IDS = ["e4", "e3", "e2", "e1"];

Deno.test("RFC 8621 4.4.1: Email/query: every condition by itself, all of them together, and each wrong type", async () => {
  const { s, query } = await withMail();
  await using _ = s;
  const { inbox, trash, archive } = s.boxes as Record<string, string>;
  await s.call("Email/set", {
    update: {
      e1: { "keywords/$flagged": true, "keywords/a": true, [`mailboxIds/${archive}`]: true },
      e2: { "keywords/$flagged": true },
      e3: { "keywords/A": true },
      e4: { mailboxIds: { [trash!]: true } },
    },
  });
  const is = async (filter: object, ...ids: string[]) =>
    assert.deepEqual(await query(filter), ids, JSON.stringify(filter));
  await is({}, ...ALL_IDS);
  await is({ inMailbox: inbox }, "e3", "e2", "e1");
  await is({ inMailbox: "mzzz" });
  await is({ inMailboxOtherThan: [trash] }, "e3", "e2", "e1");
  await is({ inMailboxOtherThan: [trash, inbox] }, "e1");
  await is({ inMailboxOtherThan: [] }, ...ALL_IDS);
  const { list } = await s.call("Email/get", { ids: ALL_IDS, properties: ["receivedAt", "size"] });
  const [, third, second] = list;
  await is({ before: second.receivedAt }, "e1");
  await is({ after: second.receivedAt }, "e4", "e3", "e2");
  await is({ after: second.receivedAt, before: third.receivedAt }, "e2");
  for (const { id, size } of list) {
    assert.ok((await query({ minSize: size })).includes(id) && !(await query({ minSize: size + 1 })).includes(id));
    assert.ok(!(await query({ maxSize: size })).includes(id) && (await query({ maxSize: size + 1 })).includes(id));
  }
  await is({ hasKeyword: "$FLAGGED" }, "e2", "e1");
  await is({ hasKeyword: "a" }, "e3", "e1");
  await is({ notKeyword: "A" }, "e4", "e2");
  await is({ allInThreadHaveKeyword: "$flagged" }, "e2", "e1");
  await is({ allInThreadHaveKeyword: "a" }, "e3");
  await is({ someInThreadHaveKeyword: "a" }, "e3", "e2", "e1");
  await is({ noneInThreadHaveKeyword: "a" }, "e4");
  await is({ hasAttachment: true }, "e3");
  await is({ hasAttachment: false }, "e4", "e2", "e1");
  for (const [field, word] of [["from", "CAROL"], ["to", "alice"]]) await is({ [field!]: word }, ...ALL_IDS);
  await is({ cc: "dora" }, "e1");
  await is({ bcc: "erna" }, "e2");
  await is({ subject: "ärger" }, "e4");
  for (const word of ["carol", "example.test"]) await is({ text: word }, ...ALL_IDS);
  for (const word of ["dora", "pears"]) await is({ text: word }, "e1");
  await is({ text: "erna" }, "e2");
  await is({ text: "ÄRGER" }, "e4");
  await is({ body: "grüße" }, "e3");
  await is({ body: "carol" });
  await is({ body: "fel" }, "e4");
  await is({ body: "pears apples" }, "e1");
  await is({ body: '"pears apples"' });
  await is({ body: '"apples and"' }, "e1");
  await is({ body: "'apples and' \"pears\"" }, "e1");
  await is({ body: '"\\"say\\""' }, "e2");
  await is({ body: "don't" }, "e2");
  await is({ header: ["X-EXTRA"] }, "e3");
  await is({ header: ["x-extra", "ÜBER"] }, "e3");
  await is({ header: ["x-extra", "none"] });
  await is({ inMailbox: inbox, hasKeyword: "a", subject: "first" }, "e1");
  const wrong: Record<string, unknown[]> = {
    header: ["x", [], ["a", "b", "c"], [5], ["a", 5], ["a b"], [""]],
    inMailboxOtherThan: ["m1", [5], null],
    hasAttachment: ["x", null],
    ...Object.fromEntries(["minSize", "maxSize"].map((name) => [name, [-1, 1.5, "1", null]])),
    ...Object.fromEntries(
      ["before", "after"].map((name) => [name, [5, null, "x", "2020-01-01", "2020-01-01T00:00:00+01:00"]]),
    ),
    ...Object.fromEntries(
      [
        "inMailbox",
        ..."hasKeyword notKeyword allInThreadHaveKeyword someInThreadHaveKeyword noneInThreadHaveKeyword".split(" "),
        ..."text from to cc bcc subject body".split(" "),
      ].map((name) => [name, [5, null, ["x"], {}]]),
    ),
  };
  for (const [name, values] of Object.entries(wrong)) {
    for (const value of values) {
      const filter = { [name]: value };
      assert.equal(await s.fails("Email/query", { filter }), "invalidArguments", JSON.stringify(filter));
    }
  }
});

Deno.test("RFC 8621 4.4.2: Email/query unsupportedSort, invalidArguments: every order, and the next where one is equal", async () => {
  const { s, query } = await withMail();
  await using _ = s;
  const by = (...sort: object[]) => query(null, { sort });
  const of = (property: string, isAscending = true, more = {}) => ({ property, isAscending, ...more });
  assert.deepEqual(await by(of("receivedAt")), ["e1", "e2", "e3", "e4"]);
  assert.deepEqual(await by(of("receivedAt", false)), ALL_IDS);
  assert.deepEqual(await by(of("subject")), ["e4", "e2", "e1", "e3"]);
  assert.deepEqual(await by(of("subject", true, { collation: "i;ascii-casemap" }), of("receivedAt")), [
    "e1",
    "e2",
    "e3",
    "e4",
  ]);
  assert.deepEqual(await by(of("subject"), of("receivedAt")), ["e4", "e1", "e2", "e3"]);
  assert.deepEqual(await by(of("from"), of("to"), of("receivedAt")), ["e1", "e2", "e3", "e4"]);
  assert.deepEqual((await by(of("size", false))).toSorted(), ALL_IDS.toSorted());
  await s.call("Email/set", { update: { e1: { "keywords/$flagged": true }, e3: { "keywords/$flagged": true } } });
  const flagged = (property: string, isAscending: boolean) => of(property, isAscending, { keyword: "$Flagged" });
  assert.deepEqual(await by(flagged("hasKeyword", true)), ["e4", "e2", "e3", "e1"]);
  assert.deepEqual(await by(flagged("allInThreadHaveKeyword", false)), ["e3", "e4", "e2", "e1"]);
  assert.deepEqual(await by(flagged("someInThreadHaveKeyword", false), of("subject"), of("receivedAt", false)), [
    "e2",
    "e1",
    "e3",
    "e4",
  ]);
  for (const property of ["hasKeyword", "allInThreadHaveKeyword", "someInThreadHaveKeyword"]) {
    assert.equal(await s.fails("Email/query", { sort: [{ property }] }), "invalidArguments");
    assert.equal(await s.fails("Email/query", { sort: [{ property, keyword: 5 }] }), "invalidArguments");
  }
  for (const property of ["keywords", "preview", "id", "cc"]) {
    assert.equal(await s.fails("Email/query", { sort: [{ property }] }), "unsupportedSort");
  }
  // Of one time of arrival the next comparator tells, in either direction.
  const { drafts } = s.boxes as Record<string, string>;
  const at = { mailboxIds: { [drafts!]: true }, receivedAt: "2020-01-01T00:00:00Z" };
  const sentAt = (day: number) => `2019-01-0${day}T00:00:00Z`;
  const { created } = await s.call("Email/set", {
    create: { a: { ...at, subject: "10 b", sentAt: sentAt(2) }, b: { ...at, subject: "9 a", sentAt: sentAt(1) } },
  });
  const [a, b] = [created.a.id, created.b.id];
  const drafted = async (...sort: object[]) => await query({ inMailbox: drafts }, { sort });
  assert.deepEqual(await drafted(of("receivedAt", false), of("sentAt")), [b, a]);
  assert.deepEqual(await drafted(of("receivedAt"), of("sentAt", false)), [a, b]);
  assert.deepEqual(await drafted(of("receivedAt", false), of("subject")), [a, b]);
  assert.deepEqual(await drafted(of("subject", true, { collation: "i;ascii-numeric" })), [b, a]);
  assert.deepEqual(await drafted(of("sentAt")), [b, a]);
});

Deno.test("RFC 8621 4.4.3: Email/query: of a collapsed thread the first stays, in each order and filter", async () => {
  const { s, query } = await withMail();
  await using _ = s;
  assert.deepEqual(await query(null, { collapseThreads: true }), ["e4", "e3", "e2"]);
  assert.deepEqual(await query(null, { collapseThreads: true, sort: [{ property: "receivedAt" }] }), [
    "e1",
    "e3",
    "e4",
  ]);
  assert.deepEqual(await query({ body: "pears" }, { collapseThreads: true }), ["e1"]);
  const { total, ids, limit } = await s.call("Email/query", { collapseThreads: true, calculateTotal: true, limit: 1 });
  assert.deepEqual([total, ids, limit], [3, ["e4"], undefined]);
});

/** Asks again and again while things change: what is spliced must be what is there. */
async function spliced(s: Scene, args: object, steps: readonly (() => Promise<unknown>)[]): Promise<void> {
  let { ids, queryState } = await s.call("Email/query", args);
  for (const [i, step] of steps.entries()) {
    await step();
    const changes = await s.call("Email/queryChanges", { ...args, sinceQueryState: queryState, calculateTotal: true });
    ids = ids.filter((id: string) => !changes["removed"].includes(id));
    for (const { id, index } of changes["added"]) ids.splice(index, 0, id);
    queryState = changes["newQueryState"];
    const again = await s.call("Email/query", args);
    assert.deepEqual(
      [ids, changes["total"]],
      [again["ids"], again["ids"].length],
      `step ${i} of ${JSON.stringify(args)}`,
    );
  }
}

Deno.test("RFC 8621 4.5: Email/queryChanges: what is spliced is what is there, for each order and filter", async () => {
  for (
    const args of [
      {},
      { collapseThreads: true },
      { filter: { hasKeyword: "$flagged" } },
      { filter: { noneInThreadHaveKeyword: "$flagged" }, sort: [{ property: "receivedAt" }] },
      {
        sort: [{ property: "someInThreadHaveKeyword", keyword: "$flagged", isAscending: false }, {
          property: "subject",
        }],
        collapseThreads: true,
      },
      { filter: { operator: "NOT", conditions: [{ inMailbox: "m1" }] } },
    ]
  ) {
    const { s } = await withMail();
    await using _ = s;
    const { trash } = s.boxes as Record<string, string>;
    const set = (update: object) => () => s.call("Email/set", { update });
    await spliced(s, args, [
      () => s.deliver(mail("Re: first", "In-Reply-To: <2@x>\n")),
      set({ e1: { "keywords/$flagged": true } }),
      set({ e2: { mailboxIds: { [trash!]: true } }, e3: { "keywords/$flagged": true } }),
      () => s.call("Email/set", { destroy: ["e5"] }),
      set({ e1: { "keywords/$flagged": null } }),
    ]);
  }
});

Deno.test("RFC 8620 5.6: Email/queryChanges: upToId is for what never moves, and passed over for what may", async () => {
  const { s } = await withMail();
  await using _ = s;
  const since = async (args: object, upToId: string, change: () => Promise<unknown>) => {
    const { queryState } = await s.call("Email/query", args);
    await change();
    return await s.call("Email/queryChanges", { ...args, sinceQueryState: queryState, upToId });
  };
  const old = { mailboxIds: { [s.boxes["drafts"]!]: true }, receivedAt: "2001-01-01T00:00:00Z" };
  const create = () => s.call("Email/set", { create: { k: old } });
  assert.deepEqual((await since({}, "e2", create))["added"], []);
  assert.equal((await since({}, "e999", create))["added"].length, 1);
  const byKeyword = { sort: [{ property: "hasKeyword", keyword: "a", isAscending: false }] };
  const changed = await since(
    byKeyword,
    "e1",
    () => s.call("Email/set", { update: { e1: { "keywords/a": true }, e4: { "keywords/b": true } } }),
  );
  assert.deepEqual(changed["added"].map(({ id }: { id: string }) => id), ["e1", "e4"]);
});
