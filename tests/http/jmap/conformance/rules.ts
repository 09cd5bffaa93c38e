/**
 * The methods and errors of RFC 8620 and RFC 8621, by their sections. Each must have a test whose name begins with the
 * section and names it, and in which it stands; `rules_test.ts` sees to that.
 */
export interface Rule {
  readonly rfc: 8620 | 8621;
  readonly section: string;
  /** "": errors of requests, or of every method. */
  readonly method: string;
  readonly errors: readonly string[];
}

function rule(rfc: Rule["rfc"], section: string, method: string, errors = ""): Rule {
  return { rfc, section, method, errors: errors.split(" ").filter((word) => word !== "") };
}

export const RULES: readonly Rule[] = [
  rule(8620, "2", ""),
  rule(8620, "3.3", ""),
  rule(8620, "3.4", ""),
  rule(8620, "3.6.1", "", "notJSON notRequest unknownCapability limit"),
  rule(8620, "3.6.2", "", "unknownMethod invalidArguments accountNotFound accountNotSupportedByMethod accountReadOnly"),
  rule(8620, "3.6.2", "", "serverUnavailable serverFail serverPartialFail"),
  rule(8620, "3.7", "", "invalidResultReference invalidArguments"),
  rule(8620, "4", "Core/echo"),
  rule(8620, "5.1", "", "requestTooLarge invalidArguments"),
  rule(8620, "5.2", "", "cannotCalculateChanges"),
  rule(8620, "5.3", "", "requestTooLarge stateMismatch notFound willDestroy"),
  rule(8620, "5.3", "Email/set", "invalidPatch invalidProperties notFound willDestroy"),
  rule(8620, "5.3", "Mailbox/set"),
  rule(8620, "5.4", "", "fromAccountNotFound fromAccountNotSupportedByMethod stateMismatch"),
  rule(8620, "5.5", "", "anchorNotFound unsupportedSort unsupportedFilter"),
  rule(8620, "5.6", "", "tooManyChanges cannotCalculateChanges"),
  rule(8620, "6", ""),
  rule(8620, "6.2", ""),
  rule(8620, "6.3", "Blob/copy"),
  rule(8620, "7.2", "PushSubscription/get"),
  rule(8620, "7.2", "PushSubscription/set"),
  rule(8620, "7.3", ""),
  rule(8621, "2", ""),
  rule(8621, "2.1", "Mailbox/get"),
  rule(8621, "2.2", "Mailbox/changes"),
  rule(8621, "2.3", "Mailbox/query"),
  rule(8621, "2.4", "Mailbox/queryChanges"),
  rule(8621, "2.5", "Mailbox/set", "invalidProperties mailboxHasChild mailboxHasEmail forbidden"),
  rule(8621, "3.1", "Thread/get"),
  rule(8621, "3.2", "Thread/changes"),
  rule(8621, "4.1.1", ""),
  rule(8621, "4.1.2", "Email/get", "invalidArguments"),
  rule(8621, "4.1.2.1", ""),
  rule(8621, "4.1.2.2", ""),
  rule(8621, "4.1.2.3", ""),
  rule(8621, "4.1.2.5", ""),
  rule(8621, "4.1.4", ""),
  rule(8621, "4.2", "Email/get", "requestTooLarge"),
  rule(8621, "4.3", "Email/changes"),
  rule(8621, "4.4.1", "Email/query"),
  rule(8621, "4.4.2", "Email/query", "unsupportedSort invalidArguments"),
  rule(8621, "4.4.3", "Email/query"),
  rule(8621, "4.5", "Email/queryChanges"),
  rule(8621, "4.6", "Email/set", "invalidProperties blobNotFound tooManyKeywords overQuota tooLarge"),
  rule(8621, "4.7", "Email/copy", "notFound invalidProperties forbidden"),
  rule(8621, "4.8", "Email/import", "invalidProperties invalidEmail overQuota stateMismatch"),
  rule(8621, "4.9", "Email/parse"),
  rule(8621, "5.1", "SearchSnippet/get", "requestTooLarge unsupportedFilter"),
  rule(8621, "6.1", "Identity/get"),
  rule(8621, "6.2", "Identity/changes", "cannotCalculateChanges"),
  rule(8621, "6.3", "Identity/set", "forbiddenFrom forbidden invalidProperties invalidPatch"),
  rule(8621, "7", ""),
  rule(8621, "7.1", "EmailSubmission/get"),
  rule(8621, "7.2", "EmailSubmission/changes", "cannotCalculateChanges"),
  rule(8621, "7.3", "EmailSubmission/query"),
  rule(8621, "7.4", "EmailSubmission/queryChanges", "tooManyChanges"),
  rule(8621, "7.5", "EmailSubmission/set", "invalidEmail invalidProperties tooManyRecipients noRecipients"),
  rule(8621, "7.5", "EmailSubmission/set", "invalidRecipients tooLarge forbiddenMailFrom forbiddenFrom"),
  rule(8621, "7.5", "EmailSubmission/set", "forbiddenToSend rateLimit cannotUnsend notFound"),
  rule(8621, "8.1", "VacationResponse/get"),
  rule(8621, "8.2", "VacationResponse/set", "singleton notFound invalidProperties invalidPatch"),
  rule(8621, "9.5", "", "forbidden"),
];

/** Errors that this server has no reason to give. */
export const NEVER: Readonly<Record<string, string>> = {
  alreadyExists: "two emails may be the same",
  tooManyMailboxes: "an email may be in all mailboxes",
};
