/**
 * The whole vocabulary between pure cores and the world.
 *
 * Rules (the numbers are those of the design):
 * 1. Effects are performed in order, each awaited before the next read. That is all of inbound back-pressure.
 * 2. `call` is started, not awaited; its answer comes back as an input. Several may be out at once.
 * 3. Domain refusals are answers; infrastructure failures are `failed`, turned in one place per machine into
 *    451 / `NO [UNAVAILABLE]` / `-ERR [SYS/TEMP]`. A throw inside a core is a bug: that connection is closed.
 * 4. Received chunks are borrowed for one step.
 * 5. Body errors are sticky and surface when the body is sealed.
 * 6. Big output never enters the core: `sendBlob` names a range, the driver copies it.
 * 7. A program that sends much asks for its input in pages: the next page is read when the last one is written.
 * 8. `startTls` is the last effect of its step and only legal when no octets are left over.
 * 9. Pipelining is one loop at the end of `step`; output is flushed when the session would wait.
 */
export * from "./effect.ts";
export * from "./ids.ts";
export * from "./filter.ts";
export * from "./input.ts";
export * from "./machine.ts";
export * from "./ops.ts";
export * from "./ops/acl.ts";
export * from "./ops/archive.ts";
export * from "./ops/auth.ts";
export * from "./ops/delivery.ts";
export * from "./ops/directory.ts";
export * from "./ops/dns.ts";
export * from "./ops/email.ts";
export * from "./ops/email_columns.ts";
export * from "./ops/email_object.ts";
export * from "./ops/filter.ts";
export * from "./ops/forwarding.ts";
export * from "./ops/mailbox.ts";
export * from "./ops/mailbox_object.ts";
export * from "./ops/metadata.ts";
export * from "./ops/object.ts";
export * from "./ops/push.ts";
export * from "./ops/record.ts";
export * from "./ops/quota.ts";
export * from "./ops/relay.ts";
export * from "./ops/removed.ts";
export * from "./ops/sieve.ts";
export * from "./ops/store.ts";
export * from "./ops/token.ts";
export * from "./ops/transport.ts";
export * from "./ops/url.ts";
export * from "./program.ts";
export * from "./rules.ts";
export * from "./session.ts";
