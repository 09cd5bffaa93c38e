import type { UpkeepParts } from "./parts.ts";

/** Messages that go in one transaction. */
const BATCH = 200;

/** Takes out of the mailboxes of `retention.mailboxes` what came into them longer ago. */
export async function expireMailboxes(
  { config, storage, clock, logger }: Omit<UpkeepParts, "metrics">,
  isStopped: () => boolean,
): Promise<void> {
  const { mailboxes } = config.retention;
  if (mailboxes.size === 0) return;
  for (const { accountId, address } of await storage.perform("account.list", {})) {
    for (const [path, age] of mailboxes) {
      const before = clock.wall() - age;
      for (let total = 0; !isStopped();) {
        const { removed } = await storage.perform("email.expire", { accountId, path, before, limit: BATCH });
        total += removed;
        if (removed === BATCH) continue;
        if (total > 0) logger.log("info", "retention.expired", { account: address, mailbox: path, messages: total });
        break;
      }
      if (isStopped()) return;
    }
  }
}
