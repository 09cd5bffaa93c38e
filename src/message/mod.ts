/**
 * Messages: reading and writing the format of RFC 5322 and MIME.
 *
 * - `indexer.ts` makes the index of a message while it streams by; `model.ts` is its shape.
 * - `header.ts`, `address.ts`, `params.ts`, `date_parse.ts`, `encoded_word.ts`, `charset.ts`, `transfer.ts` read.
 * - `build.ts`, `date.ts`, `encoded_word_encode.ts`, `transfer_encode.ts` write; `seven_bit.ts` rewrites 8-bit text.
 * - `text.ts` makes a part's octets text and searches it; `preview.ts` gives the first words (`html_text.ts`); `thread.ts` finds the base subject, `thread_tree.ts` the
 *   threads, `collation.ts` compares.
 *
 * Rules: mail is hostile and broken, so reading never fails and takes time linear in the octets; writing is strict.
 * Nothing here holds a whole message, knows a clock, or invents anything.
 */
export * from "./address.ts";
export * from "./build.ts";
export * from "./charset.ts";
export * from "./collation.ts";
export * from "./date.ts";
export * from "./date_parse.ts";
export * from "./encoded_word.ts";
export * from "./encoded_word_encode.ts";
export * from "./fields.ts";
export * from "./header.ts";
export { plainText } from "./html_text.ts";
export * from "./indexer.ts";
export * from "./line_ends.ts";
export * from "./model.ts";
export * from "./params.ts";
export * from "./preview.ts";
export * from "./seven_bit.ts";
export * from "./text.ts";
export * from "./thread.ts";
export * from "./thread_tree.ts";
export * from "./transfer.ts";
export * from "./transfer_encode.ts";
