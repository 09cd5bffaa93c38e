/** What is wrong with rows of a store, whichever driver keeps them. Null or nothing: they are sound. */
import { isDeepStrictEqual } from "node:util";
import { parseAddress } from "../../base/address.ts";
import type { BlobId, ImapText } from "../../contract/mod.ts";
import type { MessageIndex } from "../../message/model.ts";
import { SHARED } from "../engine/flags.ts";
import { accountIdOf, emailIdOf, queueIdOf } from "../engine/ids.ts";
import type { Report, VerifyEvent } from "./finding.ts";

/** Advice for what cannot happen. */
export const LOOK = "nothing is lost, but it should not be so: please report it";

/** What an account's row says, and what was counted of its mail. */
export interface AccountFacts {
  readonly id: number;
  readonly address: string;
  readonly domain: string;
  readonly credentials: string;
  readonly messages: number;
  readonly bytes: number;
  readonly modseq: number;
  readonly kept: number;
  readonly counted: {
    readonly messages: number;
    readonly bytes: number;
    readonly kept: number;
    /** The highest modseq of its mailboxes. */
    readonly modseq: number;
    readonly inboxes: number;
  };
}

export function* judgeAccount(report: Report, row: AccountFacts): Generator<VerifyEvent> {
  const { address, counted } = row;
  if (parseAddress(address)?.domain !== row.domain) yield report.lost(address, "its domain is another's", LOOK);
  if (!isArray(row.credentials)) {
    yield report.lost(address, "its password cannot be read", `set a new one: palomar account password ${address}`);
  }
  const repair = { repair: "account", accountId: accountIdOf(row.id) } as const;
  if (counted.messages !== row.messages || counted.bytes !== row.bytes) {
    const has = `${counted.messages} of ${counted.bytes}`;
    yield report.derivable(
      address,
      `it counts ${row.messages} messages of ${row.bytes} octets, and has ${has}`,
      repair,
    );
  }
  if (counted.kept !== row.kept) {
    yield report.derivable(address, `it keeps ${row.kept} octets of removed mail, and has ${counted.kept}`, repair);
  }
  if (row.modseq < counted.modseq) {
    yield report.derivable(address, `its modseq is ${row.modseq}, and a mailbox is at ${counted.modseq}`, repair);
  }
  if (counted.inboxes !== 1) yield report.derivable(address, "it has no INBOX", repair);
}

/** Counters as rows name them, for a person. */
const COUNTERS = ["messages", "unseen", "octets", "messages with \\Deleted"] as const;

/** What a mailbox's row says, and what was counted of its memberships. */
export interface MailboxFacts {
  readonly account: number;
  /** `alice@example.org/INBOX`. */
  readonly where: string;
  /** Messages, unseen, octets, with \Deleted. */
  readonly counters: readonly number[];
  readonly counted: readonly number[];
  readonly uidNext: number;
  readonly modseq: number;
  readonly uidValidity: number;
  readonly floor: number;
  /** Of memberships and tombstones. */
  readonly lastUid: number;
  readonly lastModseq: number;
}

export function* judgeMailbox(report: Report, row: MailboxFacts): Generator<VerifyEvent> {
  const problems: string[] = [];
  COUNTERS.forEach((name, i) => {
    if (row.counters[i] !== row.counted[i]) {
      problems.push(`it counts ${row.counters[i]} ${name}, and has ${row.counted[i]}`);
    }
  });
  if (row.uidNext <= row.lastUid) problems.push(`its next UID is ${row.uidNext}, and ${row.lastUid} was given`);
  if (row.modseq < row.lastModseq) problems.push(`its modseq is ${row.modseq}, and a change has ${row.lastModseq}`);
  if (row.floor > row.modseq) problems.push(`its floor ${row.floor} is above its modseq ${row.modseq}`);
  if (row.uidValidity < 1) problems.push(`its UIDVALIDITY is ${row.uidValidity}`);
  const repair = { repair: "account", accountId: accountIdOf(row.account) } as const;
  for (const problem of problems) yield report.derivable(row.where, problem, repair);
}

/** A membership beside its email's row; `owner` is the email's account, null where there is none. */
export interface MemberFacts {
  readonly account: number;
  readonly flags: number;
  readonly size: number;
  readonly owner: number | null;
  readonly emailSize: number;
  /** How many mailboxes have it. */
  readonly places: number;
  /** Another membership has other flags that are the email's. */
  readonly differs: boolean;
}

export function memberProblem({ account, flags, size, owner, emailSize, places, differs }: MemberFacts): string | null {
  if (owner === null) return "the message is not there any more";
  if (owner !== account) return "it is another account's message";
  if (size !== emailSize) return `its size is said to be ${size}, and is ${emailSize}`;
  if (places > 1 && !(flags & SHARED)) return "it does not know that other mailboxes have it too";
  return differs ? "it has other flags in another mailbox" : null;
}

/** An email's row beside its blob's. */
export interface EmailFacts {
  readonly id: number;
  readonly account: number;
  /** The account's address. */
  readonly address: string;
  readonly size: number;
  readonly blobSize: number;
  readonly prefix: number;
  readonly headerEnd: number;
  readonly sameHash: boolean;
  /** Of the blob; null: it is not there. */
  readonly octets: number | null;
  readonly bodyStart: number | null;
  /** A mailbox has it, or it is kept for a time. */
  readonly isPlaced: boolean;
  readonly hasOwner: boolean;
  readonly blobId: BlobId;
}

export function* judgeEmail(report: Report, row: EmailFacts): Generator<VerifyEvent> {
  const where = `${row.address} email ${emailIdOf(row.id)}`;
  if (!row.hasOwner) return yield report.derivable(where, "its account is not there", { repair: "rows" });
  if (!row.isPlaced) {
    const repair = { repair: "account", accountId: accountIdOf(row.account), orphan: emailIdOf(row.id) } as const;
    yield report.derivable(where, "no mailbox has it; a repair puts it into the mailbox Recovered", repair);
  }
  if (row.octets === null) return yield report.lost(where, `its octets (${row.blobId}) are not there`);
  if (!row.sameHash) yield report.lost(where, "its octets are another message's");
  if (row.size !== row.blobSize + row.prefix || row.blobSize !== row.octets) {
    yield report.lost(where, `its size is said to be ${row.size}, and is ${row.octets + row.prefix}`);
  }
  if (row.headerEnd !== row.bodyStart) {
    yield report.derivable(where, "the end of its header is wrong", { repair: "blob", blobId: row.blobId });
  }
}

const LAST_STATE = 2;

/** A row of the queue. */
export interface QueueFacts {
  readonly id: number;
  readonly recipient: string;
  readonly sender: string;
  readonly state: number;
  readonly hasBlob: boolean;
}

export function* judgeQueue(
  report: Report,
  { id, recipient, sender, state, hasBlob }: QueueFacts,
): Generator<VerifyEvent> {
  const where = `queue ${queueIdOf(id)}`;
  const advice = `it can never be sent: palomar queue remove ${queueIdOf(id)}`;
  if (!hasBlob) yield report.lost(where, "its message is not there", advice);
  if (!isObject(recipient) || !isObject(sender)) yield report.lost(where, "its envelope cannot be read", advice);
  if (state < 0 || state > LAST_STATE) yield report.lost(where, "its state is none", advice);
}

/** The index of a message as it is stored; `imap` is what is prepared for IMAP, or null. */
export interface StoredIndex {
  readonly headerEnd: number;
  readonly extra: string | null;
  readonly envelope: string;
  readonly structure: string;
  readonly imap: readonly (string | null)[] | null;
}

/** Compares it with what is made of the octets today. */
export function indexProblem(
  stored: StoredIndex,
  fresh: MessageIndex,
  prepare: ((index: MessageIndex) => ImapText) | null,
): string | null {
  const { headerEnd, extra, envelope, structure, imap } = stored;
  const [references, truncated] = extra === null ? [[], []] : read(extra) ?? [];
  const { envelope: wantedEnvelope, root, references: wantedReferences, truncated: wantedTruncated } = fresh;
  const same = headerEnd === root.bodyStart && equals(envelope, wantedEnvelope) && equals(structure, root) &&
    isDeepStrictEqual(references, plain(wantedReferences)) && isDeepStrictEqual(truncated, plain(wantedTruncated));
  if (!same) return "its index is another than one that is made today";
  if (prepare === null || imap === null) return null;
  const text = prepare(fresh);
  const wanted = [text.envelope, text.structure, text.envelopeUtf8, text.structureUtf8];
  return wanted.every((one, i) => one === imap[i]) ? null : "what is prepared for IMAP is another than is made today";
}

const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

function equals(stored: string, fresh: unknown): boolean {
  return stored === JSON.stringify(fresh) || isDeepStrictEqual(read(stored), plain(fresh));
}

function isArray(text: string): boolean {
  return Array.isArray(read(text));
}

function isObject(text: string): boolean {
  const value = read(text);
  return typeof value === "object" && value !== null;
}

// deno-lint-ignore no-explicit-any -- whatever stands there
function read(text: string): any {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
