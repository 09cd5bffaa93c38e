import type { Storage } from "../../storage/storage.ts";
import type { Clock } from "../clock.ts";
import type { Config } from "../config/mod.ts";
import type { Logger } from "../log.ts";
import { BanBook } from "./ban_book.ts";
import { banRules } from "./guard.ts";

/** The bans that are in the store. `added` is told of each new one, also of other servers'. */
export function openBanBook(
  config: Config,
  storage: Storage,
  clock: Clock,
  logger: Logger,
  added: () => void,
): Promise<BanBook> {
  return new BanBook({
    perform: (op, args) => storage.perform(op, args),
    rules: banRules(config.abuse),
    now: () => clock.wall(),
    failed: (error) => logger.log("error", "abuse.bansNotStored", { error: String(error) }),
    arrived: added,
    changed(what, network, reason) {
      logger.log("info", "abuse.banChanged", { what, network, reason });
      if (what === "added") added();
    },
  }).load();
}
