/** What one session hears of mailboxes that it has not selected: hints, gathered until it asks for them (RFC 5465). */
import type { AccountId, AnnotationTouched, Heard, MailboxId } from "../contract/mod.ts";
import type { Storage, Touched } from "../storage/storage.ts";

/** However much happens while the client does not read, one entry a mailbox and annotation is kept. */
export class Listening {
  readonly #stops: (() => void)[];
  readonly #wake: () => void;
  readonly #mailboxIds = new Set<MailboxId>();
  readonly #annotations = new Map<string, AnnotationTouched>();
  #mailboxList = false;
  #woken = false;

  /** `wake` is called once between two calls of `take`. */
  constructor(storage: Storage, accountId: AccountId, ownerIds: readonly AccountId[], wake: () => void) {
    this.#wake = wake;
    this.#stops = [...new Set(ownerIds)].map((ownerId) =>
      storage.watch(ownerId, (touched) => this.#hear(touched, ownerId === accountId))
    );
  }

  /** What was heard since the call before. */
  take(): Heard {
    const heard = {
      mailboxIds: [...this.#mailboxIds],
      mailboxList: this.#mailboxList,
      annotations: [...this.#annotations.values()],
    };
    this.#mailboxIds.clear();
    this.#annotations.clear();
    this.#mailboxList = false;
    this.#woken = false;
    return heard;
  }

  stop(): void {
    for (const stop of this.#stops) stop();
  }

  #hear(touched: Touched, own: boolean): void {
    for (const mailboxId of touched.mailboxIds) this.#mailboxIds.add(mailboxId);
    if (touched.mailboxList) this.#mailboxList = true;
    for (const annotation of touched.annotations) {
      // RFC 5464 section 3.3: what is private to others is nobody's business.
      if (own || !annotation.entry.startsWith("/private/")) {
        this.#annotations.set(`${annotation.mailboxId ?? ""} ${annotation.entry}`, annotation);
      }
    }
    if (this.#woken) return;
    this.#woken = true;
    this.#wake();
  }
}
