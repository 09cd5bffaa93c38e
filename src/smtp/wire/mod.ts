/**
 * The words of SMTP that a server, a client and a relay share: paths, parameters, xtext, replies, the dot.
 *
 * Rules:
 * - Command and reply lines are latin1 strings (one character an octet); UTF-8 is decoded strictly, and only in paths.
 * - Bodies stay octets, and are looked at in place.
 * - A percent sign, an exclamation mark or a quoted `@` in a local part is a character like any other. It never names
 *   a further hop, and a source route is dropped: nothing here can make a relay.
 */
export * from "./dot.ts";
export * from "./future_release.ts";
export * from "./limits.ts";
export * from "./params.ts";
export * from "./path.ts";
export * from "./reply.ts";
export * from "./xtext.ts";
