/**
 * WebSocket (RFC 6455) from the server's side, octets in and octets out: the opening, and frames with every bound that a
 * stranger at the other end makes necessary. Nothing is compressed.
 *
 * @module
 */
export * from "./close.ts";
export * from "./frame_reader.ts";
export * from "./frame_writer.ts";
export * from "./opening.ts";
