/**
 * Filters in TypeScript: a function of a message, its envelope and its owner, which answers with what should happen.
 * These are its types. All of it is plain data, so a filter is tested like any other function.
 */

/** An address as people write it. */
export interface FilterAddress {
  /** Empty where there is none. */
  readonly name: string;
  /** `user@domain`; empty where it is none that mail can go to. */
  readonly address: string;
}

/** A part of a message that people see as a file. */
export interface FilterAttachment {
  /** Empty where the part has no name. */
  readonly name: string;
  /** As `application/pdf`, lower case. */
  readonly type: string;
  /** Octets as they came, so of Base64 a third more than the file has. */
  readonly size: number;
}

/** A message as a filter sees it. What is too long is cut: see `FILTER_LIMITS`. */
export interface FilterMail {
  /** Values by the name of the field in lower case, top first, decoded and on one line each. */
  readonly headers: Readonly<Record<string, readonly string[]>>;
  readonly subject: string;
  readonly from: readonly FilterAddress[];
  readonly to: readonly FilterAddress[];
  readonly cc: readonly FilterAddress[];
  readonly replyTo: readonly FilterAddress[];
  /** With its angle brackets, or empty. */
  readonly messageId: string;
  /** What `Date` says, milliseconds since 1970, or null. */
  readonly date: number | null;
  /** What people read: the plain text, or the words of the HTML. */
  readonly text: string;
  readonly attachments: readonly FilterAttachment[];
  /** Octets. */
  readonly size: number;
  /** How likely it is spam, 0 to 100; null: nobody looked. */
  readonly spam: number | null;
  /** 1 clean to 5 infected (RFC 5235); null: nobody looked. */
  readonly virus: 1 | 2 | 3 | 4 | 5 | null;
}

/** Who sends to whom, as SMTP had it. `from` is empty for bounces. */
export interface FilterEnvelope {
  readonly from: string;
  readonly to: string;
}

/** What a filter may know besides the message. */
export interface FilterContext {
  /** Milliseconds since 1970. */
  readonly now: number;
  /** Whose mail it is. */
  readonly account: string;
  /** The account's addresses, as far as the message is to or from them. */
  readonly addresses: readonly string[];
  /** Names of the mailboxes that there are, with `/` between the levels. */
  readonly mailboxes: readonly string[];
  /** The name of the server. */
  readonly host: string;
}

/**
 * One thing to be done. They are those of Sieve and mean what they mean there: a message that no action keeps, files,
 * redirects, discards or rejects is kept in the inbox.
 */
export type Action =
  /** Into the inbox. */
  | { readonly kind: "keep"; readonly flags?: readonly string[] }
  | {
    readonly kind: "fileinto";
    readonly mailbox: string;
    readonly flags?: readonly string[];
    /** Make the mailbox where it is missing. */
    readonly create?: boolean;
    /** Do not count it as a place: the message is kept besides, unless another action says otherwise. */
    readonly copy?: boolean;
  }
  | { readonly kind: "redirect"; readonly address: string; readonly copy?: boolean }
  /** To a program or place that the server's owner named (`delivery` in the configuration). */
  | {
    readonly kind: "pipe";
    readonly target: string;
    /** What the program is told, where its owner lets it be told anything. */
    readonly arguments?: readonly string[];
    readonly copy?: boolean;
  }
  /** Not kept, unless another action keeps it. */
  | { readonly kind: "discard" }
  | { readonly kind: "reject"; readonly reason: string }
  /** An answer, to each sender once in so many days (RFC 5230). */
  | {
    readonly kind: "vacation";
    readonly text: string;
    readonly subject?: string;
    readonly days?: number;
    /** More addresses that are the owner's. */
    readonly addresses?: readonly string[];
    /** Answers with the same handle are one. */
    readonly handle?: string;
  }
  /** A short letter to somebody else about this one (RFC 5435). */
  | { readonly kind: "notify"; readonly to: string; readonly message?: string }
  /** A field on top of the message (RFC 5293), for the actions that follow. */
  | { readonly kind: "addheader"; readonly name: string; readonly value: string }
  /** A line for the journal, for whoever asks why. */
  | { readonly kind: "note"; readonly text: string };

/**
 * A filter. It answers at once, not by a promise; it can import nothing but types, and each run starts afresh.
 *
 * @example
 * ```ts
 * import type { Filter } from "./filter.ts";
 * export default ((message, _envelope, context) => {
 *   const list = message.headers["list-id"]?.[0] ?? "";
 *   if (list.includes("<deno.")) return [{ kind: "fileinto", mailbox: "Lists/Deno", create: true }];
 *   if (message.from.some(({ address }) => address === context.account)) return [{ kind: "keep", flags: ["\\Seen"] }];
 *   return [];
 * }) satisfies Filter;
 * ```
 */
export type Filter = (message: FilterMail, envelope: FilterEnvelope, context: FilterContext) => readonly Action[];

/** Bounds of what a filter is told, and of what it may answer. */
export const FILTER_LIMITS = {
  /** Characters of the text of the message. */
  text: 100_000,
  fields: 1_000,
  /** Characters of a field's value. */
  value: 10_000,
  /** Characters of all values. */
  values: 500_000,
  addresses: 500,
  attachments: 200,
  mailboxes: 1_000,
  /** Characters of a name: of a file, a person, a mailbox. */
  name: 500,
  /** Characters of a filter. */
  source: 65_536,
  /** Characters of its answer as JSON. */
  answer: 262_144,
  /** Characters of a string in it. */
  string: 65_536,
  notes: 20,
  /** Characters of a note. */
  note: 300,
} as const;

/** Whether a script of this name is a filter in TypeScript, and not in Sieve. */
export function isFilterName(name: string): boolean {
  return /\.[jt]s$/i.test(name);
}
