/**
 * The message submission agent (RFC 6409): mail from people who have logged in.
 *
 * Rules: nobody submits without a login; nobody writes as somebody else, neither in the envelope nor in From or
 * Sender. What a message lacks is put before it, what must not leave (Bcc, Return-Path) is cut out of it; then it is
 * signed, once for all copies. The client's address is not disclosed unless the policy says so: it tells strangers where
 * a person is.
 */
export * from "./policy.ts";
export * from "./submit.ts";
export * from "./verify.ts";
