/** What an account's settings want of all its mail, beside whatever its scripts say: forwarding, and other places. */
import { ask, type DeliverySettings, type Program } from "../../contract/mod.ts";
import { encodeBase64 } from "../../base/base64.ts";
import { utf8Bytes } from "../../base/bytes.ts";
import { digest } from "../../base/hash.ts";
import { fieldText } from "../../message/header.ts";
import type { SieveAction, SieveResult } from "../../sieve/mod.ts";
import type { FilterOwner } from "./facts.ts";
import type { FilterMessage } from "./message.ts";
import { rememberedKey } from "./world.ts";

/** The name by which journals know them. */
const AT = { script: "settings of the account", line: 0 };
const LONGEST_ID = 1_000;

/**
 * Adds what the settings want. Mail that scripts throw away or refuse goes nowhere. Without `keep` the message is not
 * kept by itself; what a script files or keeps by its own word stays, and so does all where a script failed.
 */
export function withSettings(result: SieveResult | null, settings: DeliverySettings, owner: FilterOwner) {
  const { forward, targets, keep } = settings;
  if (forward.length + targets.length === 0) return result;
  const base = result ?? onlyKept(owner);
  const unwanted = base.actions.every(({ kind }) => kind === "discard") ||
    base.actions.some(({ kind }) => kind === "reject");
  if (unwanted && !base.implicitKeep) return base;
  const more: SieveAction[] = [
    ...targets.map((name) => ({
      kind: "pipe" as const,
      name,
      arguments: [],
      attempt: false,
      version: 0,
      at: AT,
    })),
    ...forward.map((address) => ({ kind: "redirect" as const, address, version: 0, at: AT })),
  ];
  const stays = keep || base.failures.length > 0;
  const kept = stays ? base.actions : base.actions.filter((action) => action.kind !== "keep" || !action.implicit);
  return { ...base, implicitKeep: base.implicitKeep && stays, actions: [...kept, ...more] };
}

function onlyKept({ flags }: FilterOwner): SieveResult {
  return {
    actions: [{ kind: "keep", implicit: true, flags, version: 0, at: null }],
    implicitKeep: true,
    versions: [],
    remember: [],
    log: [],
    failures: [],
    steps: 0,
  };
}

/** What is known of a message whose like is to come once: a key to remember, and whether it was here before. */
export interface Repeated {
  readonly key: string;
  readonly before: boolean;
}

/** Null: the account did not ask, or the message has no Message-ID. */
export function* repeatedBefore(
  owner: FilterOwner,
  message: FilterMessage,
  { duplicates }: DeliverySettings,
  remembered: ReadonlySet<string>,
): Program<Repeated | null> {
  if (duplicates === null) return null;
  const field = (yield* message.read()).fields.find(({ name }) => name === "message-id");
  const id = field === undefined ? "" : fieldText(field).trim();
  if (id === "" || id.length > LONGEST_ID) return null;
  const { accountId, now } = owner;
  const key = `message-id ${encodeBase64(digest("sha256", utf8Bytes(id)))}`;
  const before = remembered.has(rememberedKey(accountId, key)) ||
    (yield* ask("delivery.seen", { accountId, key, now }));
  return { key, before };
}
