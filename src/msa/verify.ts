/** MAIL and RCPT of submission (RFC 6409 section 6.1 and 3.3). */
import { type AccountId, type AnswerOf, type Args, ask, type Program, type Refusal } from "../contract/mod.ts";
import { quotaRefusal, routeRecipient, routingRefusal, TOO_LARGE } from "../mda/mod.ts";
import { holdRefusal } from "./future_release.ts";
import type { SubmitPolicy } from "./policy.ts";

export const LOGIN_FIRST: Refusal = { code: 530, enhanced: "5.7.0", text: "Authentication required" };
export const NOT_YOURS: Refusal = { code: 553, enhanced: "5.7.1", text: "You may not send as this address" };

/** `sender.verify`: logged in, an address of the login's own (or none: a notification, RFC 8098), not too large. */
export function* verifySubmitter(
  args: Args<"sender.verify">,
  policy: SubmitPolicy,
): Program<AnswerOf<"sender.verify">> {
  const { peer: { login }, sender } = args;
  if (login === null) return { refused: LOGIN_FIRST };
  if ((sender.size ?? 0) > policy.messageSize) return { refused: TOO_LARGE };
  if (!(yield* mayUse(login.accountId, sender.reversePath))) return { refused: NOT_YOURS };
  const refused = yield* holdRefusal(sender, policy);
  return refused ? { refused } : { ok: true };
}

/** Whether an account may send as `address`; the null sender is everybody's. */
export function* mayUse(accountId: AccountId, address: string): Program<boolean> {
  return address === "" || (yield* ask("address.owned", { accountId, address }));
}

/** `rcpt.verify`: anywhere outside, and whoever there is here. */
export function* verifySubmittedRecipient(
  args: Args<"rcpt.verify">,
  policy: SubmitPolicy,
): Program<AnswerOf<"rcpt.verify">> {
  if (args.peer.login === null && !args.peer.trusted) return { refused: LOGIN_FIRST };
  const { reversePath } = args.sender;
  const options = { hostname: policy.hostname, localAddress: args.peer.session.localAddress, reversePath };
  const routing = yield* routeRecipient(args.recipient.forwardPath, options);
  const only = routing.routes[0];
  if (!only) return { refused: routingRefusal(routing) };
  const single = routing.routes.length === 1 && only.kind === "account";
  const full = single ? quotaRefusal(only, args.sender.size ?? 0) : null;
  return full ? { refused: full } : { ok: true };
}
