/**
 * The MIME index: what is known of a stored message without parsing it again. It is computed once, while the octets
 * stream in, and stored with the blob. All offsets are octets from the start of the blob (the received bytes,
 * without the prefix that a delivery puts before them).
 */
export interface MessageIndex {
  /** Octets of the whole message. */
  readonly size: number;
  readonly envelope: Envelope;
  readonly root: Part;
  /** Message-ID values of `References` and then `In-Reply-To`, without angle brackets, at most 100 (for threads). */
  readonly references: readonly string[];
  /** Which limits cut the index short, so that the rest is opaque. Empty for nearly all mail. */
  readonly truncated: readonly ("headers" | "headerSize" | "parts" | "nesting")[];
}

/** RFC 9051 section 7.5.2, ENVELOPE: header values unfolded, encoded-words still encoded. */
export interface Envelope {
  readonly date: string | null;
  /** The `Date` field as milliseconds since 1970, or null where no sense can be made of it. */
  readonly sentAt: number | null;
  readonly subject: string | null;
  readonly from: readonly EnvelopeAddress[];
  readonly sender: readonly EnvelopeAddress[];
  readonly replyTo: readonly EnvelopeAddress[];
  readonly to: readonly EnvelopeAddress[];
  readonly cc: readonly EnvelopeAddress[];
  readonly bcc: readonly EnvelopeAddress[];
  readonly inReplyTo: string | null;
  /** The Message-ID field's value with its angle brackets, as it came. */
  readonly messageId: string | null;
}

/**
 * One entry of an address list, in the shape of IMAP: a mailbox; the start of a group (`host` null, `mailbox` its
 * name); or the end of a group (both null).
 */
export interface EnvelopeAddress {
  readonly name: string | null;
  readonly mailbox: string | null;
  readonly host: string | null;
}

/** A node of the MIME tree (RFC 2045, RFC 2046). Type, subtype, encoding and parameter names are in lower case. */
export interface Part {
  /** Where the header of this part starts; for the root 0. */
  readonly headerStart: number;
  /** Where the body starts, behind the blank line. The header with its blank line is `[headerStart, bodyStart)`. */
  readonly bodyStart: number;
  /** Where the body ends: before the CRLF that belongs to the boundary line. */
  readonly bodyEnd: number;
  /** Lines of the body (RFC 9051 BODYSTRUCTURE `body-fld-lines`). */
  readonly lines: number;
  readonly type: string;
  readonly subtype: string;
  /** Parameters of Content-Type, RFC 2231 decoded, in order. */
  readonly params: readonly Parameter[];
  readonly id: string | null;
  readonly description: string | null;
  /** Content-Transfer-Encoding; `7bit` where there is none. */
  readonly encoding: string;
  readonly md5: string | null;
  readonly disposition: { readonly type: string; readonly params: readonly Parameter[] } | null;
  readonly language: readonly string[];
  readonly location: string | null;
  /** The parts of a multipart, in order; empty for everything else. */
  readonly parts: readonly Part[];
  /** The message inside a message/rfc822 or message/global part, else null. */
  readonly message: { readonly envelope: Envelope; readonly root: Part } | null;
}

/** One parameter of a field, decoded. */
export type Parameter = readonly [name: string, value: string];
