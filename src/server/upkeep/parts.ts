import type { Storage } from "../../storage/storage.ts";
import type { Clock } from "../clock.ts";
import type { Config } from "../config/mod.ts";
import type { Logger } from "../log.ts";
import type { Metrics } from "../metrics.ts";

/** What upkeep works on. */
export interface UpkeepParts {
  readonly config: Pick<Config, "retention" | "quota" | "outbound">;
  readonly storage: Storage;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
}
