/** Access control lists (RFC 4314): which right each operation needs, who is meant by an identifier, whose room is taken. */
import assert from "node:assert/strict";
import type { AccountId, Args, Mailbox, MailboxId, Modseq } from "../../../src/contract/mod.ts";
import { ALL, CREDENTIALS, granted, message, NO_QUOTA, type Open, type Scene, sceneTest, uids } from "../scene.ts";

const EVERY = "lrswipkxtea";
const OTHERS = "Other Users/ann@example.org";
const BOB = "bob@example.org";

async function grant(s: Scene, path: string, rights: string, identifier = BOB, accountId = s.ann): Promise<void> {
  granted(await s.ask("acl.set", { accountId, path, identifier, mode: "replace", rights }));
}

/** A fresh mailbox of ann's with a deleted message, in which bob has these rights. */
async function shared(s: Scene, path: string, rights: string): Promise<Mailbox> {
  granted(await s.ask("mailbox.create", { accountId: s.ann, path, role: null }));
  granted(await s.append(s.ann, path, message(path), ["\\Deleted"]));
  if (rights !== "") await grant(s, path, rights);
  return await s.mailbox(s.ann, path);
}

interface Place {
  readonly accountId: AccountId;
  readonly mailboxId: MailboxId;
  readonly path: string;
}

type Try = (s: Scene, place: Place) => Promise<unknown>;

const flag = (...flags: string[]): Try => async (s, { accountId, mailboxId }) => {
  const done = await s.ask("email.flags", { accountId, mailboxId, ranges: ALL, mode: "add", flags });
  return done.changed.length > 0 ? done : { refused: done.refused ?? "nothing" };
};

/** Section 4: what is tried, and the rights it needs. */
const TABLE: readonly (readonly [string, string, Try])[] = [
  ["LIST", "l", async (s, { accountId, path }) => {
    return (await s.ask("mailbox.list", { accountId })).find((one) => one.path === path) ?? null;
  }],
  ["SELECT", "r", (s, { accountId, path }) => s.ask("mailbox.open", { accountId, path })],
  ["news", "r", async (s, { accountId, mailboxId }) => {
    const news = await s.ask("mailbox.changes", { accountId, mailboxId, since: 0 as Modseq });
    return news.deleted ? null : news;
  }],
  ["FETCH", "r", async (s, { accountId, mailboxId }) => (await s.rows(accountId, mailboxId))[0] ?? null],
  ["SEARCH", "r", async (s, { accountId, mailboxId }) => {
    return (await s.ask("email.search", { accountId, mailboxId, search: { key: "all" } })).uids[0] ?? null;
  }],
  ["STORE \\Seen", "rs", flag("\\Seen")],
  ["STORE \\Flagged", "rw", flag("\\Flagged")],
  ["STORE keyword", "rw", flag("Mine")],
  ["STORE \\Deleted", "rt", async (s, { accountId, mailboxId }) => {
    const flags = ["\\Deleted"];
    const done = await s.ask("email.flags", { accountId, mailboxId, ranges: ALL, mode: "remove", flags });
    return done.changed[0] ?? null;
  }],
  ["APPEND", "i", (s, { accountId, path }) => s.append(accountId, path, message("new"))],
  ["COPY in", "i", async (s, { accountId, path }) => {
    const { mailboxId } = await s.mailbox(accountId, "INBOX");
    return await s.ask("email.copy", { accountId, mailboxId, ranges: ALL, path, now: 9 });
  }],
  [
    "COPY out",
    "r",
    (s, { accountId, mailboxId }) =>
      s.ask("email.copy", { accountId, mailboxId, ranges: ALL, path: "Archive", now: 9 }),
  ],
  [
    "MOVE out",
    "rte",
    (s, { accountId, mailboxId }) =>
      s.ask("email.move", { accountId, mailboxId, ranges: ALL, path: "Archive", now: 9 }),
  ],
  [
    "EXPUNGE",
    "e",
    async (s, { accountId, mailboxId }) =>
      (await s.ask("email.expunge", { accountId, mailboxId, ranges: null })).vanished[0] ?? null,
  ],
  [
    "CREATE",
    "k",
    (s, { accountId, path }) => s.ask("mailbox.create", { accountId, path: `${path}/below`, role: null }),
  ],
  ["RENAME", "xk", async (s, { accountId, path }) => {
    const child = granted(
      await s.ask("mailbox.create", { accountId: s.ann, path: `${path.slice(OTHERS.length + 1)}/c`, role: null }),
    );
    assert.equal(child.messages, 0);
    return await s.ask("mailbox.rename", { accountId, path: `${path}/c`, newPath: `${path}/d` });
  }],
  ["DELETE", "x", (s, { accountId, path }) => s.ask("mailbox.delete", { accountId, path })],
  ["GETACL", "a", (s, { accountId, path }) => s.ask("acl.get", { accountId, path })],
  ["LISTRIGHTS", "a", (s, { accountId, path }) => s.ask("acl.grantable", { accountId, path, identifier: BOB })],
  [
    "SETACL",
    "a",
    (s, { accountId, path }) => s.ask("acl.set", { accountId, path, identifier: "anyone", mode: "add", rights: "l" }),
  ],
];

function wasDone(answer: unknown): boolean {
  return answer !== null && !(typeof answer === "object" && "refused" in answer && answer.refused !== undefined);
}

export function aclContract(name: string, open: Open): void {
  sceneTest(`${name}: each operation needs its rights of RFC 4314 section 4, and no others`, open, async (s) => {
    granted(await s.append(s.bob, "INBOX", message("bob's")));
    let boxes = 0;
    for (const [what, needed, attempt] of TABLE) {
      const trial = async (rights: string): Promise<boolean> => {
        const box = await shared(s, `Box${++boxes}`, rights);
        const place = { accountId: s.bob, mailboxId: box.mailboxId, path: `${OTHERS}/${box.path}` };
        return wasDone(await attempt(s, place));
      };
      assert.equal(await trial(needed), true, `${what} with ${needed}`);
      for (const right of needed) {
        assert.equal(await trial(EVERY.replace(right, "")), false, `${what} without ${right}`);
      }
      assert.equal(await trial(""), false, `${what} without any`);
    }
  });

  sceneTest(`${name}: a mailbox that may be seen but not read tells nothing of its mail`, open, async (s) => {
    await shared(s, "Work", "l");
    const mailbox = await s.mailbox(s.bob, `${OTHERS}/Work`);
    const { rights, ownerId, messages, unseen, size, uidNext, highestModseq, deleted } = mailbox;
    assert.deepEqual({ rights, ownerId }, { rights: "l", ownerId: s.ann });
    assert.deepEqual([messages, unseen, size, uidNext, highestModseq, deleted], [0, 0, 0, 1, 1, 0]);
    assert.equal((await s.mailbox(s.ann, "Work")).rights, EVERY);
  });

  sceneTest(`${name}: flags are set as far as rights go, on what is there and on what comes`, open, async (s) => {
    const { mailboxId } = await shared(s, "Work", "lrsi");
    const where = { accountId: s.bob, mailboxId, ranges: uids(1) };
    const flags = async () => (await s.rows(s.ann, mailboxId)).map((row) => [...row.flags]);
    const store = (mode: "add" | "remove" | "replace", ...list: string[]) =>
      s.ask("email.flags", { ...where, mode, flags: list });
    await store("replace", "\\Seen", "\\Flagged", "Mine");
    assert.deepEqual(await flags(), [["\\Deleted", "\\Seen"]]);
    await store("replace");
    assert.deepEqual(await flags(), [["\\Deleted"]]);
    assert.equal((await store("add", "\\Flagged", "Mine")).refused, "noPermission");
    assert.equal((await store("remove", "\\Deleted")).refused, "noPermission");
    granted(await s.append(s.bob, `${OTHERS}/Work`, message("new"), ["\\Seen", "\\Deleted", "\\Draft", "Mine"]));
    assert.deepEqual(await flags(), [["\\Deleted"], ["\\Seen"]]);
    granted(await s.append(s.bob, "INBOX", message("mine"), ["\\Seen", "\\Deleted", "\\Draft", "Mine"]));
    const inbox = await s.mailbox(s.bob, "INBOX");
    const from = { accountId: s.bob, mailboxId: inbox.mailboxId, ranges: ALL, now: 9 };
    granted(await s.ask("email.copy", { ...from, path: `${OTHERS}/Work` }));
    await grant(s, "Work", "lrwti");
    granted(await s.ask("email.move", { ...from, path: `${OTHERS}/Work` }));
    assert.deepEqual((await flags()).slice(2), [["\\Seen"], ["\\Deleted", "\\Draft", "Mine"]]);
  });

  sceneTest(`${name}: mail in another's mailbox takes its owner's room, copies one's own`, open, async (s) => {
    const { mailboxId } = await shared(s, "Work", "lri");
    const usage = async (address: string) => (await s.ask("account.get", { address }))!.usage.messages;
    granted(await s.append(s.bob, `${OTHERS}/Work`, message("from bob")));
    assert.deepEqual([await usage("ann@example.org"), await usage(BOB)], [2, 0]);
    granted(await s.ask("email.copy", { accountId: s.bob, mailboxId, ranges: ALL, path: "INBOX", now: 9 }));
    assert.deepEqual([await usage("ann@example.org"), await usage(BOB)], [2, 2]);
    await s.ask("account.change", { address: "ann@example.org", quota: { bytes: null, messages: 2 } });
    assert.deepEqual(await s.append(s.bob, `${OTHERS}/Work`, message("more")), { refused: "overQuota" });
    const paying = async (path: string) => (await s.ask("quota.get", { accountId: s.bob, path })).address;
    assert.deepEqual([await paying(`${OTHERS}/Work`), await paying("INBOX")], ["ann@example.org", BOB]);
  });

  sceneTest(
    `${name}: COPY inside another's account keeps what may not be set off the target alone`,
    open,
    async (s) => {
      const { mailboxId } = await shared(s, "Work", "lr");
      await s.ask("email.flags", { accountId: s.ann, mailboxId, ranges: ALL, mode: "add", flags: ["\\Seen"] });
      const target = await shared(s, "Target", "li");
      const where = { accountId: s.bob, mailboxId, ranges: ALL };
      granted(await s.ask("email.copy", { ...where, path: `${OTHERS}/Target`, now: 9 }));
      assert.deepEqual((await s.rows(s.ann, mailboxId))[0]!.flags, ["\\Deleted", "\\Seen"]);
      assert.deepEqual((await s.rows(s.ann, target.mailboxId))[1]!.flags, []);
    },
  );

  sceneTest(`${name}: identifiers: an alias is its account, anyone is the domain, "-" takes away`, open, async (s) => {
    await s.ask("domain.add", { name: "other.example", now: 1 });
    const eve = (await s.account("eve@other.example")).accountId;
    granted(await s.ask("alias.add", { address: "bert@example.org", targets: [BOB], now: 1 }));
    granted(await s.ask("alias.add", { address: "both@example.org", targets: [BOB, "ann@example.org"], now: 1 }));
    await shared(s, "Work", "");
    const mine = async (accountId: AccountId) => {
      const answer = await s.ask("acl.mine", { accountId, path: `${OTHERS}/Work` });
      return "rights" in answer ? answer.rights : "";
    };
    await grant(s, "Work", "lr", "BERT@Example.org");
    assert.deepEqual([await mine(s.bob), await mine(eve)], ["lr", ""]);
    await grant(s, "Work", "lwi", "anyone");
    assert.deepEqual([await mine(s.bob), await mine(eve)], ["lrwi", ""]);
    await grant(s, "Work", "w", "-bob@example.org");
    await grant(s, "Work", "i", "-anyone");
    assert.deepEqual(await mine(s.bob), "lr");
    await grant(s, "Work", "lr", "eve@other.example");
    assert.equal(await mine(eve), "lr");
    const list = granted(await s.ask("acl.get", { accountId: s.ann, path: "Work" })).entries;
    assert.deepEqual(list.map(({ identifier, rights }) => `${identifier} ${rights}`), [
      "ann@example.org lrswipkxtea",
      "-anyone i",
      "-bob@example.org w",
      "anyone lwi",
      "bob@example.org lr",
      "eve@other.example lr",
    ]);
    const set = async (identifier: string, rights = "l", mode: Args<"acl.set">["mode"] = "replace") =>
      (await s.ask("acl.set", { accountId: s.ann, path: "Work", identifier, mode, rights }) as { refused?: string })
        .refused;
    for (const nobody of ["zoe@example.org", "both@example.org", "bob", "$team", "", "-", "__proto__"]) {
      assert.equal(await set(nobody), "noIdentifier", nobody);
    }
    assert.equal(await set(BOB, "lz"), "badRights");
    assert.equal(await set("ann@example.org", "lr"), "isOwner");
    assert.equal(await set("ann@example.org", "a", "remove"), "isOwner");
    assert.equal(await set("-ann@example.org", "a"), "isOwner");
    assert.equal(await set("ann@example.org", "lrs", "add"), undefined);
    assert.equal(await set("ann@example.org", "cdlrswipa"), undefined);
  });

  sceneTest(`${name}: rights end with the mailbox and with the account, and new mailboxes inherit`, open, async (s) => {
    await shared(s, "Work", "lrkx");
    const below = granted(await s.ask("mailbox.create", { accountId: s.ann, path: "Work/a/b", role: null }));
    assert.equal(below.rights, EVERY);
    assert.equal((await s.mailbox(s.bob, `${OTHERS}/Work/a/b`)).rights, "lrkx");
    granted(await s.ask("mailbox.rename", { accountId: s.ann, path: "Work/a", newPath: "Moved" }));
    assert.equal((await s.mailbox(s.bob, `${OTHERS}/Moved/b`)).rights, "lrkx");
    granted(await s.ask("mailbox.delete", { accountId: s.ann, path: "Moved/b" }));
    granted(await s.ask("mailbox.create", { accountId: s.ann, path: "Moved2", role: null }));
    assert.equal(await s.ask("mailbox.get", { accountId: s.bob, path: `${OTHERS}/Moved2` }), null);
    granted(await s.ask("account.remove", { address: BOB }));
    const again = await s.account(BOB);
    assert.equal(await s.ask("mailbox.get", { accountId: again.accountId, path: `${OTHERS}/Work` }), null);
    const list = granted(await s.ask("acl.get", { accountId: s.ann, path: "Work" })).entries;
    assert.deepEqual(list.map(({ identifier }) => identifier), ["ann@example.org"]);
    await grant(s, "Work", "lr");
    granted(await s.ask("account.remove", { address: "ann@example.org" }));
    const names = (await s.ask("mailbox.list", { accountId: again.accountId })).map(({ path }) => path);
    assert.equal(names.some((path) => path.startsWith("Other Users")), false);
  });

  sceneTest(`${name}: a shared account is one nobody logs in to, below Shared/`, open, async (s) => {
    const args = { name: "", quota: NO_QUOTA, credentials: CREDENTIALS, shared: true, now: 1 };
    const info = granted(await s.ask("account.add", { address: "info@example.org", ...args }));
    assert.equal(info.shared, true);
    assert.equal(await s.ask("account.credentials", { login: "info@example.org" }), null);
    granted(await s.accept(message("hello"), { deliveries: [s.delivery(info.accountId, "info@example.org")] }));
    await grant(s, "INBOX", "lrs", "anyone", info.accountId);
    assert.equal((await s.mailbox(s.bob, "Shared/info@example.org/inbox")).messages, 1);
    assert.equal(await s.ask("mailbox.get", { accountId: s.bob, path: "Other Users/info@example.org/INBOX" }), null);
    assert.equal(await s.ask("mailbox.get", { accountId: s.bob, path: `Shared/ann@example.org/INBOX` }), null);
    const own = await s.ask("mailbox.create", { accountId: s.bob, path: "Shared/things", role: null });
    assert.equal(granted(own).ownerId, s.bob);
    assert.equal((await s.mailbox(s.bob, "Shared/info@example.org/INBOX")).messages, 1);
  });

  sceneTest(`${name}: whoever watches the owner hears of rights, and a list has an end`, open, async (s) => {
    const { mailboxId } = await shared(s, "Work", "");
    const heard: string[] = [];
    const stop = s.store.watch(s.ann, (touched) => {
      for (const id of touched.mailboxIds) heard.push(id);
    });
    await grant(s, "Work", "lr");
    assert.deepEqual(heard, [mailboxId]);
    stop();
    for (let i = 0; i < 1000; i++) await s.account(`p${i}@example.org`);
    let last = "";
    for (let i = 0; i < 1000; i++) {
      const identifier = `p${i}@example.org`;
      const set = { accountId: s.ann, path: "Work", identifier, mode: "add" as const, rights: "l" };
      const done = await s.ask("acl.set", set) as { refused?: string };
      last = done.refused ?? "";
    }
    assert.equal(last, "tooMany");
  });
}
