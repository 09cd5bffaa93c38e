/** What goes wrong in one method, and with one object of a /set (RFC 8620 sections 3.6.2 and 5.3). */
import type { JsonObject } from "./json.ts";

/** Types of RFC 8620 and 8621 for a method as a whole. */
export type MethodErrorType =
  | "serverUnavailable"
  | "serverFail"
  | "serverPartialFail"
  | "unknownMethod"
  | "invalidArguments"
  | "invalidResultReference"
  | "forbidden"
  | "accountNotFound"
  | "accountNotSupportedByMethod"
  | "accountReadOnly"
  | "requestTooLarge"
  | "stateMismatch"
  | "cannotCalculateChanges"
  | "tooManyChanges"
  | "anchorNotFound"
  | "unsupportedFilter"
  | "unsupportedSort"
  | "fromAccountNotFound"
  | "fromAccountNotSupportedByMethod"
  | "unknownDataType";

/** Ends a method: nothing of it was done. */
export class MethodError extends Error {
  override readonly name = "MethodError";
  readonly type: MethodErrorType;
  /** Members beside `type` and `description`. */
  readonly more: JsonObject;

  constructor(type: MethodErrorType, description = "", more: JsonObject = {}) {
    super(description);
    this.type = type;
    this.more = more;
  }

  /** As the response has it. */
  toJson(): JsonObject {
    return { type: this.type, ...(this.message === "" ? {} : { description: this.message }), ...this.more };
  }
}

/** Types of RFC 8620 and 8621 for one object of a /set. */
export type SetErrorType =
  | "forbidden"
  | "overQuota"
  | "tooLarge"
  | "rateLimit"
  | "notFound"
  | "invalidPatch"
  | "willDestroy"
  | "invalidProperties"
  | "singleton"
  | "alreadyExists"
  | "mailboxHasChild"
  | "mailboxHasEmail"
  | "blobNotFound"
  | "tooManyKeywords"
  | "tooManyMailboxes"
  | "invalidEmail"
  | "tooManyRecipients"
  | "noRecipients"
  | "invalidRecipients"
  | "forbiddenMailFrom"
  | "forbiddenFrom"
  | "forbiddenToSend"
  | "cannotUnsend"
  | "invalidSieve"
  | "sieveIsActive"
  | "mdnAlreadySent";

/** Ends one object of a /set; the others go on. */
export class SetError extends Error {
  override readonly name = "SetError";
  readonly type: SetErrorType;
  readonly more: JsonObject;

  constructor(type: SetErrorType, description = "", more: JsonObject = {}) {
    super(description);
    this.type = type;
    this.more = more;
  }

  toJson(): JsonObject {
    return { type: this.type, ...(this.message === "" ? {} : { description: this.message }), ...this.more };
  }
}

/** Properties of an object that are not as they must be. */
export function invalidProperties(properties: readonly string[], description = ""): SetError {
  return new SetError("invalidProperties", description, { properties });
}
