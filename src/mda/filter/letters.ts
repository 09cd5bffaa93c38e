/** Letters that filters send: answers, notices, and notes to the owner. */
import { domainToAscii, formatAddress, parseAddress } from "../../base/address.ts";
import { isAscii } from "../../base/ascii.ts";
import { EMPTY, latin1Bytes } from "../../base/bytes.ts";
import { ask, type BlobId, type EnvelopeSender, OpFailed, type Program, type QueueEntry } from "../../contract/mod.ts";
import { buildMessage, formatDate } from "../../message/mod.ts";
import { type SieveLetter, sieveLetter } from "../../sieve/mod.ts";
import { makeBody, type Outcome } from "./outcome.ts";

/** A letter in the store, sealed. */
export interface StoredLetter {
  readonly blobId: BlobId;
  readonly size: number;
  readonly eightBit: boolean;
}

/** Writes a letter. */
export function* storeLetter(out: Outcome, letter: SieveLetter): Program<StoredLetter> {
  const { owner, policy, word } = out.facts;
  const id = `${word}.${++out.letters}`;
  const octets = sieveLetter(letter, {
    date: formatDate(owner.now),
    messageId: `<${id}@${policy.hostname}>`,
    boundary: `=_${id}`,
  });
  return { ...yield* makeBody([{ octets }]), eightBit: octets.some((octet) => octet > 127) };
}

/** Queues it for everybody it is to. RFC 3834 section 3.3, RFC 5436 section 2.7: a null sender, so that nobody answers. */
export function* sendLetter(out: Outcome, letter: SieveLetter, stored: StoredLetter): Program<boolean> {
  const { owner, giveUpMs } = out.facts;
  const prefix = yield* signature(out, stored);
  let sent = false;
  for (const to of letter.to) {
    const address = parseAddress(to);
    const domain = address === null ? null : domainToAscii(address.domain);
    if (address === null || domain === null) continue;
    const entry: QueueEntry = {
      recipient: { forwardPath: formatAddress(address), notify: [], orcpt: null },
      sender: nobody(stored, isAscii(to)),
      blobId: stored.blobId,
      domain,
      accountId: owner.accountId,
      prefix,
      dueAt: owner.now,
      expiresAt: owner.now + giveUpMs,
    };
    out.queued.push(entry);
    sent = true;
  }
  return sent;
}

function nobody({ size, eightBit }: StoredLetter, ascii: boolean): EnvelopeSender {
  return {
    reversePath: "",
    size,
    body: eightBit ? "8bitmime" : "7bit",
    smtputf8: !ascii,
    requireTls: false,
    ret: null,
    envid: null,
  };
}

/** A letter that cannot be signed goes unsigned. */
function* signature(out: Outcome, { blobId, size }: StoredLetter): Program<Uint8Array> {
  const { account, now } = out.facts.owner;
  const domains = [account.slice(account.lastIndexOf("@") + 1)];
  try {
    const signed = yield* ask("message.sign", { domains, blobId, size, prefix: EMPTY, now });
    return "fields" in signed ? latin1Bytes(signed.fields) : EMPTY;
  } catch (error) {
    if (error instanceof OpFailed) return EMPTY;
    throw error;
  }
}

/** A note for the owner into INBOX. */
export function* tellOwner(out: Outcome, subject: string, text: string): Program<void> {
  const { owner, policy, word } = out.facts;
  const id = `${word}.${++out.letters}`;
  const octets = buildMessage({
    headers: [
      ["From", `Mail filter <postmaster@${policy.hostname}>`],
      ["To", `<${owner.account}>`],
      ["Subject", subject],
      ["Date", formatDate(owner.now)],
      ["Message-ID", `<${id}@${policy.hostname}>`],
      ["Auto-Submitted", "auto-generated"],
    ],
    body: { type: "text/plain", text },
  }, `=_${id}`);
  const { blobId } = yield* makeBody([{ octets }]);
  out.deliveries.push({
    accountId: owner.accountId,
    recipient: owner.address,
    target: { role: "inbox" },
    flags: [],
    prefix: EMPTY,
    internalDate: owner.now,
    blobId,
    optional: true,
  });
}
