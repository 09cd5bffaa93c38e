/** Emails, conversations and blobs. */
import type { BlobId } from "../../contract/mod.ts";
import type { MessageIndex } from "../../message/model.ts";
import { concatBytes, EMPTY } from "../../base/bytes.ts";
import { digest } from "../../base/hash.ts";
import { utf8Bytes } from "../../base/bytes.ts";
import { HEADER_LIMIT } from "../engine/email_read.ts";
import type {
  AccountRow,
  BlobRow,
  EmailRecord,
  JoinedFields,
  JoinedRow,
  MailboxRow,
  MemberRow,
  OriginRow,
  Transaction,
} from "../engine/tables.ts";
import { StorageError } from "../storage.ts";
import type { Owners } from "./account_tables.ts";
import { type BlobEntry, type Blobs, entryKey, garbageKey, indexKey, octetsKey, pieceKey, UPLOAD } from "./blobs.ts";
import { type Key, name, ofAccount, type Part } from "./keys.ts";
import { MemberTables } from "./member_tables.ts";
import { type EmailEntry, emailKey } from "./removed_tables.ts";
import { PIECE } from "./values.ts";
import type { View } from "./view.ts";

const threadPrefix = (account: number): Key => [ofAccount(account), "thread", account];
const ownedPrefix = (account: number): Key => [ofAccount(account), "owned", account];
const ownedKey = (account: number, blobId: BlobId): Key => [...ownedPrefix(account), blobId.slice(0, 100)];
const originKey = ({ account, key }: { readonly account: number; readonly key: string }): Key => [
  ofAccount(account),
  "origin",
  account,
  name(key),
];

export class KvTables extends MemberTables implements Transaction {
  readonly #blobs: Blobs;
  /** Blobs that this operation stored. */
  readonly #fresh = new Set<BlobId>();

  constructor(view: View, owners: Owners, blobs: Blobs) {
    super(view, owners);
    this.#blobs = blobs;
  }

  override restart(): void {
    super.restart();
    this.#fresh.clear();
  }

  override keep(): void {
    super.keep();
    for (const blobId of this.#fresh) if (this.#entryOf(blobId)?.refs === 0) this.view.set(garbageKey(blobId), 1);
  }

  override removeAccount(row: AccountRow): void {
    super.removeAccount(row);
    this.clear(threadPrefix(row.id));
    this.clear(ownedPrefix(row.id));
  }

  joined(mailbox: number, first: number, last: number, limit: number, fields: JoinedFields): readonly JoinedRow[] {
    return this.#join(this.members(mailbox, first, last, limit), fields);
  }

  joinedOf(emails: readonly number[], fields: JoinedFields): readonly JoinedRow[] {
    this.view.getAll(emails.map(emailKey));
    return this.#join(emails.flatMap((email) => this.membersOf(email)), fields);
  }

  #join(members: readonly MemberRow[], fields: JoinedFields): readonly JoinedRow[] {
    const entries = this.view.getAll<EmailEntry>(members.map(({ email }) => emailKey(email)));
    const envelope = fields.envelope || fields.imapEnvelope;
    const structure = fields.structure || fields.imapStructure;
    const ids = entries.map((entry) => entry!.record.blobId);
    const indexes = envelope || structure ? this.blobIndexes(ids) : null;
    const headers = fields.header ? this.#headers(entries as readonly EmailEntry[]) : null;
    return members.map((member, i) => {
      const { record, headerEnd } = entries[i]!;
      const index = indexes?.get(record.blobId);
      return {
        ...record,
        ...member,
        headerEnd,
        envelope: envelope ? index?.envelope ?? null : null,
        structure: structure ? index?.root ?? null : null,
        ...(headers && { header: headers[i]! }),
      };
    });
  }

  email(id: number): EmailRecord | null {
    return this.entry(id)?.record ?? null;
  }

  addEmail(record: EmailRecord): void {
    const { id, account, blobId } = record;
    const headerEnd = this.#blobs.held(blobId)?.index.root.bodyStart ?? this.#entryOf(blobId)!.headerEnd;
    const entry: EmailEntry = {
      record: { ...record, prefix: record.prefix.slice() },
      headerEnd,
      places: [],
      removed: [],
      origin: null,
    };
    this.view.set(emailKey(id), entry);
    const key = ownedKey(account, blobId);
    // Of a blob that has just come, nobody has an email but by this operation.
    const owned = this.#fresh.has(blobId)
      ? this.view.pending<readonly number[]>(key)
      : this.view.get<readonly number[]>(key);
    this.view.set(key, [...owned ?? [], id]);
    this.refer(blobId, 1);
  }

  reviveEmail(id: number, created: number): void {
    const entry = this.entry(id);
    if (entry) this.view.set(emailKey(id), { ...entry, record: { ...entry.record, created } });
  }

  removeEmail({ id, account, blobId }: EmailRecord): void {
    const origin = this.origin(id);
    if (origin && this.view.get(originKey(origin)) === id) this.view.delete(originKey(origin));
    this.view.delete(emailKey(id));
    const owned = (this.view.get<readonly number[]>(ownedKey(account, blobId)) ?? []).filter((one) => one !== id);
    if (owned.length > 0) this.view.set(ownedKey(account, blobId), owned);
    else this.view.delete(ownedKey(account, blobId));
    this.refer(blobId, -1);
  }

  addOrigin(row: OriginRow): void {
    const entry = this.entry(row.email);
    if (!entry) return;
    this.view.set(emailKey(row.email), { ...entry, origin: row });
    this.view.set(originKey(row), row.email);
  }

  origin(email: number): OriginRow | null {
    return this.entry(email)?.origin ?? null;
  }

  hasOrigin(account: number, key: string): boolean {
    const email = this.view.get<number>(originKey({ account, key }));
    // What was removed can be imported again.
    return email !== null && (this.entry(email)?.places.length ?? 0) > 0;
  }

  thread(account: number, keys: readonly string[], fresh: number): number {
    const places = [...new Set(keys)].map((key) => threadPlace(account, key));
    const known = this.view.getAll<number>(places);
    let thread = fresh;
    for (const one of known) thread = Math.min(thread, one ?? fresh);
    places.forEach((place, i) => known[i] === null && this.view.set(place, thread));
    return thread;
  }

  blob(blobId: BlobId): BlobRow | null {
    const held = this.#blobs.held(blobId);
    const entry = this.#entryOf(blobId);
    if (entry) this.met.set(entry.id, blobId);
    if (held) return { id: entry?.id ?? 0, blobId, size: held.size };
    return entry && { id: entry.id, blobId, size: entry.size };
  }

  storeBlob({ blobId }: BlobRow): number {
    const there = this.#entryOf(blobId);
    if (there) {
      this.met.set(there.id, blobId);
      return there.id;
    }
    const held = this.#blobs.held(blobId);
    if (!held) throw new StorageError("bug", `there is no blob ${blobId}`);
    const { size, index, bytes, upload } = held;
    const id = this.view.number("blob");
    this.met.set(id, blobId);
    this.#fresh.add(blobId);
    const entry: BlobEntry = { id, size, headerEnd: index.root.bodyStart, upload, refs: 0 };
    this.view.set(entryKey(blobId), entry);
    this.view.set(indexKey(blobId), JSON.stringify(index));
    if (bytes) this.view.set(octetsKey(blobId), bytes);
    else {
      held.isNamed = true;
      this.view.append([UPLOAD, upload!]);
    }
    return id;
  }

  /** A blob that nothing refers to goes; answers what must still be done for it, or null: it stays. */
  dropBlob(blobId: BlobId): BlobEntry | null {
    const entry = this.#entryOf(blobId);
    if (this.#blobs.held(blobId)) return null;
    this.view.delete(garbageKey(blobId));
    if (!entry || entry.refs > 0) return null;
    this.view.get(indexKey(blobId)); // so that its parts go too
    this.view.delete(indexKey(blobId));
    this.view.delete(entryKey(blobId));
    if (entry.upload === null) this.view.delete(octetsKey(blobId));
    // Should this process end before the pieces are gone.
    else this.view.append([UPLOAD, entry.upload], { at: 0 });
    return entry;
  }

  accountHasBlob(account: number, { id, blobId }: BlobRow): boolean {
    return this.#blobs.held(blobId) !== undefined || this.view.get(ownedKey(account, blobId)) !== null ||
      this.object(account, "upload", id) !== null;
  }

  emailsOfBlob(account: number, { blobId }: BlobRow, limit: number): readonly number[] {
    const owned = this.view.get<readonly number[]>(ownedKey(account, blobId)) ?? [];
    return [...owned].sort((a, b) => a - b).slice(0, limit);
  }

  mailboxHasBlob(mailbox: MailboxRow, { blobId }: BlobRow): boolean {
    const emails = this.view.get<readonly number[]>(ownedKey(mailbox.account, blobId)) ?? [];
    return this.view.getAll<EmailEntry>(emails.map(emailKey))
      .some((entry) => entry?.places.some(([other]) => other === mailbox.id));
  }

  blobIndex(blobId: BlobId): MessageIndex | null {
    const known = this.#blobs.index(blobId);
    if (known) return known;
    const [text] = this.view.loose<string>([indexKey(blobId)]);
    return text ? this.#blobs.learnIndex(blobId, text) : null;
  }

  /** The indexes of many. */
  blobIndexes(ids: readonly BlobId[]): ReadonlyMap<BlobId, MessageIndex> {
    const unknown = ids.filter((blobId) => !this.#blobs.index(blobId));
    const texts = this.view.loose<string>(unknown.map(indexKey));
    const found = new Map<BlobId, MessageIndex>();
    for (const blobId of ids) {
      const index = this.#blobs.index(blobId);
      if (index) found.set(blobId, index);
    }
    unknown.forEach((blobId, i) => texts[i] && found.set(blobId, this.#blobs.learnIndex(blobId, texts[i])));
    return found;
  }

  protected override refer(blobId: BlobId, by: number): void {
    const entry = this.#entryOf(blobId);
    if (!entry) return;
    const refs = entry.refs + by;
    this.view.set(entryKey(blobId), { ...entry, refs });
    if (refs <= 0) this.view.set(garbageKey(blobId), 1);
    else if (entry.refs <= 0 && !this.#fresh.has(blobId)) this.view.delete(garbageKey(blobId));
  }

  #entryOf(blobId: BlobId): BlobEntry | null {
    return this.view.get(entryKey(blobId));
  }

  /** Headers of blobs, as far as they are read. */
  #headers(emails: readonly EmailEntry[]): readonly Uint8Array[] {
    const ids = emails.map(({ record }) => record.blobId);
    const stored = ids.filter((blobId) => !this.#blobs.held(blobId)?.bytes);
    const blobs = new Map(this.view.getAll<BlobEntry>(stored.map(entryKey)).map((entry, i) => [stored[i]!, entry!]));
    const keys = emails.map(({ record: { blobId }, headerEnd }): readonly (readonly Part[])[] => {
      const blob = blobs.get(blobId);
      if (!blob) return [];
      if (blob.upload === null) return [octetsKey(blobId)];
      const pieces = Math.max(1, Math.ceil(Math.min(headerEnd, HEADER_LIMIT) / PIECE));
      return Array.from({ length: pieces }, (_, piece) => pieceKey(blob.upload!, piece));
    });
    this.view.loose(keys.flat());
    return emails.map(({ record: { blobId }, headerEnd }, i) => {
      const pieces = this.view.loose<Uint8Array>(keys[i]!).map((piece) => piece ?? EMPTY);
      const octets = this.#blobs.held(blobId)?.bytes ?? concatBytes(pieces);
      return octets.subarray(0, Math.min(headerEnd, HEADER_LIMIT));
    });
  }
}

/** Where the conversation of a key is. 52 bits of it: within one account, so nobody gains by making two keys meet. */
export function threadPlace(account: number, key: string): Key {
  return [...threadPrefix(account), parseInt(digest("sha256", utf8Bytes(key)).toHex().slice(0, 13), 16)];
}
