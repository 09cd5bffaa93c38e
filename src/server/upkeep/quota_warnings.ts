/** Tells people once at each step that their mailboxes fill up, and whoever watches the server all the time. */
import { randomBytes } from "node:crypto";
import type { AccountId, QuotaState, TraceId } from "../../contract/mod.ts";
import { indexMessage } from "../../message/mod.ts";
import type { Gauge } from "../metrics.ts";
import type { UpkeepParts } from "./parts.ts";
import { quotaMessage } from "./quota_message.ts";

/** Whoever goes below a step by less is not told again when it is reached again. */
const SLACK_PERCENT = 5;
const TOLD = "quota.told";

/** By account, the step that was told. */
type Told = Record<string, number>;

export class QuotaWarnings {
  readonly #parts: UpkeepParts;
  readonly #near: Gauge;

  constructor(parts: UpkeepParts) {
    this.#parts = parts;
    this.#near = parts.metrics.gauge(
      "palomar_accounts_near_quota",
      "Accounts that use so many percent of their quota.",
      [
        "percent",
      ],
    );
  }

  async round(isStopped: () => boolean): Promise<void> {
    const { config, storage, logger } = this.#parts;
    const steps = [...config.quota.warnings].sort((a, b) => a - b);
    if (steps.length === 0) return;
    const near = await storage.perform("quota.near", { percent: Math.max(0, steps[0]! - SLACK_PERCENT) });
    for (const step of steps) {
      this.#near.set(near.filter((one) => percentOf(one) >= step).length, [String(step)]);
    }
    const before = await storage.perform("setting.get", { name: TOLD });
    const told = before === null ? {} : JSON.parse(before) as Told;
    const now: Told = {};
    for (const one of near) {
      if (isStopped()) return;
      const percent = percentOf(one);
      const reached = steps.findLast((step) => percent >= step) ?? 0;
      const last = told[one.accountId] ?? 0;
      if (reached > last) {
        logger.log("warn", "quota.near", { account: one.address, percent });
        if (config.quota.message) await this.#tell(one, percent);
      }
      const level = percent >= last - SLACK_PERCENT ? Math.max(reached, last) : reached;
      if (level > 0) now[one.accountId] = level;
    }
    const after = JSON.stringify(now);
    if (after !== (before ?? "{}")) await storage.perform("setting.change", { name: TOLD, before, value: after });
  }

  /** A message in the INBOX. Where there is no room for it, there is none. */
  async #tell(state: QuotaState & { readonly accountId: AccountId }, percent: number): Promise<void> {
    const { storage, clock, logger } = this.#parts;
    const now = clock.wall();
    const bytes = quotaMessage(state, percent, randomBytes(12).toString("hex"), now);
    const writer = storage.createBlob();
    await writer.write(bytes);
    const blob = await writer.seal(indexMessage(bytes));
    try {
      const answer = await storage.perform("mail.accept", {
        traceId: `quota-${randomBytes(8).toString("hex")}` as TraceId,
        sender: {
          reversePath: "",
          size: null,
          body: "7bit",
          smtputf8: false,
          requireTls: false,
          ret: null,
          envid: null,
        },
        blobId: blob.blobId,
        deliveries: [{
          accountId: state.accountId,
          recipient: state.address,
          target: { role: "inbox" },
          flags: [],
          prefix: new Uint8Array(0),
          internalDate: now,
        }],
        queued: [],
        journal: [],
        now,
        overQuota: "refuse",
      });
      if ("refused" in answer) logger.log("warn", "quota.notTold", { account: state.address, percent });
    } finally {
      blob.release();
    }
  }
}

/** The larger share: of octets or of messages, in whole percent. */
export function percentOf({ quota, usage }: QuotaState): number {
  const share = (used: number, room: number | null): number =>
    room === null ? 0 : room === 0 ? 100 : Math.floor(100 * used / room);
  return Math.max(share(usage.bytes, quota.bytes), share(usage.messages, quota.messages));
}
