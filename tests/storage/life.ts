/** Every operation, cut at every step: what tests of undoing share. */
import type { AccountId, Args, BlobId, QueueId, TraceId } from "../../src/contract/mod.ts";
import { accountIdOf, mailboxIdOf } from "../../src/storage/engine/ids.ts";
import { OPERATIONS, type TransactionOp } from "../../src/storage/engine/operations.ts";
import type { Transaction } from "../../src/storage/engine/tables.ts";
import type { TouchedSet } from "../../src/storage/engine/watchers.ts";
import { ALL, CREDENTIALS, NO_QUOTA, SENDER, uids } from "./scene.ts";

const ANN = accountIdOf(1);
const INBOX = mailboxIdOf(1);
const NOW = 10;
const QUEUED = {
  recipient: { forwardPath: "x@far.example", notify: null, orcpt: null },
  domain: "far.example",
  prefix: new Uint8Array(0),
  dueAt: 1,
  expiresAt: 99,
};

function perform<K extends TransactionOp>(op: K, args: Args<K>): readonly [string, (tx: Transaction) => unknown] {
  return [op, (tx) => OPERATIONS[op](tx, args)];
}

const accept = (accountId: AccountId, blobId: BlobId): Args<"mail.accept"> => ({
  traceId: "t" as TraceId,
  sender: SENDER,
  blobId,
  deliveries: [{
    accountId,
    recipient: "ann@example.org",
    target: { role: "inbox" },
    flags: ["k"],
    prefix: new Uint8Array(3),
    internalDate: 1,
  }],
  queued: [QUEUED],
  journal: [{ at: 1, event: "e", recipient: null, detail: "d" }],
  now: NOW,
  overQuota: "defer",
});

const account = (address: string): Args<"account.add"> => ({
  address,
  name: "",
  quota: NO_QUOTA,
  credentials: CREDENTIALS,
  now: NOW,
});
const append = (blobId: BlobId): Args<"email.append"> => ({
  accountId: ANN,
  path: "INBOX",
  messages: [{ blobId, flags: [], internalDate: null }, { blobId, flags: ["\\Deleted"], internalDate: null }],
  now: NOW,
});
const inbox = { accountId: ANN, mailboxId: INBOX, ranges: ALL };

/** A life of a store in which every kind of row is made, changed and removed. */
export const life = ([first, second]: readonly [BlobId, BlobId]) => [
  perform("domain.add", { name: "example.org", now: NOW }),
  perform("account.add", account("ann@example.org")),
  perform("account.add", account("bob@example.org")),
  perform("alias.add", { address: "a@example.org", targets: ["ann@example.org", "bob@example.org"], now: NOW }),
  perform("alias.add", { address: "b@example.org", targets: ["bob@example.org"], now: NOW }),
  perform("alias.add", { address: "c@example.org", targets: ["ann@example.org"], now: NOW }),
  perform("domain.change", { name: "example.org", catchAll: "b@example.org" }),
  perform("setting.init", { name: "s", value: "v" }),
  perform("setting.change", { name: "s", before: "v", value: "w" }),
  perform("setting.change", { name: "s", before: "w", value: null }),
  perform("setting.change", { name: "s", before: null, value: "x" }),
  perform("mail.accept", accept(ANN, first)),
  perform("email.append", append(second)),
  perform("mailbox.create", { accountId: ANN, path: "x/y", role: null }),
  perform("mailbox.subscribe", { accountId: ANN, path: "x/y", subscribed: true }),
  perform("email.copy", { ...inbox, path: "x/y", now: NOW }),
  perform("email.copy", { ...inbox, path: "x/y", now: NOW }),
  perform("email.flags", { ...inbox, mode: "add", flags: ["\\Seen", "w"] }),
  perform("email.move", { ...inbox, ranges: uids(1), path: "Archive", now: NOW }),
  perform("email.expunge", { ...inbox, ranges: null }),
  perform("mailbox.rename", { accountId: ANN, path: "x", newPath: "z/x" }),
  perform("mailbox.rename", { accountId: ANN, path: "INBOX", newPath: "saved" }),
  perform("queue.claim", { owner: "o", now: NOW, leaseMs: 5, limit: 5 }),
  perform("queue.renew", { owner: "o", queueIds: ["q1" as QueueId], leaseUntil: 50 }),
  perform("queue.putBack", { owner: "o", rows: [{ queueId: "q1" as QueueId, dueAt: 3 }] }),
  perform("queue.claim", { owner: "o", now: NOW, leaseMs: 5, limit: 5 }),
  perform("queue.settle", {
    owner: "o",
    outcomes: [{ queueId: "q1" as QueueId, outcome: "delivered", reply: "250" }],
    notices: [accept(ANN, first)],
    journal: [{ at: 2, event: "e", recipient: null, detail: "d" }],
    traceId: "t" as TraceId,
    now: NOW,
  }),
  perform("queue.change", { ids: null, change: "hold", now: NOW }),
  perform("queue.change", { ids: null, change: "remove", now: NOW }),
  perform("mailbox.delete", { accountId: ANN, path: "z/x/y" }),
  perform("account.change", { address: "ann@example.org", name: "Ann", disabled: true }),
  perform("account.remove", { address: "bob@example.org" }),
  perform("alias.remove", { address: "c@example.org" }),
  perform("account.remove", { address: "ann@example.org" }),
  perform("domain.remove", { name: "example.org" }),
];

/** What `cutAt` throws. */
export class Cut extends Error {}

/** The tables, but their n-th call throws. */
export function cutAt(tables: Transaction, n: number): Transaction {
  let calls = 0;
  return new Proxy(tables, {
    get: (target, name) => {
      const method = Reflect.get(target, name, target) as unknown;
      if (typeof method !== "function") return method;
      return (...args: unknown[]) => {
        if (++calls === n) throw new Cut();
        return method.apply(target, args);
      };
    },
  });
}

/** All that can be asked. */
export function dump(tables: Transaction & { readonly touched: TouchedSet }): unknown {
  const accounts = tables.accounts(null).map((row) => ({
    account: { ...row },
    mailboxes: Array.from(tables.mailboxes(row.id), (box) => ({
      box: { ...box },
      rows: tables.joined(box.id, 1, 99, 99, { envelope: false, structure: false }),
      ofEmail: tables.members(box.id, 1, 99, 99).map(({ email }) => tables.membersOf(email)),
      tombstones: tables.tombstones(box.id, 0),
    })).sort((a, b) => a.box.id - b.box.id),
    subscriptions: tables.subscriptions(row.id),
  }));
  return structuredClone({
    accounts: accounts.map(({ account: { credentials: _, ...rest }, ...more }) => ({ ...rest, ...more })),
    domains: tables.domains(),
    aliases: tables.aliases(null),
    setting: tables.setting("s"),
    queue: tables.queueRows(0, 99, {}),
    journal: tables.journal("t"),
    touched: [[...tables.touched.entries()].length, tables.touched.queue],
  });
}
