/** Columns of accounts that somebody asks about by JMAP: read once, then followed by what changed. */
import type { AccountId, ChangesPoint, EmailId, MailboxId, MailboxObject, Modseq, Uid } from "../../contract/mod.ts";
import { hasAttachment } from "../../jmap/email/body_parts.ts";
import { Columns } from "../../jmap/columns.ts";
import type { Storage } from "../../storage/storage.ts";

const PAGE = 1000;
const LAST_UID = 4294967295;
/** Emails of all accounts that are kept in columns; beyond, those asked for longest ago go. */
const ROWS = 2_000_000;

interface Entry {
  readonly columns: Columns;
  since: ChangesPoint;
  /** Questions wait for one that is under way. */
  work: Promise<void>;
  isLoaded: boolean;
}

type Whose = { readonly accountId: AccountId; readonly ownerId?: AccountId };

export class ColumnCache {
  readonly #storage: Pick<Storage, "perform">;
  readonly #entries = new Map<string, Entry>();

  constructor(storage: Pick<Storage, "perform">) {
    this.#storage = storage;
  }

  /** As they are now. */
  async of({ attachments = false, ...whose }: Whose & { readonly attachments?: boolean }): Promise<Columns> {
    const key = `${whose.accountId} ${whose.ownerId ?? whose.accountId}`;
    const entry = this.#entries.get(key) ?? fresh();
    this.#entries.delete(key);
    this.#entries.set(key, entry); // the last one is the youngest
    const work = entry.work.then(async () => {
      await this.#follow(whose, entry);
      if (attachments) await this.#lookForAttachments(whose, entry.columns);
    });
    entry.work = work.catch(() => {});
    try {
      await work;
    } catch (error) {
      if (this.#entries.get(key) === entry) this.#entries.delete(key);
      throw error;
    }
    this.#bound();
    return entry.columns;
  }

  async counts(whose: Whose) {
    const { mailboxes, state } = await this.#storage.perform("mailbox.objects", whose);
    const columns = await this.of(whose);
    const trash = new Set(mailboxes.filter(({ role }) => role === "trash").map(({ mailboxId }) => mailboxId));
    return { state, counts: columns.counts(trash) };
  }

  async #follow(whose: Whose, entry: Entry): Promise<void> {
    if (!entry.isLoaded) return await this.#load(whose, entry);
    const state = await this.#storage.perform("account.state", whose);
    if (state === entry.since.modseq && entry.since.emailId === null) return;
    for (;;) {
      const news = await this.#storage.perform("email.changes", { ...whose, since: entry.since, limit: PAGE });
      if ("refused" in news) {
        Object.assign(entry, fresh(), { work: entry.work });
        return await this.#load(whose, entry);
      }
      const { columns } = entry;
      const ids: EmailId[] = [];
      for (const { emailId, kind } of news.changes) {
        if (kind === "destroyed") columns.remove(emailId);
        else ids.push(emailId);
      }
      if (ids.length > 0) {
        const rows = await this.#storage.perform("email.objects", { ...whose, emailIds: ids, fields: [] });
        for (const row of rows) columns.put(row);
        // Those that went meanwhile come as destroyed on a later page.
      }
      entry.since = news.upTo;
      // Within the changes of one modseq it is not yet the state behind them.
      columns.state = (news.upTo.modseq - (news.upTo.emailId === null ? 0 : 1)) as Modseq;
      if (!news.hasMore) return;
    }
  }

  /** Mailbox by mailbox; what happens meanwhile is followed behind. */
  async #load(whose: Whose, entry: Entry): Promise<void> {
    const { state, mailboxes } = await this.#storage.perform("mailbox.objects", whose);
    const since = await this.#storage.perform("account.state", whose);
    for (const mailbox of mailboxes) await this.#loadMailbox(whose.accountId, mailbox, entry.columns);
    entry.since = { modseq: Math.min(state, since) as Modseq, emailId: null };
    entry.columns.state = entry.since.modseq;
    entry.isLoaded = true;
    await this.#follow(whose, entry);
  }

  async #loadMailbox(accountId: AccountId, { mailboxId, rights }: MailboxObject, columns: Columns): Promise<void> {
    if (!rights.includes("r")) return;
    const inside: readonly MailboxId[] = [mailboxId];
    for (let first = 1 as Uid;;) {
      const ranges = [{ first, last: LAST_UID as Uid }];
      const page = await this.#storage.perform("email.read", { accountId, mailboxId, ranges, fields: [], limit: PAGE });
      for (const row of page.rows) {
        if (row.flags.includes("\\Deleted")) continue;
        columns.put({ ...row, sentAt: row.sentAt ?? null, mailboxIds: inside }, true);
      }
      if (page.next === null) return;
      first = page.next;
    }
  }

  /** What a message is made of never changes: it is looked at once. */
  async #lookForAttachments(whose: Whose, columns: Columns): Promise<void> {
    for (let ids = columns.unknownAttachments(PAGE); ids.length > 0; ids = columns.unknownAttachments(PAGE)) {
      const rows = await this.#storage.perform("email.objects", { ...whose, emailIds: ids, fields: ["structure"] });
      for (const { emailId, structure } of rows) columns.noteAttachments(emailId, hasAttachment(structure!));
      const found = new Set(rows.map(({ emailId }) => emailId));
      for (const id of ids) if (!found.has(id)) columns.noteAttachments(id, false); // it went meanwhile
    }
  }

  #bound(): void {
    let rows = 0;
    for (const { columns } of this.#entries.values()) rows += weight(columns);
    for (const [key, { columns }] of this.#entries) {
      if (rows <= ROWS || this.#entries.size === 1) return;
      rows -= weight(columns);
      this.#entries.delete(key);
    }
  }
}

/** In rows: the texts of one take as much as it does. */
function weight({ length, sortTexts }: Columns): number {
  return length + sortTexts.size;
}

function fresh(): Entry {
  return {
    columns: new Columns(),
    since: { modseq: 0 as Modseq, emailId: null },
    work: Promise.resolve(),
    isLoaded: false,
  };
}
