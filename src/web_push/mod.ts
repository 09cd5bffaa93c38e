/**
 * Web Push from the side of an application server: what is put into a request to a push service, and what its answer
 * means. Encryption is RFC 8291 with the coding of RFC 8188, the signature RFC 8292, the request RFC 8030.
 *
 * Rules: nothing here is random or knows the time; a salt, a key of the moment and the clock are arguments.
 *
 * @module
 */
export * from "./answer.ts";
export * from "./encrypt.ts";
export * from "./point.ts";
export * from "./request.ts";
export * from "./vapid.ts";
