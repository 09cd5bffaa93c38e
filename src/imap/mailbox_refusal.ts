/** Refusals of the mailbox operations as replies (RFC 5530). */
import type { MailboxRefused } from "../contract/mod.ts";
import { no, type Reply } from "./reply.ts";
import { TEXTS } from "./texts.ts";

/** `text` replaces the usual words. */
export function mailboxRefusal(refusal: MailboxRefused, text: string | null = null): Reply {
  switch (refusal.refused) {
    case "notFound":
      return no(text ?? TEXTS.noMailbox, "NONEXISTENT");
    case "noPermission":
      return no(text ?? TEXTS.noPermission, "NOPERM");
    case "exists":
      return no(text ?? TEXTS.exists, "ALREADYEXISTS");
    case "invalidName":
      return no(text ?? TEXTS.badName, "CANNOT");
    case "hasChildren":
      return no(text ?? TEXTS.hasChildren, "HASCHILDREN");
    case "isInbox":
      return no(text ?? TEXTS.isInbox, "CANNOT");
    case "tooDeep":
      return no(text ?? TEXTS.tooDeep, "LIMIT");
  }
}
