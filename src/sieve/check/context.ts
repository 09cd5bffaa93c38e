import type { SieveLanguage } from "../extension.ts";
import type { SieveLimits } from "../limits.ts";
import type { ErrorList } from "../syntax/tree.ts";

/** What holds for a whole script while it is checked. */
export interface CheckContext {
  readonly errors: ErrorList;
  readonly limits: SieveLimits;
  readonly language: SieveLanguage;
  /** Extensions that this server has. */
  readonly known: ReadonlySet<string>;
  /** Extensions that the script has required so far. */
  readonly required: Set<string>;
}
