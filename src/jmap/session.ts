/** The session object (RFC 8620 section 2): where everything is, and what the client may ask. */
import type { JmapUser } from "./account.ts";
import { accountCapabilities, CORE, MAIL, serverCapabilities } from "./capabilities.ts";
import type { Json, JsonObject } from "./json.ts";
import type { JmapLimits } from "./limits.ts";

/** Paths of the endpoints; `base` is the origin, without a slash at its end. */
export function sessionObject(user: JmapUser, limits: JmapLimits, base: string, state: string): JsonObject {
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
    capabilities: serverCapabilities(limits),
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
