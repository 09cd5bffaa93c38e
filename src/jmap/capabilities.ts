/** What this server can do, and what it says of it in the session (RFC 8620 section 2). */
import type { JsonObject } from "./json.ts";
import type { JmapLimits } from "./limits.ts";
import type { SessionFacts } from "./session.ts";

export const CORE = "urn:ietf:params:jmap:core";
export const MAIL = "urn:ietf:params:jmap:mail";
export const SUBMISSION = "urn:ietf:params:jmap:submission";
export const VACATION = "urn:ietf:params:jmap:vacationresponse";
export const QUOTA = "urn:ietf:params:jmap:quota";
export const WEB_PUSH = "urn:ietf:params:jmap:webpush-vapid";

/** Those that a request may use: they hold. */
export const CAPABILITIES: ReadonlySet<string> = new Set([CORE, MAIL, SUBMISSION, VACATION, QUOTA, WEB_PUSH]);

/** Of the server as a whole. */
export function serverCapabilities(
  { maxDelayedSend: _, ...limits }: JmapLimits,
  { applicationServerKey }: SessionFacts,
): JsonObject {
  return {
    [CORE]: { ...limits, collationAlgorithms: ["i;ascii-numeric", "i;ascii-casemap", "i;unicode-casemap"] },
    [MAIL]: {},
    [SUBMISSION]: {},
    [VACATION]: {},
    [QUOTA]: {},
    // RFC 9749: clients give it to their push service, which then takes pushes from us alone.
    [WEB_PUSH]: { applicationServerKey },
  };
}

/** Of an account. */
export function accountCapabilities(isPersonal: boolean, limits: JmapLimits): JsonObject {
  return {
    [CORE]: {},
    // RFC 8621 section 1.3.1.
    [MAIL]: {
      maxMailboxesPerEmail: null,
      maxMailboxDepth: 50,
      maxSizeMailboxName: 255,
      maxSizeAttachmentsPerEmail: limits.maxSizeUpload,
      emailQuerySortOptions: ["receivedAt", "sentAt", "size", "from", "to", "subject", "hasKeyword"],
      mayCreateTopLevelMailbox: isPersonal,
    },
    // RFC 8621 section 1.3.2; whoever looks into a shared account writes as himself.
    ...(isPersonal && {
      [SUBMISSION]: { maxDelayedSend: limits.maxDelayedSend, submissionExtensions: { FUTURERELEASE: [], DSN: [] } },
      [VACATION]: {},
      [QUOTA]: {},
    }),
  };
}
