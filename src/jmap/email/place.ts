/** Where a new email goes and how it is marked: the same for Email/set, import and copy (RFC 8621 sections 4.6 to 4.8). */
import { EMAIL_KEYWORDS, type EmailSetRefused, type MailboxId, type NewEmail } from "../../contract/mod.ts";
import type { Call } from "../call.ts";
import { parseUtcDate } from "../date.ts";
import { invalidProperties, SetError } from "../error.ts";
import { isObject, type Json, type JsonObject, shortened } from "../json.ts";
import { flagOf } from "./keywords.ts";

/** Properties that `readPlace` reads. */
export const PLACE: ReadonlySet<string> = new Set(["mailboxIds", "keywords", "receivedAt"]);

/** `bad` gathers what is not as it must be; `now` is where no `receivedAt` is given. Throws `tooManyKeywords`. */
export function readPlace(
  call: Call,
  email: JsonObject,
  now: number,
  bad: string[],
): Omit<NewEmail, "blobId"> {
  const { mailboxIds = null, keywords = null, receivedAt = null } = email;
  const mailboxes = namesOf(mailboxIds);
  if (!mailboxes || mailboxes.length === 0) bad.push("mailboxIds");
  const flags = namesOf(keywords ?? {})?.map((keyword) => ({ keyword, flag: flagOf(keyword) }));
  if (!flags) bad.push("keywords");
  const read = flags?.flatMap(({ flag }) => flag ?? []) ?? [];
  for (const { keyword, flag } of flags ?? []) if (flag === null) bad.push(`keywords/${shortened(keyword, 60)}`);
  const internalDate = receivedAt === null ? now : typeof receivedAt === "string" ? parseUtcDate(receivedAt) : null;
  if (internalDate === null) bad.push("receivedAt");
  if (read.length > EMAIL_KEYWORDS && bad.length === 0) throw new SetError("tooManyKeywords");
  return {
    mailboxIds: (mailboxes ?? []).map((id) => call.resolve(id) as MailboxId),
    flags: read,
    internalDate: internalDate ?? now,
  };
}

/** The names of an object whose values are all true; null: it is none. */
export function namesOf(value: Json): readonly string[] | null {
  if (!isObject(value) || Object.values(value).some((one) => one !== true)) return null;
  return Object.keys(value);
}

/** What a refusal of the store is to a client. */
export function setError({ refused }: EmailSetRefused): SetError {
  switch (refused) {
    case "notFound":
      return new SetError("notFound");
    case "noPermission":
      return new SetError("forbidden", "the rights in its mailboxes do not allow it");
    case "badMailbox":
      return invalidProperties(["mailboxIds"], "there is no such mailbox");
    case "noMailbox":
      return invalidProperties(["mailboxIds"], "an email is in at least one mailbox");
    case "overQuota":
      return new SetError("overQuota");
    case "blobNotFound":
      return new SetError("blobNotFound", "", { notFound: [] });
    case "tooManyKeywords":
      return new SetError("tooManyKeywords");
  }
}

/** What is told of an email that is new (section 4.6). */
export function printNew(
  { emailId, threadId, size }: { readonly emailId: string; readonly threadId: string; readonly size: number },
): JsonObject & { readonly id: string } {
  return { id: emailId, blobId: emailId, threadId, size };
}
