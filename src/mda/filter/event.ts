/**
 * Scripts of mailboxes (RFC 6785): what happens to a message that a client appended, copied or moved into a mailbox, or
 * whose flags it changed there, where the mailbox's annotation names a script of its owner.
 *
 * Rules: the client's command has succeeded, and stays so whatever the script does. A message that is there does not
 * change; it can be marked, filed elsewhere, taken away, passed on, or told of. What a script does runs no script.
 */
import { lowerAscii } from "../../base/ascii.ts";
import {
  type AccountId,
  ask,
  type EmailRow,
  type Mailbox,
  type MailboxId,
  type Program,
  type TraceId,
  type Uid,
} from "../../contract/mod.ts";
import { sievePlace, type SieveResult } from "../../sieve/mod.ts";
import { tellTroubles } from "./after.ts";
import { filterFacts, type FilterOwner, secretWord } from "./facts.ts";
import { FilterMessage } from "./message.ts";
import { Outcome } from "./outcome.ts";
import type { FilterPolicy, PolicyScript } from "./policy.ts";
import { runSafely } from "./run.ts";
import { accountScript, mayAnswer, stepsOf } from "./scripts.ts";
import { applyStored, replayOwner, type StoredOwner } from "./stored.ts";
import { perform } from "./targets.ts";
import { accountWorld } from "./world.ts";

/** Messages of one command whose scripts run; behind them none does. */
const MOST = 1_000;
const PAGE = 50;

/** What a client did. */
export interface MailboxEvent {
  /** Who did it. */
  readonly accountId: AccountId;
  /** The name that he logged in with. */
  readonly user: string;
  /** RFC 6785 section 4.3; moving a message is copying it. */
  readonly cause: "APPEND" | "COPY" | "FLAG";
  /** The mailbox by its name as he knows it, or by its id. */
  readonly mailbox: { readonly path: string } | { readonly mailboxId: MailboxId };
  readonly uids: readonly Uid[];
  /** RFC 6785 section 4.4: with `FLAG`, those that he named. */
  readonly changedFlags: readonly string[];
  readonly now: number;
}

/** How rows of the queue are made. */
export interface EventOptions {
  readonly policy: FilterPolicy;
  readonly giveUpMs: number;
  readonly srs: boolean;
}

/** Runs the mailbox's script, where it has one. How many messages it ran over, and how many were left out. */
export function* mailboxEvent(
  event: MailboxEvent,
  options: EventOptions,
): Program<{ readonly ran: number; readonly leftOut: number }> {
  const nothing = { ran: 0, leftOut: 0 };
  if (event.uids.length === 0) return nothing;
  const named = yield* ask("delivery.mailboxScript", { accountId: event.accountId, mailbox: event.mailbox });
  if (named === null) return nothing;
  // Whatever the script may do, it does as the owner.
  const { ownerId: accountId, script: name } = named;
  const { address, settings } = yield* ask("delivery.read", { accountId });
  const owner: StoredOwner = { accountId, account: address, settings };
  const found = yield* ask("sieve.get", { address, name });
  if ("refused" in found) return nothing;
  const read = accountScript(name, found.content, options.policy);
  if ("wrong" in read) return nothing;
  const uids = event.uids.slice(0, MOST);
  for (let at = 0; at < uids.length; at += PAGE) {
    const ranges = uids.slice(at, at + PAGE).map((uid) => ({ first: uid, last: uid }));
    const { mailboxId } = named;
    const { rows } = yield* ask("email.read", { accountId, mailboxId, ranges, fields: [], limit: PAGE });
    for (const row of rows) yield* runOver(row, read.script, named, owner, event, options);
  }
  return { ran: uids.length, leftOut: event.uids.length - uids.length };
}

/** A mailbox as its owner has it. */
type Place = Pick<Mailbox, "mailboxId" | "path">;

function* runOver(
  row: EmailRow,
  script: PolicyScript,
  mailbox: Place,
  stored: StoredOwner,
  event: MailboxEvent,
  { policy, giveUpMs, srs }: EventOptions,
): Program<void> {
  const message = new FilterMessage(row.blobId);
  const owner: FilterOwner = { ...replayOwner(stored, row), flags: row.flags, now: event.now };
  const traceId = `imap.${mailbox.mailboxId}.${row.uid}.${event.now}` as TraceId;
  const base = yield* filterFacts(
    owner,
    message,
    { policy, traceId, silent: null, remoteAddress: null },
    mayAnswer([script]),
  );
  const facts = {
    ...base,
    event: "imap" as const,
    environment: {
      ...base.environment,
      // RFC 6785 section 4: the items of an event.
      location: "MS",
      phase: "post",
      "imap.cause": event.cause,
      "imap.changedflags": event.changedFlags.join(" "),
      "imap.email": stored.account,
      "imap.mailbox": mailbox.path,
      "imap.user": event.user,
    },
  };
  const world = accountWorld({ ...stored, now: event.now, remembered: new Set() }, row.blobId, policy);
  const steps = stepsOf([script], owner, facts, world, policy);
  const result = yield* runSafely(steps, facts, world, policy.limits);
  const outcome = new Outcome({
    owner,
    settings: stored.settings,
    policy,
    message,
    word: secretWord(traceId, stored.accountId),
    result,
    detail: null,
    junk: false,
    sender: {
      reversePath: owner.reversePath,
      size: row.blobSize,
      body: "8bitmime",
      smtputf8: false,
      requireTls: false,
      ret: null,
      envid: null,
    },
    recipient: { forwardPath: owner.address, notify: [], orcpt: null },
    fields: "",
    deliveredTo: new Set([lowerAscii(owner.reversePath)]),
    mayForward: { allowed: true },
    forwarding: { srs },
    giveUpMs,
    redirected: new Set(),
    silent: false,
  });
  yield* send(outcome, result, traceId, row);
  if (result.failures.length === 0) yield* settle(result, row, mailbox, stored, event.now);
}

/** What leaves the mailbox, in one transaction: redirects, notices, copies of a changed message, and what went wrong. */
function* send(outcome: Outcome, result: SieveResult, traceId: TraceId, row: EmailRow): Program<void> {
  for (const action of result.actions) {
    const isChanged = action.kind === "fileinto" && action.version > 0;
    if (isChanged || ["redirect", "notify", "pipe"].includes(action.kind)) yield* perform(outcome, action);
  }
  const { now, accountId } = outcome.facts.owner;
  const troubles = result.failures.map((failure) =>
    `A script of a mailbox failed (${sievePlace(failure)}): ${failure.message}.`
  );
  troubles.push(...outcome.troubles);
  const remember = result.remember.map(({ key, seconds }) => ({ accountId, key, until: now + seconds * 1000 }));
  remember.push(...yield* tellTroubles(outcome, troubles, new Set()));
  const { deliveries, queued, notes } = outcome;
  if (deliveries.length + queued.length + remember.length + notes.length === 0) return;
  yield* ask("mail.accept", {
    traceId,
    sender: outcome.facts.sender,
    blobId: row.blobId,
    deliveries: deliveries.map((one) => ({ ...one, optional: true as const })),
    queued: queued.map(({ after: _, ...entry }) => entry),
    journal: notes.map(({ event, detail }) => ({ at: now, event, recipient: outcome.facts.owner.account, detail })),
    remember,
    now,
    overQuota: "skip",
  });
}

/** What happens to the message where it is. */
function* settle(result: SieveResult, row: EmailRow, mailbox: Place, owner: StoredOwner, now: number): Program<void> {
  const keep = result.actions.find((action) => action.kind === "keep");
  const at = { accountId: owner.accountId, mailboxId: mailbox.mailboxId, ranges: [{ first: row.uid, last: row.uid }] };
  if (keep?.kind === "keep" && !sameFlags(keep.flags, row.flags)) {
    yield* ask("email.flags", { ...at, mode: "replace", flags: keep.flags });
  }
  const plain = result.actions.filter((action) => action.kind === "fileinto" && action.version === 0);
  yield* applyStored(
    { ...result, actions: [...plain, ...keep ? [{ ...keep, flags: [] }] : []] },
    owner,
    mailbox,
    row.uid,
    now,
  );
  // RFC 6785 section 3.7: what nothing keeps is taken away; filing it elsewhere has moved it.
  if (!keep && plain.length === 0) yield* ask("email.expunge", { ...at, always: true });
}

function sameFlags(a: readonly string[], b: readonly string[]): boolean {
  const sorted = (flags: readonly string[]) => [...flags].map(lowerAscii).sort().join(" ");
  return sorted(a) === sorted(b);
}
