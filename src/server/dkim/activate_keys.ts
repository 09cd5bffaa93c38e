/** What the server does by itself, every hour: new keys sign once their records are published. */
import type { Logger } from "../log.ts";
import type { DkimKeys } from "./keys.ts";

/** Activates what can be, and logs it; never rejects. */
export async function activateKeys(keys: Pick<DkimKeys, "activateWaiting">, logger: Logger): Promise<void> {
  try {
    for (const { domain, activation } of await keys.activateWaiting()) {
      if ("refused" in activation) continue; // somebody was quicker
      const { activated, lookups } = activation;
      if (activated.length > 0) {
        logger.log("info", "dkim.activated", { domain, selectors: activated.join(" ") });
      } else {
        const missing = lookups.filter(({ status }) => status !== "ok").map(({ detail }) => detail).join("; ");
        logger.log("info", "dkim.waiting", { domain, missing });
      }
    }
  } catch (error) {
    logger.log("error", "dkim.failed", { error: String(error) });
  }
}
