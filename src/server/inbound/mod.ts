/**
 * Mail that another server took for us and brings by HTTP: for a server whose port 25 is closed.
 *
 * - `source_book.ts` keeps who may, and their tokens; `receive.ts` takes a message through a session of the same world
 *   that a connection to port 25 has; `desk.ts` is what the API asks.
 *
 * Rules: what is refused at port 25 is refused here, in the same words. What a source tells of the client counts only
 * where it is believed. Why: [adr/0041](../../adr/0041-mail-by-http.md).
 */
export { inboundDesk, type InboundDeskParts } from "./desk.ts";
