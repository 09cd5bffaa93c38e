/**
 * Mail in files: Maildir with what Dovecot keeps beside it, mbox in its variants, `.eml`; and many messages in one stream.
 *
 * Rules:
 * - What is here is about octets and names alone; `archive/io/` walks folders.
 * - A message that came from a file goes back as it was, octet by octet: `line_ends.ts` says how.
 * - Nothing grows with a message or a file: machines over chunks, and a window of a file at a time.
 * - Names that come from elsewhere are checked before they become names of files here.
 */
export * from "./dovecot_files.ts";
export * from "./folder_names.ts";
export * from "./frames.ts";
export * from "./line_ends.ts";
export * from "./maildir_name.ts";
export * from "./mbox_fields.ts";
export * from "./mbox_from.ts";
export * from "./mbox_quote.ts";
export * from "./mbox_scan.ts";
export * from "./repeats.ts";
