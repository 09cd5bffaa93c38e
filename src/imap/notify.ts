/** What a client wants to be told without asking (RFC 5465): the state behind NOTIFY. */
import type { AccountId, Mailbox, MailboxId } from "../contract/mod.ts";
import { isMeant, type MailboxFilter } from "./mailbox_filter.ts";
import type { FetchItem } from "./wire/fetch_items.ts";

/** Event types of RFC 5465 section 5, by their names there. */
export const EVENTS = [
  "MessageNew",
  "MessageExpunge",
  "FlagChange",
  "MailboxName",
  "SubscriptionChange",
  "MailboxMetadataChange",
  "ServerMetadataChange",
] as const;
export type EventName = typeof EVENTS[number];

/** Some mailboxes, and what of them is told. */
export interface EventGroup {
  readonly filter: MailboxFilter;
  readonly events: ReadonlySet<EventName>;
  /** What is fetched of new messages of the selected mailbox. */
  readonly items: readonly FetchItem[];
}

/** What is told of the selected mailbox; without a group for it nothing is. */
export interface SelectedEvents {
  readonly messages: boolean;
  readonly flags: boolean;
  /** EXPUNGE waits for a command that allows it (section 6.1.2). */
  readonly delayed: boolean;
  readonly items: readonly FetchItem[];
}

const NOTHING: SelectedEvents = { messages: false, flags: false, delayed: true, items: [] };

/** One NOTIFY SET, and what its client knows of other mailboxes by now. NOTIFY NONE is one without groups. */
export class Notify {
  readonly selected: SelectedEvents;
  /** Mailboxes that the client may see, by id, as it was told last. */
  known = new Map<MailboxId, Mailbox>();
  /** Whose mailboxes are listened to. */
  owners: readonly AccountId[] = [];
  /** UIDs that this session itself put into the selected mailbox: nothing is fetched of them (section 5.2). */
  readonly made = new Set<number>();
  /** Names that this session itself changed: it knows (section 5). */
  readonly renamed = new Set<string>();
  readonly #groups: readonly EventGroup[];

  constructor(groups: readonly EventGroup[]) {
    this.#groups = groups;
    this.selected = selectedEvents(groups);
  }

  /** Something is wanted of mailboxes that are not selected, or of the server. */
  get listens(): boolean {
    return this.#groups.some(({ filter, events }) => !isSelected(filter) && events.size > 0);
  }

  /** What is told of a mailbox that is not selected. */
  eventsOf(mailbox: Mailbox, accountId: AccountId): ReadonlySet<EventName> {
    const events = new Set<EventName>();
    for (const group of this.#groups) {
      if (isMeant(group.filter, mailbox, accountId)) { for (const event of group.events) events.add(event); }
    }
    return events;
  }

  /** Whether the event is wanted at all; so of the server, which is no mailbox. */
  wants(event: EventName): boolean {
    return this.#groups.some(({ events }) => events.has(event));
  }
}

function isSelected({ kind }: MailboxFilter): boolean {
  return kind === "selected" || kind === "selectedDelayed";
}

function selectedEvents(groups: readonly EventGroup[]): SelectedEvents {
  const group = groups.find(({ filter }) => isSelected(filter));
  if (group === undefined) return NOTHING;
  return {
    messages: group.events.has("MessageNew"),
    flags: group.events.has("FlagChange"),
    delayed: group.filter.kind === "selectedDelayed",
    items: group.items,
  };
}
