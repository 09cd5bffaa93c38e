/**
 * Forwarding to the outside (RFC 5321 section 3.9): an alias leads to another server, and the message goes on as it
 * came, so that its signatures hold. Its envelope sender becomes one of the alias's domain (SRS), because the other server
 * asks of the sender's domain whether we may send for it (RFC 7208), and it does not know us. A report about the message
 * comes to that sender, and is passed on to the true one.
 *
 * Rules: what was not rewritten here and lately is never taken back, so nobody relays through us; and only reports come
 * back that way, that is mail from the null sender. Anything else that is written to such an address is refused: it is no
 * address that anybody was given.
 */
import { type Address, domainToAscii, formatAddress, parseAddress } from "../base/address.ts";
import { ask, type EnvelopeSender, type Program } from "../contract/mod.ts";
import { reverseSender, rewriteSender } from "../mailauth/mod.ts";

/** How a site forwards. */
export interface ForwardPolicy {
  /** Whether senders of others are rewritten. */
  readonly srs: boolean;
}

/** Whether a message may go on to another server; whoever judged it says why not, as the end of a sentence. */
export type MayForward = { readonly allowed: true } | { readonly allowed: false; readonly why: string };

/** The envelope sender under which `alias`, an address of ours, passes a message on: rewritten, or as it is. */
export function* forwardedSender(
  sender: EnvelopeSender,
  alias: string,
  policy: ForwardPolicy,
  now: number,
): Program<EnvelopeSender> {
  if (!policy.srs || sender.reversePath === "") return sender;
  const address = parseAddress(sender.reversePath);
  const forwarder = parseAddress(alias)?.domain;
  if (address === null || forwarder === undefined || (yield* isOurs(address))) return sender;
  const keys = yield* ask("forwarding.keys", { now });
  const { local, remember } = rewriteSender(address, keys, now);
  if (remember !== null) {
    const { key, until } = remember;
    yield* ask("forwarding.remember", { key, address: formatAddress(remember.address), now, until });
  }
  return { ...sender, reversePath: formatAddress({ local, domain: forwarder }) };
}

/** Our own senders are proven as they are. */
function* isOurs({ local, domain }: Address): Program<boolean> {
  const ascii = domainToAscii(domain);
  if (ascii === null) return false;
  return (yield* ask("address.resolve", { address: formatAddress({ local, domain: ascii }) })).kind !== "remote";
}

/** What a rewritten sender stands for, or why mail for it is refused; null: it is no rewritten sender. */
export type TakenBack = { readonly address: string } | { readonly refused: "notOurs" | "expired" | "notReport" } | null;

/** Whether a local part looks like a rewritten sender: nothing else is asked about it. */
export function looksRewritten(local: string): boolean {
  return /^SRS[01][=+-]/i.test(local);
}

/** Reads a local part at a domain of ours. `reversePath` is who writes to it, undefined where that is not known. */
export function* takeBack(local: string, reversePath: string | undefined): Program<TakenBack> {
  if (!looksRewritten(local)) return null;
  const now = yield* ask("clock.now", {});
  const keys = yield* ask("forwarding.keys", { now });
  const reversed = reverseSender(local, keys, now);
  if (reversed.kind === "none") return null;
  if (reversed.kind === "refused") return { refused: reversed.why === "expired" ? "expired" : "notOurs" };
  if (reversePath !== "") return { refused: "notReport" };
  if (reversed.kind === "address") return { address: formatAddress(reversed.address) };
  const address = yield* ask("forwarding.recall", { key: reversed.key, now });
  return address === null ? { refused: "expired" } : { address };
}

/** Whom a report about a forwarded message is for: the sender that was rewritten here; any other address as it is. */
export function* trueSender(reversePath: string): Program<string> {
  const address = parseAddress(reversePath);
  if (address === null || !looksRewritten(address.local) || !(yield* isOurs(address))) return reversePath;
  const back = yield* takeBack(address.local, "");
  return back !== null && "address" in back ? back.address : reversePath;
}
