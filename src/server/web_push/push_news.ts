/** What is told to one subscription: its code, or states that have changed; and how it is written. */
import { type Changed, type PushSubscription, pushVerification, stateChange, wantedTypes } from "../../jmap/mod.ts";
import type { AccountId } from "../../contract/mod.ts";
import { LONGEST_PLAIN, type PushMessage, topicOf } from "../../web_push/mod.ts";

/** `isDelivery`: an email has come, for which a device may well wake up. */
export type PushNews =
  | { readonly kind: "verify" }
  | { readonly kind: "changed"; readonly changed: Changed; readonly isDelivery: boolean };

/** Seconds that a push service keeps it: a code for as long as somebody waits for it, news for a device that is off. */
const CODE_TTL = 3600;
const NEWS_TTL = 3 * 86_400;

/** Later states stand for earlier ones. */
export function mergeNews(before: PushNews, after: PushNews): PushNews {
  // Whoever is told of changes has shown his code: it need not go out any more.
  if (before.kind === "verify" || after.kind === "verify") return after.kind === "verify" ? before : after;
  const changed: Record<AccountId, Readonly<Record<string, string>>> = { ...before.changed };
  for (const [accountId, states] of Object.entries(after.changed) as [AccountId, Record<string, string>][]) {
    changed[accountId] = { ...changed[accountId], ...states };
  }
  return { kind: "changed", changed, isDelivery: before.isDelivery || after.isDelivery };
}

/** Without types that a subscription does not want; null: nothing is left. */
export function newsFor(news: PushNews, { types }: PushSubscription): PushNews | null {
  if (news.kind === "verify") return news;
  const changed: Record<AccountId, Record<string, string>> = {};
  for (const [accountId, states] of Object.entries(news.changed) as [AccountId, Record<string, string>][]) {
    const wanted = wantedTypes(Object.keys(states), types);
    if (wanted.length > 0) changed[accountId] = Object.fromEntries(wanted.map((type) => [type, states[type]!]));
  }
  return Object.keys(changed).length === 0 ? null : { ...news, changed };
}

/** The message, and what had no room in it. */
export function writeNews(
  id: string,
  { code }: PushSubscription,
  news: PushNews,
): { readonly message: PushMessage; readonly left: PushNews | null } {
  if (news.kind === "verify") {
    const body = JSON.stringify(pushVerification(id, code));
    return { message: { body, ttl: CODE_TTL, urgency: "normal", topic: null }, left: null };
  }
  const accounts = Object.entries(news.changed) as [AccountId, Record<string, string>][];
  let count = accounts.length;
  const body = () => JSON.stringify(stateChange(Object.fromEntries(accounts.slice(0, count)) as Changed));
  while (count > 1 && body().length > LONGEST_PLAIN) count = Math.ceil(count / 2);
  const things = accounts.slice(0, count).flatMap(([id, states]) => Object.keys(states).map((type) => `${id} ${type}`));
  return {
    message: {
      body: body(),
      ttl: NEWS_TTL,
      urgency: news.isDelivery ? "normal" : "low",
      // News of the same types stand for those before: a device that was off hears the last ones only.
      topic: topicOf(code, things),
    },
    left: count === accounts.length ? null : { ...news, changed: Object.fromEntries(accounts.slice(count)) as Changed },
  };
}
