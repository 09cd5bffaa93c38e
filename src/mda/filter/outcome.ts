/** What the actions of a filter come to, gathered until the one transaction that writes it. */
import { lowerAscii } from "../../base/ascii.ts";
import {
  ask,
  type BlobId,
  type Delivery,
  type DeliverySettings,
  type EnvelopeRecipient,
  type EnvelopeSender,
  type Mailbox,
  OpFailed,
  type Program,
  type QueueEntry,
  type Refusal,
} from "../../contract/mod.ts";
import { EMPTY, equalBytes } from "../../base/bytes.ts";
import type { SieveResult } from "../../sieve/mod.ts";
import type { ForwardPolicy, MayForward } from "../forward.ts";
import type { FilterOwner } from "./facts.ts";
import type { FilterMessage } from "./message.ts";
import type { FilterPolicy } from "./policy.ts";

/** What the actions of one account need to know. */
export interface OutcomeFacts {
  readonly owner: FilterOwner;
  readonly settings: DeliverySettings;
  readonly policy: FilterPolicy;
  readonly message: FilterMessage;
  /** Unique to this message and account. */
  readonly word: string;
  readonly result: SieveResult;
  /** The detail behind the user in the address, or null. */
  readonly detail: string | null;
  readonly junk: boolean;
  readonly sender: EnvelopeSender;
  readonly recipient: EnvelopeRecipient;
  /** Fields that every copy bears, whole lines. */
  readonly fields: string;
  readonly deliveredTo: ReadonlySet<string>;
  readonly mayForward: MayForward;
  readonly forwarding: ForwardPolicy;
  readonly giveUpMs: number;
  /** Addresses that filters have redirected this message to already, lower case. */
  readonly redirected: Set<string>;
  /** The sender may be somebody else's: what is refused does not go back. */
  readonly silent: boolean;
}

/** One line for the journal. */
export interface OutcomeNote {
  readonly event: string;
  readonly detail: string;
}

/** A form of the message: another body, or fields before it. */
export interface Form {
  readonly blobId: BlobId | null;
  readonly added: Uint8Array;
}

/** What is gathered. */
export class Outcome {
  readonly facts: OutcomeFacts;
  readonly deliveries: Delivery[] = [];
  readonly queued: QueueEntry[] = [];
  readonly notes: OutcomeNote[] = [];
  refusal: Refusal | null = null;
  letters = 0;
  /** What went wrong, for the owner. */
  readonly troubles: string[] = [];
  #mailboxes: readonly Mailbox[] | null = null;
  readonly #forms = new Map<number, Form>();

  constructor(facts: OutcomeFacts) {
    this.facts = facts;
  }

  note(event: string, detail: string): void {
    this.notes.push({ event, detail });
  }

  /** Those that the account sees. */
  *mailboxes(): Program<readonly Mailbox[]> {
    return this.#mailboxes ??= yield* ask("mailbox.list", { accountId: this.facts.owner.accountId });
  }

  /** Where mail goes of which nothing special was said: Junk, the mailbox of the detail, INBOX. */
  *keepTarget(): Program<Delivery["target"]> {
    const { junk, detail, settings, owner } = this.facts;
    if (junk) return { role: "junk" };
    if (detail === null || detail === "" || !settings.subaddressFolders) return { role: "inbox" };
    // A sender must not choose what the owner never made, nor a mailbox that is for something else.
    const named = lowerAscii(detail);
    const mailbox = (yield* this.mailboxes()).find((one) =>
      one.ownerId === owner.accountId && one.role === null && lowerAscii(one.path) === named
    );
    return mailbox ? { path: mailbox.path } : { role: "inbox" };
  }

  /** Puts a copy into a mailbox. */
  *store(target: Delivery["target"], flags: readonly string[], version: number): Program<void> {
    const { owner } = this.facts;
    const { blobId, added } = yield* this.form(version);
    this.deliveries.push({
      accountId: owner.accountId,
      recipient: owner.address,
      target,
      flags,
      prefix: added.length === 0 ? owner.prefix : joined(owner.prefix, added),
      ...(added.length > 0 && { plainPrefix: owner.prefix }),
      internalDate: owner.now,
      ...(blobId !== null && { blobId }),
    });
  }

  /** A version of the message as a body: fields that were only added before it need no new one. */
  *form(version: number): Program<Form> {
    const known = this.#forms.get(version);
    if (known) return known;
    const form = version === 0 ? { blobId: null, added: EMPTY } : yield* this.#made(version);
    this.#forms.set(version, form);
    return form;
  }

  *#made(version: number): Program<Form> {
    const { message, result } = this.facts;
    const { pieces } = result.versions[version]!;
    const { index, header } = yield* message.read();
    const [first, second] = pieces;
    const restIsBody = pieces.length === 2 && second !== undefined && "start" in second &&
      second.start === index.root.bodyStart && second.end === index.size;
    if (first && "octets" in first && restIsBody && first.octets.length >= header.length) {
      const cut = first.octets.length - header.length;
      if (equalBytes(first.octets.subarray(cut), header)) return { blobId: null, added: first.octets.subarray(0, cut) };
    }
    const parts = pieces.map((piece) => "octets" in piece ? piece : { blobId: message.blobId, ...piece });
    return { blobId: (yield* makeBody(parts)).blobId, added: EMPTY };
  }
}

/** What was asked of this server's delivery alone goes no further. */
export function plainSender(sender: EnvelopeSender): EnvelopeSender {
  const { hold: _hold, verp: _verp, ...rest } = sender;
  return rest;
}

/** A new body. What finds no space now is tried again later. @throws OpFailed */
export function* makeBody(parts: Parameters<typeof bodyArgs>[0]): Program<{ blobId: BlobId; size: number }> {
  const made = yield* ask("body.make", bodyArgs(parts));
  if ("refused" in made) throw new OpFailed("body.make", "full", "no space for a new body");
  return made;
}

function bodyArgs(
  parts: readonly ({ readonly blobId: BlobId; readonly start: number; readonly end: number } | {
    readonly octets: Uint8Array;
  })[],
) {
  return { parts };
}

/** One behind the other. */
export function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  const out = new Uint8Array(a.length + b.length);
  out.set(a);
  out.set(b, a.length);
  return out;
}
