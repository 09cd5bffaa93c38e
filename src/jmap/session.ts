/** The session object (RFC 8620 section 2): where everything is, and what the client may ask. */
import type { JmapUser } from "./account.ts";
import { accountCapabilities, CORE, MAIL, serverCapabilities } from "./capabilities.ts";
import type { Json, JsonObject } from "./json.ts";
import type { JmapLimits } from "./limits.ts";

/** What the session says besides the user and the limits. */
export interface SessionFacts {
  /** The origin of the endpoints, without a slash at its end. */
  readonly base: string;
  readonly state: string;
  /** By which push services know us (RFC 9749). */
  readonly applicationServerKey: string;
}

/** The object for one user. */
export function sessionObject(user: JmapUser, limits: JmapLimits, facts: SessionFacts): JsonObject {
  const { base, state } = facts;
  const accounts: Record<string, Json> = {};
  for (const { accountId, name, isPersonal, isReadOnly } of user.accounts) {
    accounts[accountId] = {
      name,
      isPersonal,
      isReadOnly,
      accountCapabilities: accountCapabilities(isPersonal, limits),
    };
  }
  const primaryAccounts = Object.fromEntries(
    Object.keys(accountCapabilities(true, limits)).filter((uri) => uri !== CORE).map((uri) => [uri, user.accountId]),
  );
  return {
    capabilities: serverCapabilities(limits, facts),
    accounts,
    primaryAccounts: { ...primaryAccounts, [MAIL]: user.accountId },
    username: user.address,
    apiUrl: `${base}/jmap/api`,
    downloadUrl: `${base}/jmap/download/{accountId}/{blobId}/{name}?type={type}`,
    uploadUrl: `${base}/jmap/upload/{accountId}`,
    eventSourceUrl: `${base}/jmap/events?types={types}&closeafter={closeafter}&ping={ping}`,
    state,
  };
}
