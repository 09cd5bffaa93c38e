/** Domains, accounts, aliases, settings, and where an address leads. */
import assert from "node:assert/strict";
import { CREDENTIALS, granted, message, NO_QUOTA, type Open, sceneTest } from "../scene.ts";

export function directoryContract(name: string, open: Open): void {
  sceneTest(`${name}: domains are added, changed and removed, and refusals say why`, open, async (s) => {
    const refused = async (answer: Promise<object>) => (await answer as { refused?: string }).refused;
    assert.equal(await refused(s.ask("domain.add", { name: "EXAMPLE.org", now: 1 })), "exists");
    assert.equal(await refused(s.ask("domain.add", { name: "not a domain", now: 1 })), "invalid");
    assert.equal(await refused(s.ask("domain.add", { name: "[192.0.2.1]", now: 1 })), "invalid");
    assert.equal(granted(await s.ask("domain.add", { name: "Bücher.example", now: 7 })).name, "xn--bcher-kva.example");
    const names = (await s.ask("domain.list", {})).map((domain) => domain.name);
    assert.deepEqual(names, ["example.org", "xn--bcher-kva.example"]);
    assert.equal(await refused(s.ask("domain.remove", { name: "example.org" })), "inUse");
    assert.equal(await refused(s.ask("domain.remove", { name: "other.example" })), "notFound");
    assert.equal(
      await refused(s.ask("domain.change", { name: "example.org", catchAll: "eve@example.org" })),
      "notFound",
    );
    granted(await s.ask("domain.remove", { name: "bücher.example" }));
    assert.equal((await s.ask("domain.list", {})).length, 1);
  });

  sceneTest(
    `${name}: an account has six subscribed mailboxes, is found in any case, and is changed`,
    open,
    async (s) => {
      const list = await s.ask("mailbox.list", { accountId: s.ann });
      assert.deepEqual(list.map(({ path, role, subscribed }) => [path, role, subscribed]), [
        ["Archive", "archive", true],
        ["Drafts", "drafts", true],
        ["INBOX", "inbox", true],
        ["Junk", "junk", true],
        ["Sent", "sent", true],
        ["Trash", "trash", true],
      ]);
      assert.equal(new Set(list.map(({ uidValidity }) => uidValidity)).size, 6);
      const change = { address: "ANN@example.ORG", name: "Ann", quota: { bytes: 9, messages: 1 }, disabled: true };
      const changed = granted(await s.ask("account.change", change));
      assert.deepEqual([changed.name, changed.quota, changed.disabled], ["Ann", { bytes: 9, messages: 1 }, true]);
      assert.deepEqual(await s.ask("account.get", { address: "ann@example.org" }), changed);
      const list2 = await s.ask("account.list", { domain: "example.org" });
      assert.deepEqual(list2.map(({ address }) => address), ["ann@example.org", "bob@example.org"]);
      assert.deepEqual(await s.ask("account.list", { domain: "ample.org" }), []);
      const bad = {
        address: "eve@example.org",
        name: "",
        quota: { bytes: -1, messages: null },
        credentials: CREDENTIALS,
      };
      assert.equal((await s.ask("account.add", { ...bad, now: 1 }) as { refused: string }).refused, "invalid");
      const foreign = { address: "eve@else.example", name: "", quota: NO_QUOTA, credentials: CREDENTIALS, now: 1 };
      assert.equal((await s.ask("account.add", foreign) as { refused: string }).refused, "noDomain");
      assert.equal(
        (await s.ask("account.add", { ...foreign, address: "ann@example.org" }) as { refused: string }).refused,
        "exists",
      );
    },
  );

  sceneTest(`${name}: credentials come back as they were stored, by address or by an alias of one`, open, async (s) => {
    await s.ask("alias.add", { address: "a@example.org", targets: ["ann@example.org"], now: 1 });
    await s.ask("alias.add", { address: "both@example.org", targets: ["ann@example.org", "bob@example.org"], now: 1 });
    for (const login of ["ann@example.org", "A@example.org"]) {
      const found = await s.ask("account.credentials", { login });
      assert.equal(found?.accountId, s.ann);
      assert.equal(found.credentials.password.reveal(), "$scrypt$");
      assert.deepEqual(found.credentials.scramSha256.storedKey.reveal(), new Uint8Array([1, 2]));
      assert.deepEqual(found.credentials.scramSha256.salt, new Uint8Array([3]));
    }
    assert.equal(await s.ask("account.credentials", { login: "both@example.org" }), null);
    assert.equal(await s.ask("account.credentials", { login: "nobody@example.org" }), null);
    assert.equal(await s.ask("account.credentials", { login: "\0" }), null);
  });

  sceneTest(
    `${name}: an address leads to the account, user of user+detail, an alias, the catch-all, postmaster`,
    open,
    async (s) => {
      const to = async (address: string) => {
        const found = await s.ask("address.resolve", { address });
        return found.kind === "account"
          ? [found.address, found.detail]
          : found.kind === "alias"
          ? found.targets
          : found.kind;
      };
      assert.deepEqual(await to("Ann@Example.ORG"), ["ann@example.org", null]);
      assert.deepEqual(await to("ann+Lists@example.org"), ["ann@example.org", "Lists"]);
      assert.equal(await to("eve@example.org"), "unknown");
      assert.equal(await to("ann@else.example"), "remote");
      assert.equal(await to("nonsense"), "remote");
      assert.deepEqual(await to("postmaster"), ["ann@example.org", null]);
      assert.deepEqual(await to("postmaster@example.org"), ["ann@example.org", null]);
      await s.ask("alias.add", { address: "team@example.org", targets: ["bob@example.org", "x@else.example"], now: 1 });
      assert.deepEqual(await to("team@example.org"), ["bob@example.org", "x@else.example"]);
      assert.deepEqual(await to("team+a@example.org"), ["bob@example.org", "x@else.example"]);
      await s.account("a+b@example.org");
      assert.deepEqual(await to("a+b@example.org"), ["a+b@example.org", null]);
      granted(await s.ask("domain.change", { name: "example.org", catchAll: "bob@example.org" }));
      assert.deepEqual(await to("eve@example.org"), ["bob@example.org", null]);
      await s.ask("account.change", { address: "ann@example.org", disabled: true });
      const found = await s.ask("address.resolve", { address: "ann@example.org" });
      assert.ok(found.kind === "account" && found.disabled);
    },
  );

  sceneTest(`${name}: an account owns its address, its details and the aliases that lead to it`, open, async (s) => {
    await s.ask("alias.add", { address: "team@example.org", targets: ["ann@example.org"], now: 1 });
    const owned = (address: string) => s.ask("address.owned", { accountId: s.ann, address });
    for (const address of ["ann@example.org", "ann+x@example.org", "TEAM@example.org", "team+x@example.org"]) {
      assert.equal(await owned(address), true, address);
    }
    for (const address of ["bob@example.org", "eve@example.org", "ann@else.example", "", "bob+ann@example.org"]) {
      assert.equal(await owned(address), false, address);
    }
  });

  sceneTest(`${name}: removing an account takes its mail, its aliases' targets and its catch-all`, open, async (s) => {
    await s.filled("INBOX", "one");
    await s.ask("alias.add", { address: "only@example.org", targets: ["ann@example.org"], now: 1 });
    await s.ask("alias.add", { address: "both@example.org", targets: ["ann@example.org", "bob@example.org"], now: 1 });
    granted(await s.ask("domain.change", { name: "example.org", catchAll: "only@example.org" }));
    granted(await s.ask("account.remove", { address: "ann@example.org" }));
    const aliases = await s.ask("alias.list", {});
    assert.deepEqual(aliases.map(({ address, targets }) => [address, targets]), [["both@example.org", [
      "bob@example.org",
    ]]]);
    assert.equal((await s.ask("domain.list", {}))[0]!.catchAll, null);
    await assert.rejects(s.ask("mailbox.list", { accountId: s.ann }), { name: "StorageError", reason: "unavailable" });
    const again = await s.account("ann@example.org");
    assert.notEqual(again.accountId, s.ann); // ids are never used again
    assert.equal((await s.mailbox(again.accountId, "INBOX")).messages, 0);
  });

  sceneTest(
    `${name}: domains, accounts and aliases come in pages, which bear changes between them`,
    open,
    async (s) => {
      for (const domain of ["b.example", "a.example"]) granted(await s.ask("domain.add", { name: domain, now: 1 }));
      for (const i of [3, 1, 2]) {
        await s.account(`p${i}@a.example`);
        const alias = { address: `q${i}@a.example`, targets: ["zoe@else.example"], now: 1 };
        granted(await s.ask("alias.add", alias));
      }
      const domains = async (after: string, limit: number) =>
        (await s.ask("domain.list", { after, limit })).map((one) => one.name);
      assert.deepEqual(await domains("", 2), ["a.example", "b.example"]);
      assert.deepEqual(await domains("a.example", 1), ["b.example"]);
      assert.equal((await s.ask("domain.get", { name: "B.example" }))?.name, "b.example");
      assert.equal(await s.ask("domain.get", { name: "none.example" }), null);
      for (const [op, first] of [["account.list", "p"], ["alias.list", "q"]] as const) {
        const page = async (after: string, limit: number, domain?: string) =>
          (await s.ask(op, { after, limit, ...(domain && { domain }) })).map((one) => one.address);
        const [one, two, three] = [1, 2, 3].map((i) => `${first}${i}@a.example`);
        assert.deepEqual(await page("", 2, "a.example"), [one, two]);
        assert.deepEqual(await page(two!, 2, "a.example"), [three]);
        assert.deepEqual(await page(three!, 2, "a.example"), []);
        assert.deepEqual(await page(`${first}0`, 1), [one]);
        assert.deepEqual(await page(`${first}1@a.examplf`, 1), [two]); // what stands between is nobody's
        assert.equal((await s.ask(op, {})).filter((row) => row.address.endsWith("a.example")).length, 3);
      }
    },
  );

  sceneTest(`${name}: an alias gets other targets, and keeps the rest`, open, async (s) => {
    await s.ask("alias.add", { address: "team@example.org", targets: ["ann@example.org"], now: 5 });
    const changed = granted(
      await s.ask("alias.change", { address: "Team@example.org", targets: ["BOB@example.org", "bob@example.org"] }),
    );
    assert.deepEqual(changed, { address: "team@example.org", targets: ["bob@example.org"], createdAt: 5 });
    assert.deepEqual(await s.ask("alias.get", { address: "team@example.org" }), changed);
    assert.equal(await s.ask("alias.get", { address: "none@example.org" }), null);
    for (const targets of [[], ["team@example.org"], ["nonsense"]]) {
      const refused = await s.ask("alias.change", { address: "team@example.org", targets });
      assert.ok("refused" in refused && refused.refused === "invalid", JSON.stringify(targets));
    }
    const none = await s.ask("alias.change", { address: "none@example.org", targets: ["ann@example.org"] });
    assert.ok("refused" in none && none.refused === "notFound");
    const found = await s.ask("address.resolve", { address: "team@example.org" });
    assert.ok(found.kind === "alias" && found.targets[0] === "bob@example.org");
  });

  sceneTest(`${name}: a setting keeps the first value`, open, async (s) => {
    assert.equal(await s.ask("setting.get", { name: "token" }), null);
    const both = await Promise.all(["a", "b"].map((value) => s.ask("setting.init", { name: "token", value })));
    assert.deepEqual(both, ["a", "a"]);
    assert.equal(await s.ask("setting.init", { name: "token", value: "c" }), "a");
    assert.equal(await s.ask("setting.get", { name: "token" }), "a");
  });

  sceneTest(`${name}: a setting changes only from the value that its changer knows`, open, async (s) => {
    const change = async (before: string | null, value: string | null) =>
      (await s.ask("setting.change", { name: "key", before, value })).changed;
    assert.equal(await change("a", "b"), false);
    assert.equal(await change(null, null), true);
    const both = await Promise.all([change(null, "left"), change(null, "right")]);
    assert.deepEqual(both, [true, false]);
    assert.equal(await change("right", "x"), false);
    assert.equal(await s.ask("setting.get", { name: "key" }), "left");
    assert.equal(await change("left", ""), true);
    assert.equal(await s.ask("setting.get", { name: "key" }), ""); // empty is a value
    assert.equal(await change("", null), true);
    assert.equal(await s.ask("setting.get", { name: "key" }), null);
  });

  sceneTest(`${name}: an account sees nothing of another's, whatever ids it knows`, open, async (s) => {
    const inbox = await s.filled("INBOX", "secret");
    const { mailboxId } = inbox;
    const row = (await s.rows(s.ann, mailboxId))[0]!;
    const accountId = s.bob;
    assert.deepEqual(await s.rows(accountId, mailboxId), []);
    const where = { accountId, mailboxId, ranges: [{ first: row.uid, last: row.uid }] };
    assert.deepEqual((await s.ask("email.flags", { ...where, mode: "add", flags: ["\\Seen"] })).changed, []);
    assert.deepEqual((await s.ask("email.expunge", { ...where, always: true })).vanished, []);
    assert.deepEqual(await s.ask("email.copy", { ...where, path: "INBOX", now: 1 }), { refused: "notFound" });
    assert.deepEqual(await s.ask("email.move", { ...where, path: "INBOX", now: 1 }), { refused: "notFound" });
    assert.deepEqual((await s.ask("email.search", { accountId, mailboxId, search: { key: "all" } })).uids, []);
    assert.deepEqual(await s.ask("mailbox.deletedUids", { accountId, mailboxId }), []);
    const changes = await s.ask("mailbox.changes", { accountId, mailboxId, since: 0 as typeof inbox.highestModseq });
    assert.deepEqual([changes.changed, changes.deleted], [[], true]);
    const read = { accountId, blobId: row.blobId, start: 0, end: 10 };
    await assert.rejects(s.ask("blob.read", read), { reason: "bug" });
    const messages = [{ blobId: row.blobId, flags: [], internalDate: null }];
    await assert.rejects(s.ask("email.append", { accountId, path: "INBOX", messages, now: 1 }), { reason: "bug" });
    assert.deepEqual(await s.ask("blob.read", { ...read, accountId: s.ann }), message("secret").slice(0, 10));
    assert.deepEqual(await s.ask("blob.read", { ...read, accountId: null }), message("secret").slice(0, 10));
    assert.equal((await s.mailbox(accountId, "INBOX")).messages, 0);
    assert.deepEqual(await s.mailbox(s.ann, "INBOX"), inbox);
  });
}
