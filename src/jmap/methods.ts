/** The table of methods: a new one is a file and a line here. */
import { blobCopy } from "./blob/copy.ts";
import { blobGet } from "./blob/get.ts";
import { blobLookup } from "./blob/lookup.ts";
import { blobUpload } from "./blob/upload.ts";
import { BLOB, CORE, MAIL, MDN, QUOTA, SIEVE, SUBMISSION, VACATION } from "./capabilities.ts";
import { echo } from "./core/echo.ts";
import { emailChanges } from "./email/changes.ts";
import { emailCopy } from "./email/copy.ts";
import { emailGet } from "./email/get.ts";
import { emailImport } from "./email/import.ts";
import { emailParse } from "./email/parse.ts";
import { emailQuery } from "./email/query.ts";
import { emailQueryChanges } from "./email/query_changes.ts";
import { searchSnippetGet } from "./email/search_snippet.ts";
import { emailSet } from "./email/set.ts";
import { identityChanges } from "./identity/changes.ts";
import { identityGet } from "./identity/get.ts";
import { identitySet } from "./identity/set.ts";
import { mailboxChanges } from "./mailbox/changes.ts";
import { mailboxGet } from "./mailbox/get.ts";
import { mailboxQuery, mailboxQueryChanges } from "./mailbox/query.ts";
import { mailboxSet } from "./mailbox/set.ts";
import { mdnParse } from "./mdn/parse.ts";
import { mdnSend } from "./mdn/send.ts";
import { pushGet } from "./push/get.ts";
import { pushSet } from "./push/set.ts";
import { quotaChanges } from "./quota/changes.ts";
import { quotaGet } from "./quota/get.ts";
import { quotaQuery, quotaQueryChanges } from "./quota/query.ts";
import { sieveGet } from "./sieve/get.ts";
import { sieveQuery } from "./sieve/query.ts";
import { sieveSet } from "./sieve/set.ts";
import { sieveValidate } from "./sieve/validate.ts";
import { submissionChanges, submissionGet } from "./submission/get.ts";
import { submissionQuery, submissionQueryChanges } from "./submission/query.ts";
import { submissionSet } from "./submission/set.ts";
import { threadChanges } from "./thread/changes.ts";
import { threadGet } from "./thread/get.ts";
import { vacationGet, vacationSet } from "./vacation/vacation.ts";
import type { Method } from "./method.ts";

type Table = Readonly<Record<string, Method>>;

const CORE_METHODS: Table = {
  "Blob/copy": blobCopy,
  "Core/echo": echo,
  "PushSubscription/get": pushGet,
  "PushSubscription/set": pushSet,
};

const MAIL_METHODS: Table = {
  "Email/changes": emailChanges,
  "Email/copy": emailCopy,
  "Email/get": emailGet,
  "Email/import": emailImport,
  "Email/parse": emailParse,
  "Email/query": emailQuery,
  "Email/queryChanges": emailQueryChanges,
  "Email/set": emailSet,
  "Mailbox/changes": mailboxChanges,
  "Mailbox/get": mailboxGet,
  "Mailbox/query": mailboxQuery,
  "Mailbox/queryChanges": mailboxQueryChanges,
  "Mailbox/set": mailboxSet,
  "SearchSnippet/get": searchSnippetGet,
  "Thread/changes": threadChanges,
  "Thread/get": threadGet,
};

const SUBMISSION_METHODS: Table = {
  "EmailSubmission/changes": submissionChanges,
  "EmailSubmission/get": submissionGet,
  "EmailSubmission/query": submissionQuery,
  "EmailSubmission/queryChanges": submissionQueryChanges,
  "EmailSubmission/set": submissionSet,
  "Identity/changes": identityChanges,
  "Identity/get": identityGet,
  "Identity/set": identitySet,
};

const VACATION_METHODS: Table = {
  "VacationResponse/get": vacationGet,
  "VacationResponse/set": vacationSet,
};

const QUOTA_METHODS: Table = {
  "Quota/changes": quotaChanges,
  "Quota/get": quotaGet,
  "Quota/query": quotaQuery,
  "Quota/queryChanges": quotaQueryChanges,
};

const BLOB_METHODS: Table = {
  "Blob/get": blobGet,
  "Blob/lookup": blobLookup,
  "Blob/upload": blobUpload,
};

const SIEVE_METHODS: Table = {
  "SieveScript/get": sieveGet,
  "SieveScript/query": sieveQuery,
  "SieveScript/set": sieveSet,
  "SieveScript/validate": sieveValidate,
};

const MDN_METHODS: Table = {
  "MDN/parse": mdnParse,
  "MDN/send": mdnSend,
};

/** By name, with the capability that a client has to use. */
export const METHODS: ReadonlyMap<string, { readonly uri: string; readonly method: Method }> = new Map(
  ([
    [CORE, CORE_METHODS],
    [MAIL, MAIL_METHODS],
    [SUBMISSION, SUBMISSION_METHODS],
    [VACATION, VACATION_METHODS],
    [QUOTA, QUOTA_METHODS],
    [BLOB, BLOB_METHODS],
    [SIEVE, SIEVE_METHODS],
    [MDN, MDN_METHODS],
  ] as const).flatMap(([uri, table]) =>
    Object.entries(table).map(([name, method]) => [name, { uri, method }] as const)
  ),
);
