/** A small directory for the programs of a message's life: `ours.example`, with accounts, aliases and a message. */
import { latin1Bytes } from "../../src/base/bytes.ts";
import { Secret } from "../../src/base/secret.ts";
import type {
  AccountId,
  Args,
  BlobId,
  Destination,
  EnvelopeRecipient,
  EnvelopeSender,
  Peer,
  TraceId,
} from "../../src/contract/mod.ts";
import type { EnvelopeAddress, MessageIndex } from "../../src/message/model.ts";
import { type Answers, TEST_SESSION } from "../support/run_machine.ts";

export const NOW = Date.UTC(2026, 10, 24, 6, 7, 41);
const ROOM = { quota: { bytes: null, messages: null }, usage: { bytes: 0, messages: 0 } };

type AccountAt = Extract<Destination, { kind: "account" }>;

export function account(name: string, more: Partial<AccountAt> = {}): Destination {
  const accountId = `a${name}` as AccountId;
  const address = `${name}@ours.example`;
  return { kind: "account", accountId, address, detail: null, disabled: false, ...ROOM, ...more };
}

export function alias(address: string, ...targets: string[]): Destination {
  return { kind: "alias", address, targets };
}

const FULL = { quota: { bytes: 100, messages: null }, usage: { bytes: 95, messages: 1 } };

export const DIRECTORY: ReadonlyMap<string, Destination> = new Map([
  ["alice@ours.example", account("alice")],
  ["alice+news@ours.example", account("alice", { detail: "news" })],
  ["bob@ours.example", account("bob")],
  ["full@ours.example", account("full", FULL)],
  ["gone@ours.example", account("gone", { disabled: true })],
  ["postmaster@ours.example", alias("postmaster@ours.example", "alice@ours.example")],
  ["team@ours.example", alias("team@ours.example", "alice@ours.example", "bob@ours.example", "alice@ours.example")],
  ["away@ours.example", alias("away@ours.example", "Ann@Else.example")],
  ["both@ours.example", alias("both@ours.example", "full@ours.example", "bob@ours.example")],
  ["loop1@ours.example", alias("loop1@ours.example", "loop2@ours.example")],
  ["loop2@ours.example", alias("loop2@ours.example", "loop1@ours.example")],
  ["half@ours.example", alias("half@ours.example", "half@ours.example", "bob@ours.example", "nobody@ours.example")],
]);

export function resolve({ address }: Args<"address.resolve">): Destination {
  if (!address.endsWith("@ours.example")) return { kind: "remote" };
  return DIRECTORY.get(address) ?? { kind: "unknown" };
}

export const directory: Answers = {
  "address.resolve": resolve,
  "domain.list": () => [{ name: "ours.example", catchAll: null, createdAt: 0 }],
  "address.owned": ({ accountId, address }) => accountId === "aalice" && address === "alice@ours.example",
  "forwarding.keys": () => [new Secret(new Uint8Array(32).fill(7))],
  "clock.now": () => NOW,
  "journal.add": () => true,
  "message.sign": () => ({ unsigned: "noKeys" }),
  "mail.accept": ({ deliveries }) => ({
    stored: deliveries.map(({ recipient, accountId }) => ({ recipient, accountId, mailboxId: "m1", uid: 1 })) as never,
    overQuota: [],
  }),
};

/** A sealed body with this header; `from` is what its index says. */
export function message(header: string, from: readonly EnvelopeAddress[] = []): Answers {
  const bytes = latin1Bytes(header + "\r\n");
  const envelope = { from, sender: [] } as unknown as MessageIndex["envelope"];
  return {
    ...directory,
    "blob.index": () => ({ envelope, root: { bodyStart: bytes.length } }) as MessageIndex,
    "blob.read": ({ start, end }) => bytes.slice(start, end),
  };
}

export function peer(protocol: "smtp" | "lmtp" | "submission", login: Peer["login"] = null): Peer {
  const via = protocol === "lmtp" ? "LMTP" : protocol === "smtp" ? "ESMTP" : "ESMTPSA";
  return { session: { ...TEST_SESSION, protocol }, helo: "client.example", via, login };
}

export const SENDER: EnvelopeSender = {
  reversePath: "ann@else.example",
  size: null,
  body: "7bit",
  smtputf8: false,
  requireTls: false,
  ret: null,
  envid: null,
};

export const recipient = (forwardPath: string): EnvelopeRecipient => ({ forwardPath, notify: null, orcpt: null });

export function receiveArgs(who: Peer, ...recipients: string[]): Args<"message.receive"> {
  return {
    peer: who,
    envelope: { sender: SENDER, recipients: recipients.map(recipient) },
    blobId: "b1" as BlobId,
    size: 50,
    traceId: "s1.1" as TraceId,
  };
}
