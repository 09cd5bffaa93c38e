/** URLs that authorize (RFC 4467): keys of mailboxes and the tokens made with them. */
import assert from "node:assert/strict";
import { granted, type Open, type Scene, sceneTest } from "../scene.ts";

const RUMP = "imap://ann@host/INBOX/;UID=1;URLAUTH=anonymous";
const verify = (s: Scene, token: string, more: { owner?: string; path?: string; rump?: string } = {}) =>
  s.ask("url.verify", { owner: "ann@example.org", path: "INBOX", rump: RUMP, token, ...more });

export function urlKeysContract(name: string, open: Open): void {
  sceneTest(`${name}: a token vouches for one rump, mailbox and account, until its key is reset`, open, async (s) => {
    const signed = (await s.ask("url.sign", { accountId: s.ann, path: "inbox", rump: RUMP }))!;
    assert.match(signed.token, /^01[0-9a-f]{64}$/);
    const inbox = (await s.ask("mailbox.get", { accountId: s.ann, path: "INBOX" }))!;
    const granted = { accountId: s.ann, mailboxId: inbox.mailboxId };
    assert.deepEqual(await verify(s, signed.token), granted);
    assert.deepEqual(await verify(s, signed.token, { owner: "ANN@example.org" }), granted);
    assert.deepEqual(await s.ask("url.sign", { accountId: s.ann, path: "INBOX", rump: RUMP }), signed);
    assert.notDeepEqual(await s.ask("url.sign", { accountId: s.bob, path: "INBOX", rump: RUMP }), signed);
    for (const more of [{ owner: "bob@example.org" }, { owner: "x" }, { path: "Sent" }, { path: "x" }, { rump: "" }]) {
      assert.equal(await verify(s, signed.token, more), null, JSON.stringify(more));
    }
    for (const token of ["", "01", signed.token + "0", signed.token.slice(1)]) {
      assert.equal(await verify(s, token), null, token);
    }
    assert.deepEqual(await s.ask("url.resetKeys", { accountId: s.ann, path: "nowhere" }), { done: false });
    assert.deepEqual(await s.ask("url.resetKeys", { accountId: s.bob, path: null }), { done: true });
    assert.deepEqual(await verify(s, signed.token), granted); // bob's keys are not ann's
    assert.deepEqual(await s.ask("url.resetKeys", { accountId: s.ann, path: null }), { done: true });
    assert.equal(await verify(s, signed.token), null);
  });

  sceneTest(
    `${name}: no token holds without a key, for another mailbox of the name, or a disabled account`,
    open,
    async (s) => {
      assert.equal(await s.ask("url.sign", { accountId: s.ann, path: "nowhere", rump: RUMP }), null);
      assert.equal(await verify(s, "01" + "0".repeat(64)), null);
      const create = () => s.ask("mailbox.create", { accountId: s.ann, path: "x", role: null });
      granted(await create());
      const { token } = (await s.ask("url.sign", { accountId: s.ann, path: "x", rump: RUMP }))!;
      assert.ok(await verify(s, token, { path: "x" }));
      await s.ask("account.change", { address: "ann@example.org", disabled: true });
      assert.equal(await verify(s, token, { path: "x" }), null);
      await s.ask("account.change", { address: "ann@example.org", disabled: false });
      await s.ask("mailbox.delete", { accountId: s.ann, path: "x" });
      granted(await create());
      assert.equal(await verify(s, token, { path: "x" }), null);
    },
  );
}
