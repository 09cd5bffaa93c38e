/**
 * News for sessions that look at a mailbox. The store only hints that an account was touched; what happened is read
 * once a mailbox, whoever many sessions look at it, and each is told what is new to it.
 */
import type { AccountId, MailboxChanges, MailboxId, Modseq } from "../contract/mod.ts";
import type { Storage, Touched } from "../storage/storage.ts";

interface Watcher {
  since: Modseq;
  /** What was told last; undefined for one's own mailbox, whose rights never change. */
  rights?: string | undefined;
  readonly tell: (changes: MailboxChanges) => void;
}

interface WatchedMailbox {
  readonly watchers: Set<Watcher>;
  reading: boolean;
  /** Touched again while a read was under way. */
  again: boolean;
}

/** The mailboxes of one owner that one account looks at. */
interface WatchedAccount {
  readonly mailboxes: Map<MailboxId, WatchedMailbox>;
  readonly stop: () => void;
}

export class Watches {
  readonly #storage: Storage;
  readonly #accounts = new Map<string, WatchedAccount>();
  readonly #failed: (error: unknown) => void;

  constructor(storage: Storage, failed: (error: unknown) => void) {
    this.#storage = storage;
    this.#failed = failed;
  }

  /**
   * Tells of everything after `since`, from now on. The answer ends it. The commits of the owner are heard, and read for
   * `accountId`: whoever loses the right to read is told that the mailbox is gone.
   */
  watch(
    accountId: AccountId,
    mailboxId: MailboxId,
    since: Modseq,
    tell: Watcher["tell"],
    ownerId: AccountId = accountId,
  ): () => void {
    const key = `${accountId} ${ownerId}`;
    const account = this.#accounts.get(key) ?? this.#openAccount(key, accountId, ownerId);
    let mailbox = account.mailboxes.get(mailboxId);
    if (!mailbox) {
      mailbox = { watchers: new Set(), reading: false, again: false };
      account.mailboxes.set(mailboxId, mailbox);
    }
    const watcher: Watcher = { since, tell };
    mailbox.watchers.add(watcher);
    void this.#read(accountId, mailboxId, mailbox); // what came between the snapshot and this call
    return () => {
      mailbox.watchers.delete(watcher);
      if (mailbox.watchers.size > 0 || account.mailboxes.get(mailboxId) !== mailbox) return;
      account.mailboxes.delete(mailboxId);
      if (account.mailboxes.size > 0) return;
      account.stop();
      this.#accounts.delete(key);
    };
  }

  #openAccount(key: string, accountId: AccountId, ownerId: AccountId): WatchedAccount {
    const mailboxes = new Map<MailboxId, WatchedMailbox>();
    const touched = ({ mailboxIds }: Touched): void => {
      for (const mailboxId of mailboxIds) {
        const mailbox = mailboxes.get(mailboxId);
        if (mailbox) void this.#read(accountId, mailboxId, mailbox);
      }
    };
    const account = { mailboxes, stop: this.#storage.watch(ownerId, touched) };
    this.#accounts.set(key, account);
    return account;
  }

  async #read(accountId: AccountId, mailboxId: MailboxId, mailbox: WatchedMailbox): Promise<void> {
    if (mailbox.reading) {
      mailbox.again = true;
      return;
    }
    mailbox.reading = true;
    try {
      do {
        mailbox.again = false;
        let since = Infinity;
        for (const watcher of mailbox.watchers) since = Math.min(since, watcher.since);
        if (since === Infinity) return;
        const changes = await this.#storage.perform("mailbox.changes", {
          accountId,
          mailboxId,
          since: since as Modseq,
        });
        for (const watcher of mailbox.watchers) tellNews(watcher, changes);
      } while (mailbox.again);
    } catch (error) {
      this.#failed(error); // the next touch reads again from where each watcher stands: nothing is lost
    } finally {
      mailbox.reading = false;
    }
  }
}

function tellNews(watcher: Watcher, changes: MailboxChanges): void {
  const otherRights = changes.rights !== watcher.rights;
  if (changes.modseq <= watcher.since && !changes.deleted && !otherRights) return;
  watcher.rights = changes.rights;
  const since = watcher.since;
  watcher.since = changes.modseq;
  const changed = changes.changed.filter((change) => change.modseq > since);
  const any = changed.length > 0 || changes.vanished.length > 0 || changes.deleted || otherRights;
  if (any) watcher.tell({ ...changes, changed });
}
