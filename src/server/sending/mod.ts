/**
 * Messages that programs send by `POST /send`, and what becomes of them.
 *
 * - `describe.ts` writes the message that a request describes; `send_desk.ts` takes it through the programs of submission;
 *   `sent_record.ts` is what is kept of it, `fates.ts`
 *   what queue and journal say of each recipient.
 * - `suppressions.ts` is the list of addresses that are left alone, `hard_bounce.ts` says what brings one there.
 *
 * Rules: what is sent here passes what is sent by SMTP passes: the same limits, filters, signatures. A message is in the
 * store, or nothing is. Nobody is told of what others sent. Why: [adr/0041](../../adr/0041-mail-by-http.md).
 */
export * from "./send_desk.ts";
