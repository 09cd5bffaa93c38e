/** From a message and an account to what is to be written: the account's filter is asked here, and nowhere else. */
import { utf8Bytes } from "../base/bytes.ts";
import type {
  Delivery,
  EnvelopeRecipient,
  EnvelopeSender,
  Program,
  QueueEntry,
  Refusal,
  Remembered,
} from "../contract/mod.ts";
import { type FilterOwner, secretWord } from "./filter/facts.ts";
import { kept, tellTroubles } from "./filter/after.ts";
import type { FilterMessage } from "./filter/message.ts";
import { Outcome, type OutcomeFacts, type OutcomeNote } from "./filter/outcome.ts";
import type { FilterRequest } from "./filter/policy.ts";
import { type Filtered, filterMail } from "./filter/run.ts";
import { perform } from "./filter/targets.ts";
import { rememberedKey } from "./filter/world.ts";
import type { ForwardPolicy, MayForward } from "./forward.ts";
import type { Route } from "./route.ts";
import { deliveredToField, returnPathField } from "./trace.ts";

/** What one delivery needs to know of its message. */
export interface DeliverFacts {
  readonly sender: EnvelopeSender;
  /** The envelope's recipient that led to the account. */
  readonly recipient: EnvelopeRecipient;
  /** Fields that every copy bears: Received and what submission adds, whole lines. */
  readonly fields: string;
  readonly now: number;
  /** It goes to Junk instead of INBOX, with the keyword that clients know it by. */
  readonly junk: boolean;
  readonly mayForward: MayForward;
  readonly forwarding: ForwardPolicy;
  readonly deliveredTo: ReadonlySet<string>;
  readonly giveUpMs: number;
}

/** The filters of one message, for all its recipients. */
export interface Filtering {
  readonly request: FilterRequest;
  readonly message: FilterMessage;
  /** Keys that deliveries of this message remember, by `rememberedKey`. */
  readonly remembered: Set<string>;
  readonly redirected: Set<string>;
}

/** What is to be written for one account. */
export interface Delivered {
  readonly deliveries: readonly Delivery[];
  readonly queued: readonly QueueEntry[];
  readonly remember: readonly Remembered[];
  readonly notes: readonly OutcomeNote[];
  /** The owner's filter does not take it: then nothing is written. */
  readonly refusal: Refusal | null;
}

type AccountRoute = Extract<Route, { kind: "account" }>;

/**
 * Where a message goes for one account. Without a filter: INBOX, whatever the subaddress detail says, because a
 * sender must not choose a mailbox by name.
 */
export function* deliverTo(
  route: AccountRoute,
  facts: DeliverFacts,
  filtering: Filtering | null,
): Program<Delivered> {
  const owner: FilterOwner = {
    accountId: route.accountId,
    account: route.account,
    address: route.address,
    recipient: facts.recipient.forwardPath,
    reversePath: facts.sender.reversePath,
    dsn: {
      ret: facts.sender.ret,
      envid: facts.sender.envid,
      notify: facts.recipient.notify,
      orcpt: facts.recipient.orcpt,
    },
    prefix: utf8Bytes(returnPathField(facts.sender.reversePath) + deliveredToField(route.address) + facts.fields),
    flags: facts.junk ? ["$Junk"] : [],
    now: facts.now,
  };
  if (!filtering) return inbox(owner, { role: facts.junk ? "junk" : "inbox" });
  const { request, message, remembered } = filtering;
  const filtered = yield* filterMail(owner, message, request, remembered);
  const { repeated } = filtered;
  if (repeated?.before) return leftOut();
  const outcome = new Outcome(outcomeFacts(route, owner, facts, filtered, filtering));
  const { result } = filtered;
  if (result === null) {
    const plain = inbox(owner, yield* outcome.keepTarget());
    if (filtered.troubles.length + (repeated ? 1 : 0) === 0) return plain;
    outcome.deliveries.push(...plain.deliveries);
  } else {
    for (const action of result.actions) yield* perform(outcome, action);
    for (const { kind, text } of result.log) if (kind === "note") outcome.note("filtered", `Filtered: ${text}.`);
  }
  const remember = (result?.remember ?? []).map(({ key, seconds }) => kept(owner, key, seconds));
  if (repeated) remember.push({ ...kept(owner, repeated.key, filtered.settings.duplicates ?? 0), once: true });
  const troubles = [...filtered.troubles, ...outcome.troubles];
  remember.push(...yield* tellTroubles(outcome, troubles, remembered));
  for (const { key } of remember) remembered.add(rememberedKey(owner.accountId, key));
  return settled(outcome, remember);
}

/** RFC 5322 section 3.6.4: the same Message-ID is the same message. */
function leftOut(): Delivered {
  const detail = "Left out: the account has had this Message-ID, and wants no duplicates.";
  return { deliveries: [], queued: [], remember: [], notes: [{ event: "discarded", detail }], refusal: null };
}

function inbox(owner: FilterOwner, target: Delivery["target"]): Delivered {
  const { accountId, address: recipient, flags, prefix, now: internalDate } = owner;
  const delivery: Delivery = { accountId, recipient, target, flags, prefix, internalDate };
  return { deliveries: [delivery], queued: [], remember: [], notes: [], refusal: null };
}

function outcomeFacts(
  route: AccountRoute,
  owner: FilterOwner,
  facts: DeliverFacts,
  { settings, result }: Filtered,
  { request, message, redirected }: Filtering,
): OutcomeFacts {
  const { policy, traceId } = request;
  const nothing = { actions: [], implicitKeep: true, versions: [], remember: [], log: [], failures: [], steps: 0 };
  const word = secretWord(traceId, owner.accountId, owner.address);
  const { detail } = route;
  const silent = request.silent !== null;
  return { ...facts, owner, settings, policy, message, redirected, detail, word, silent, result: result ?? nothing };
}

/** What is sent waits for what is stored: where there is no room, the filter runs again when there is. */
function settled(out: Outcome, remember: readonly Remembered[]): Delivered {
  const { refusal, notes } = out;
  if (refusal) return { deliveries: [], queued: [], remember: [], notes, refusal };
  const stores = out.deliveries.some(({ optional }) => !optional);
  const after = stores ? { after: out.facts.owner.accountId } : {};
  return {
    deliveries: out.deliveries,
    queued: out.queued.map((entry) => ({ ...entry, ...after })),
    remember,
    notes,
    refusal: null,
  };
}
