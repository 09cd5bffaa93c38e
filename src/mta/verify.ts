/** MAIL and RCPT from outside (profiles mx and lmtp): the earliest moment at which a sender can be told no. */
import type { AnswerOf, Args, Program } from "../contract/mod.ts";
import { NOT_OURS, quotaRefusal, routeRecipient, routingRefusal, TOO_LARGE } from "../mda/mod.ts";
import type { ReceivePolicy } from "./policy.ts";
import { takingReports } from "./report_mail.ts";

/** `sender.verify`: everybody may begin, the null sender too (RFC 5321 section 4.5.5), but not with too large a message. */
// deno-lint-ignore require-yield -- blocklists and SPF ask here
export function* verifySender(
  args: Args<"sender.verify">,
  policy: ReceivePolicy,
): Program<AnswerOf<"sender.verify">> {
  // RFC 1870 section 6.1: refused before the body is sent.
  return (args.sender.size ?? 0) > policy.messageSize ? { refused: TOO_LARGE } : { ok: true };
}

/**
 * `rcpt.verify`: only what is ours. A local part with `%`, `!` or a quoted `@` is a name like any other here, so it
 * can never lead to another domain.
 */
export function* verifyRecipient(
  args: Args<"rcpt.verify">,
  policy: ReceivePolicy,
): Program<AnswerOf<"rcpt.verify">> {
  const { reversePath } = args.sender;
  const { hostname } = policy;
  const options = { hostname, localAddress: args.peer.session.localAddress, reversePath, ...takingReports(policy) };
  const routing = yield* routeRecipient(args.recipient.forwardPath, options);
  const usable = routing.routes.filter((route) => route.kind !== "remote" || route.alias !== null);
  const only = usable[0];
  if (!only) return { refused: routing.routes.length > 0 ? NOT_OURS : routingRefusal(routing) };
  // With several targets the others must not suffer: the full one waits in the queue.
  const full = usable.length === 1 && only.kind === "account" ? quotaRefusal(only, args.sender.size ?? 0) : null;
  return full ? { refused: full } : { ok: true };
}
