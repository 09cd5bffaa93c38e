/** Reports that came for what was sent (RFC 8621 section 7, dsnBlobIds and mdnBlobIds): the store marks them at delivery, and whoever looks reads them. */
import { type AccountId, ask, type EmailId, type Program } from "../../contract/mod.ts";
import { fieldText, findField, type HeaderField, headerFields, paramOf, type Part } from "../../message/mod.ts";
import type { BlobReader } from "../email/octets.ts";
import { isObject, type JsonObject } from "../json.ts";
import { decoded } from "../mdn/parse.ts";
import { parseDisposition } from "../mdn/disposition.ts";
import { readSubmission, type Submission } from "./stored.ts";

/** What a report says of the message that it is about. */
interface Report {
  readonly kind: "dsn" | "mdn";
  readonly envid: string | null;
  readonly messageId: string | null;
  /** Who has seen the message. */
  readonly displayedBy: string | null;
}

/** Reports that are read at once; the others wait. */
const AT_ONCE = 50;
/** Of one submission. */
const KEPT = 100;

/** Gives new reports to the submissions that they are about. */
export function* takeReports(accountId: AccountId): Program<void> {
  const { objects: marks } = yield* ask("object.list", { accountId, kind: "report", ids: null });
  if (marks.length === 0) return;
  const { state, objects } = yield* ask("object.list", { accountId, kind: "submission", ids: null });
  const changed = new Map<string, Submission>();
  const taken = marks.slice(0, AT_ONCE);
  for (const { value } of taken) {
    const report = yield* readReport(accountId, value as EmailId);
    if (!report) continue;
    for (const object of objects) {
      // Most are about another message: what does not name it need not be read.
      if (!names(object.value, report)) continue;
      const submission = changed.get(object.objectId) ?? readSubmission(object);
      if (isAbout(report, submission)) changed.set(object.objectId, withReport(submission, report, value));
    }
  }
  const update = Array.from(changed, ([objectId, one]) => ({ objectId, value: JSON.stringify(one) }));
  // Where something else changed meanwhile, whoever looks next does it.
  const kept = yield* ask("object.set", { accountId, kind: "submission", ifState: state, update });
  if ("refused" in kept) return;
  yield* ask("object.set", { accountId, kind: "report", destroy: taken.map(({ objectId }) => objectId) });
}

function names(value: string, { envid, messageId }: Report): boolean {
  const has = (text: string | null) => text !== null && value.includes(JSON.stringify(text).slice(1, -1));
  return has(envid) || has(messageId);
}

function isAbout({ envid, messageId }: Report, submission: Submission): boolean {
  const { mailFrom } = submission.envelope;
  const parameters = isObject(mailFrom) ? mailFrom["parameters"] : null;
  const own = isObject(parameters) ? parameters["ENVID"] ?? null : null;
  if (envid !== null && own !== null) return envid === own;
  return messageId !== null && messageId === submission.messageId;
}

function withReport(submission: Submission, { kind, displayedBy }: Report, blobId: string): Submission {
  const name = kind === "dsn" ? "dsnBlobIds" : "mdnBlobIds";
  const ids = submission[name] ?? [];
  if (ids.includes(blobId) || ids.length >= KEPT) return submission;
  const to = submission.envelope["rcptTo"] as readonly { readonly email: string }[];
  const reader = to.find(({ email }) => email.toLowerCase() === displayedBy?.toLowerCase())?.email;
  const displayed = [...submission.displayed ?? [], ...(reader === undefined ? [] : [reader])];
  return { ...submission, [name]: [...ids, blobId], displayed: [...new Set(displayed)] };
}

function* readReport(accountId: AccountId, emailId: EmailId): Program<Report | null> {
  const [email] = yield* ask("email.objects", { accountId, emailIds: [emailId], fields: ["structure"] });
  const root = email?.structure;
  if (!email || !root || root.type !== "multipart" || root.subtype !== "report") return null;
  const reader = { accountId, blobId: email.blobId };
  const partOf = (...subtypes: readonly string[]) =>
    root.parts.find(({ type, subtype }) => type === "message" && subtypes.includes(subtype));
  if (paramOf(root.params, "report-type")?.toLowerCase() === "disposition-notification") {
    const part = partOf("disposition-notification", "global-disposition-notification");
    const said = part ? parseDisposition(yield* decoded(reader, part)) : null;
    return said && dispositionReport(said);
  }
  const part = partOf("delivery-status", "global-delivery-status");
  if (!part) return null;
  const envid = textOf(headerFields(yield* decoded(reader, part)), "original-envelope-id");
  return { kind: "dsn", envid, messageId: yield* returnedId(reader, root.parts), displayedBy: null };
}

function dispositionReport(said: JsonObject): Report {
  const { disposition, originalMessageId, finalRecipient, originalRecipient } = said;
  const isDisplayed = isObject(disposition!) && disposition["type"] === "displayed";
  const recipient = String(originalRecipient ?? finalRecipient ?? "").replace(/^[^;]*;\s*/, "").trim();
  return {
    kind: "mdn",
    envid: null,
    messageId: originalMessageId as string | null,
    displayedBy: isDisplayed ? recipient : null,
  };
}

/** The Message-ID of the message that came back, or of its header. */
function* returnedId(reader: BlobReader, parts: readonly Part[]): Program<string | null> {
  for (const part of parts) {
    if (part.message) return part.message.envelope.messageId;
    if (/^(rfc822-headers|global-headers)$/.test(part.subtype)) {
      return textOf(headerFields(yield* decoded(reader, part)), "message-id");
    }
  }
  return null;
}

function textOf(fields: readonly HeaderField[], name: string): string | null {
  const field = findField(fields, name);
  const text = field ? fieldText(field) : "";
  return text === "" ? null : text;
}
