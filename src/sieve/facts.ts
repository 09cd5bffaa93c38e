/** What a run is told: facts of the message that are there at once, and a world that can be asked for the rest. */
import type { Program } from "../contract/program.ts";
import { EMPTY } from "../base/bytes.ts";
import type { MessageIndex } from "../message/model.ts";
import type { SieveScript } from "./script.ts";

/** Facts of one message for one owner. */
export interface SieveFacts {
  /** As SMTP had it: `from` is empty for the null sender, `to` the recipient that led to this owner. */
  readonly envelope: {
    readonly from: string;
    readonly to: string;
    /** What the sender wants to be told (RFC 3461), xtext undone; absent parts were not said. */
    readonly dsn?: {
      /** `NEVER`, or of `SUCCESS`, `FAILURE` and `DELAY`. */
      readonly notify: readonly string[];
      readonly orcpt: string | null;
      readonly ret: "FULL" | "HDRS" | null;
      readonly envid: string | null;
    };
    /** RFC 2852, `at` in milliseconds since 1970; null or absent: nobody said until when. */
    readonly deliverBy?: { readonly at: number; readonly mode: "notify" | "return"; readonly trace: boolean } | null;
  };
  /** Octets of the message's header: `[0, index.root.bodyStart)` of the blob. */
  readonly header: Uint8Array;
  /** Fields that the delivery puts before the blob. Tests see them; they cannot be edited. */
  readonly prefix?: Uint8Array;
  readonly index: MessageIndex;
  /** Milliseconds since 1970. */
  readonly now: number;
  /** Minutes east of Greenwich: the zone of `date` and `currentdate` where the script names none. */
  readonly zoneMinutes?: number;
  /** Items of `environment` (RFC 5183 section 4.1, RFC 6785 section 4) by their names in lower case. */
  readonly environment?: Readonly<Record<string, string>>;
  /** For whom the script runs. */
  readonly owner: {
    /** The address that replies and notices come from. */
    readonly address: string;
    /** All addresses that are the owner's, this one among them. */
    readonly addresses: readonly string[];
  };
  /** What parts user and detail in a local part (RFC 5233); `+` by default. Each character of it is one. */
  readonly separators?: string;
  /** RFC 5235: how likely it is spam, 0 to 100; null or absent: nobody looked. */
  readonly spamPercent?: number | null;
  /** RFC 5235 section 3.3: 1 clean to 5 infected; null or absent: nobody looked. */
  readonly virus?: 1 | 2 | 3 | 4 | 5 | null;
  /** Flags that the message has (RFC 6785 section 2.2.3), or that it gets unless the script says otherwise. */
  readonly flags?: readonly string[];
  /** Why nobody may be answered, as the end of a sentence: the sender may be forged. Null or absent: somebody may. */
  readonly silent?: string | null;
  /** RFC 6785: the script runs because of an event in a mailbox, so nothing is being delivered. */
  readonly event?: "delivery" | "imap";
  /** Letters and digits that nobody can guess, for MIME boundaries. */
  readonly seed: string;
}

/** What a run may ask. Each answer is a program, so whoever wires it decides what it asks in turn. */
export interface SieveWorld {
  /** Octets `[start, end)` of the blob. */
  read(start: number, end: number): Program<Uint8Array>;
  /** RFC 5490 section 3.1: it is there and the owner may file into it. */
  mailboxExists(mailbox: string): Program<boolean>;
  /** RFC 9042: the name of the mailbox with this id, or null. */
  mailboxById(id: string): Program<string | null>;
  /** RFC 8579: the name of the owner's mailbox with this special use (`\Junk`), or null. With `among` only that one. */
  mailboxByUse(use: string, among: string | null): Program<string | null>;
  /** RFC 5490 section 3.3: the value of an annotation, or null. */
  mailboxMetadata(mailbox: string, entry: string): Program<string | null>;
  serverMetadata(entry: string): Program<string | null>;
  /** RFC 6609 section 3.2: a script of the owner or of the server, parsed; null: there is none that can run. */
  script(location: "personal" | "global", name: string): Program<SieveScript | null>;
  /** Whether this key was remembered and its time is not over: earlier replies, earlier messages. */
  seen(key: string): Program<boolean>;
  /** RFC 6134: lists of the outside. */
  listKnown(list: string): Program<boolean>;
  listHolds(list: string, value: string): Program<boolean>;
  /** Addresses of a list, at most `limit` and one more; null: there is no such list. */
  listMembers(list: string, limit: number): Program<readonly string[] | null>;
}

/** A world that knows what `answers` has, and nothing else: no mailboxes, no lists, nothing seen before. */
export function sieveWorld(answers: Partial<SieveWorld> = {}): SieveWorld {
  return { ...NOTHING, ...answers };
}

// deno-lint-ignore require-yield -- an answer that is there at once
function* answer<T>(value: T): Program<T> {
  return value;
}

const NOTHING: SieveWorld = {
  read: () => answer(EMPTY),
  mailboxExists: () => answer(false),
  mailboxById: () => answer(null),
  mailboxByUse: () => answer(null),
  mailboxMetadata: () => answer(null),
  serverMetadata: () => answer(null),
  script: () => answer(null),
  seen: () => answer(false),
  listKnown: () => answer(false),
  listHolds: () => answer(false),
  listMembers: () => answer(null),
};
