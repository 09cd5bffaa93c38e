/**
 * What each action of a filter does, as one table: the seam for other places that mail may be delivered to. A target
 * writes nothing. It adds deliveries and rows of the queue to the outcome, which are of the one transaction of
 * acceptance; what cannot be of it (a program, another server) is a row of the queue.
 */
import { domainToAscii, formatAddress, parseAddress } from "../../base/address.ts";
import { isAscii, lowerAscii } from "../../base/ascii.ts";
import { utf8Bytes } from "../../base/bytes.ts";
import { ask, type EnvelopeRecipient, logEvent, type Program } from "../../contract/mod.ts";
import { type SieveAction, type SieveFiling, sieveSentence } from "../../sieve/mod.ts";
import { forwardedSender } from "../forward.ts";
import { deliveredToField } from "../trace.ts";
import { handOver } from "./hand_over.ts";
import { sendLetter, storeLetter } from "./letters.ts";
import { joined, type Outcome, plainSender } from "./outcome.ts";
import { rejection } from "./rejection.ts";
import { mayPost, roleOf } from "./world.ts";

type Kind = SieveAction["kind"];
type Target<K extends Kind> = (out: Outcome, action: Extract<SieveAction, { kind: K }>) => Program<void>;

/** By the kind of action. */
export const TARGETS: { readonly [K in Kind]: Target<K> } = {
  *keep(out, action) {
    const target = yield* out.keepTarget();
    yield* out.store(target, keptFlags(out, action.flags), action.version);
    const where = "path" in target ? `into "${target.path}"` : target.role === "junk" ? "into Junk" : "into INBOX";
    out.note("delivered", `Delivered ${where}: ${sieveSentence(action)}.`);
  },

  *fileinto(out, action) {
    const target = yield* placeOf(out, action);
    if (target === null) {
      yield* out.store(yield* out.keepTarget(), keptFlags(out, action.flags), action.version);
      const why = "there is no such mailbox that the account may file into";
      return out.note("delivered", `Delivered as if it were kept, because ${why}: ${sieveSentence(action)}.`);
    }
    yield* out.store(target, action.flags, action.version);
    out.note("delivered", `Delivered: ${sieveSentence(action)}.`);
  },

  *redirect(out, action) {
    const why = yield* redirectTo(out, action);
    if (why === null) return out.note("queued", `Waits in the queue: ${sieveSentence(action)}.`);
    out.note("refused", `Not ${sieveSentence(action)}: ${why}.`);
    // Mail is not lost for a redirect that may not be.
    if (why !== TWICE && !isKept(out)) yield* out.store(yield* out.keepTarget(), keptFlags(out, []), action.version);
  },

  *pipe(out, action) {
    const kept = isKept(out) || out.facts.recipient.notify?.length === 0;
    const why = yield* handOver(out, action, kept);
    if (why === null) return out.note("queued", `Waits in the queue: ${sieveSentence(action)}.`);
    out.note("refused", `Not ${sieveSentence(action)}: ${why}.`);
    if (!action.attempt) out.troubles.push(`The message was not ${sieveSentence(action)}: ${why}.`);
    if (!isKept(out)) yield* out.store(yield* out.keepTarget(), keptFlags(out, []), action.version);
  },

  // deno-lint-ignore require-yield -- targets are programs
  *discard(out, action) {
    out.note("discarded", `Filtered: ${sieveSentence(action)}.`);
  },

  // deno-lint-ignore require-yield -- targets are programs
  *reject(out, action) {
    out.refusal = rejection(action.reason, action.extended);
    out.note("rejected", `Filtered: ${sieveSentence(action)}.`);
  },

  *vacation(out, action) {
    yield* write(out, action, "answered");
  },

  *notify(out, action) {
    yield* write(out, action, "notified");
  },
};

/** Does what an action says, and says that it was. */
export function* perform(out: Outcome, action: SieveAction): Program<void> {
  yield logEvent("debug", "filter.action", { action: action.kind, account: out.facts.owner.account });
  // The one cast: the table types each entry by its key.
  yield* (TARGETS[action.kind] as Target<Kind>)(out, action);
}

function keptFlags({ facts: { junk } }: Outcome, flags: readonly string[]): readonly string[] {
  return junk && !flags.includes("$Junk") ? [...flags, "$Junk"] : flags;
}

function isKept(out: Outcome): boolean {
  return out.facts.result.actions.some(({ kind }) => kind === "keep" || kind === "fileinto") ||
    out.deliveries.some(({ optional }) => !optional);
}

/** Null: it is not there, and is not to be made. */
function* placeOf(out: Outcome, filing: SieveFiling) {
  const { mailbox: path, create, specialUse } = filing;
  const found = yield* ask("mailbox.get", { accountId: out.facts.owner.accountId, path });
  if (found) return mayPost(found) ? { path: found.path } : null;
  if (!create) return null;
  // RFC 5490 section 3.2, RFC 8579 section 4. What is no name is INBOX when it comes to it.
  const role = specialUse === null ? null : roleOf(specialUse);
  return { path, create: { role: role === "inbox" ? null : role } };
}

const TWICE = "this message goes there already";

/** Why it does not go there, or null. The rules of forwarding by an alias hold (`forward.ts`). */
function* redirectTo(out: Outcome, action: Extract<SieveAction, { kind: "redirect" }>): Program<string | null> {
  const { owner, mayForward, deliveredTo, redirected, forwarding, fields, giveUpMs } = out.facts;
  const parsed = parseAddress(action.address);
  const domain = parsed === null ? null : domainToAscii(parsed.domain);
  if (parsed === null || domain === null) return "this is no address that mail can be sent to";
  if (!mayForward.allowed) return mayForward.why;
  if (deliveredTo.has(lowerAscii(owner.account))) return "the account has redirected the message before: a mail loop";
  const address = formatAddress(parsed);
  if (redirected.has(lowerAscii(address))) return TWICE;
  redirected.add(lowerAscii(address));
  const sender = plainSender(out.facts.sender);
  // Whoever is here himself knows us: he sees who wrote.
  const here = (yield* ask("address.resolve", { address: formatAddress({ local: parsed.local, domain }) })).kind !==
    "remote";
  const own = here ? sender : yield* forwardedSender(sender, owner.account, forwarding, owner.now);
  const { blobId, added } = yield* out.form(action.version);
  const trace = utf8Bytes(deliveredToField(owner.account) + fields);
  out.queued.push({
    recipient: forwarded(out.facts.recipient, address),
    sender: own,
    domain,
    accountId: owner.accountId,
    prefix: added.length === 0 ? trace : joined(trace, added),
    dueAt: owner.now,
    expiresAt: owner.now + giveUpMs,
    ...(blobId !== null && { blobId }),
  });
  return null;
}

/** RFC 3461 section 5.2.7: the original recipient stays known; success is reported by the delivery here, if at all. */
function forwarded(recipient: EnvelopeRecipient, forwardPath: string): EnvelopeRecipient {
  const { notify, orcpt } = recipient;
  return {
    forwardPath,
    notify: notify === null ? null : notify.filter((word) => word !== "success"),
    orcpt: orcpt ?? `${isAscii(recipient.forwardPath) ? "rfc822" : "utf-8"};${recipient.forwardPath}`,
  };
}

/** A letter, and a copy of it where that is asked for (RFC 8580). */
function* write(
  out: Outcome,
  action: Extract<SieveAction, { kind: "vacation" | "notify" }>,
  event: string,
): Program<void> {
  const stored = yield* storeLetter(out, action.letter);
  if (!(yield* sendLetter(out, action.letter, stored))) {
    return out.note("refused", `Not ${sieveSentence(action)}: no address that mail can be sent to.`);
  }
  out.note(event, `Filtered: ${sieveSentence(action)}.`);
  const place = action.fcc && (yield* placeOf(out, action.fcc));
  if (!action.fcc || !place) return;
  const { accountId, address: recipient, now: internalDate } = out.facts.owner;
  out.deliveries.push({
    accountId,
    recipient,
    target: place,
    flags: action.fcc.flags,
    prefix: new Uint8Array(0),
    internalDate,
    blobId: stored.blobId,
    optional: true,
  });
}
