/** What this server can do, and what it says of it in the session (RFC 8620 section 2). */
import type { JmapAccount } from "./account.ts";
import { DIGEST_ALGORITHMS } from "./blob/get.ts";
import { LOOKUP_TYPES } from "./blob/lookup.ts";
import { MAX_DATA_SOURCES } from "./blob/upload.ts";
import { EMAIL_SORT_OPTIONS } from "./email/sort_options.ts";
import type { JsonObject } from "./json.ts";
import { SIEVE_STORE_LIMITS } from "../contract/mod.ts";
import { SIEVE_NOTIFY_METHODS } from "../sieve/mod.ts";
import type { JmapLimits, JmapSieve } from "./limits.ts";
import type { SessionFacts } from "./session.ts";
import { COLLATIONS } from "./standard/collation.ts";

export const CORE = "urn:ietf:params:jmap:core";
export const MAIL = "urn:ietf:params:jmap:mail";
export const SUBMISSION = "urn:ietf:params:jmap:submission";
export const VACATION = "urn:ietf:params:jmap:vacationresponse";
export const QUOTA = "urn:ietf:params:jmap:quota";
export const WEB_PUSH = "urn:ietf:params:jmap:webpush-vapid";
export const WEB_SOCKET = "urn:ietf:params:jmap:websocket";
/** RFC 8887 section 4.1. */
export const JMAP_SUBPROTOCOL = "jmap";

export const MDN = "urn:ietf:params:jmap:mdn";
export const SIEVE = "urn:ietf:params:jmap:sieve";
export const BLOB = "urn:ietf:params:jmap:blob";

/** Those that a request may use: they hold. */
export const CAPABILITIES: ReadonlySet<string> = new Set([
  CORE,
  MAIL,
  SUBMISSION,
  VACATION,
  QUOTA,
  WEB_PUSH,
  WEB_SOCKET,
  BLOB,
  SIEVE,
  MDN,
]);

/** Of the server as a whole. */
export function serverCapabilities(
  { maxDelayedSend: _, maxSizeMessage: __, maxRecipients: ___, sieve, ...limits }: JmapLimits,
  { applicationServerKey, base }: SessionFacts,
): JsonObject {
  return {
    [CORE]: { ...limits, collationAlgorithms: COLLATIONS },
    [MAIL]: {},
    [SUBMISSION]: {},
    [VACATION]: {},
    [QUOTA]: {},
    // RFC 9749: clients give it to their push service, which then takes pushes from us alone.
    [WEB_PUSH]: { applicationServerKey },
    [BLOB]: {},
    // RFC 8887 section 4.
    [WEB_SOCKET]: { url: `${base.replace(/^http/, "ws")}/jmap/ws`, supportsPush: true },
    [SIEVE]: { implementation: sieve.implementation },
    [MDN]: {},
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
      emailQuerySortOptions: EMAIL_SORT_OPTIONS,
      mayCreateTopLevelMailbox: isPersonal,
    },
    // RFC 9404 section 3.1.
    [BLOB]: {
      maxSizeBlobSet: limits.maxSizeUpload,
      maxDataSources: MAX_DATA_SOURCES,
      supportedTypeNames: LOOKUP_TYPES,
      supportedDigestAlgorithms: DIGEST_ALGORITHMS,
    },
    // RFC 8621 section 1.3.2; whoever looks into a shared account writes as himself.
    ...(isPersonal && {
      [SUBMISSION]: { maxDelayedSend: limits.maxDelayedSend, submissionExtensions: extensions(limits) },
      [VACATION]: {},
      [QUOTA]: {},
      [SIEVE]: sieveCapability(limits.sieve),
      [MDN]: {},
    }),
  };
}

/** Extensions of SMTP that an envelope may use: RFC 4865 names the longest delay, RFC 1870 the largest message. */
function extensions({ maxDelayedSend, maxSizeMessage }: JmapLimits): JsonObject {
  return {
    DSN: [],
    SIZE: [String(maxSizeMessage)],
    ...(maxDelayedSend > 0 && { FUTURERELEASE: [String(maxDelayedSend)] }),
  };
}

/** Whether the methods of a capability may be used with an account (RFC 8620 section 2). */
export function supports({ isPersonal }: JmapAccount, uri: string, limits: JmapLimits): boolean {
  return Object.hasOwn(accountCapabilities(isPersonal, limits), uri);
}

/** RFC 9661 section 1.3: what ManageSieve says, in another form. */
function sieveCapability({ extensions, redirects }: JmapSieve): JsonObject {
  return {
    maxSizeScriptName: 512,
    maxSizeScript: SIEVE_STORE_LIMITS.octets,
    maxNumberScripts: SIEVE_STORE_LIMITS.scripts,
    maxNumberRedirects: redirects,
    sieveExtensions: extensions,
    notificationMethods: extensions.includes("enotify") ? SIEVE_NOTIFY_METHODS : null,
    // Lists of an account are named by any of these.
    externalLists: extensions.includes("extlists") ? ["tag", "urn"] : null,
  };
}
