/** Sending an email (RFC 8621 section 7.5): what is asked before, and how a refusal is told. */
import { type AnswerOf, ask, type EmailId, type EmailObject, type Program } from "../../contract/mod.ts";
import { headerFields } from "../../message/mod.ts";
import type { JmapAccount } from "../account.ts";
import type { Call } from "../call.ts";
import { printDate } from "../date.ts";
import { invalidProperties, SetError } from "../error.ts";
import { allIdentities, type Identity } from "../identity/identities.ts";
import type { JsonObject } from "../json.ts";
import { unsaid } from "../standard/set.ts";
import { envelopeFromHeader, headerSender, readEnvelope } from "./envelope.ts";
import { faultsOf } from "./faults.ts";
import { printSubmission, statusOf } from "./status.ts";
import type { Submission } from "./stored.ts";

export interface Submitted {
  readonly told: JsonObject & { readonly id: string };
  readonly emailId: string;
}

/** Throws `SetError`. When it answers, the message is on disk. */
export function* submit(call: Call, account: JmapAccount, object: JsonObject): Program<Submitted> {
  const { accountId } = account;
  const { limits } = call.context;
  const { identity, email } = yield* readReferences(call, account, object);
  const invalid = faultsOf(headerFields(email.header!));
  if (invalid.length > 0) throw new SetError("invalidEmail", "", { properties: invalid });
  if (email.blobSize > limits.maxSizeMessage) throw new SetError("tooLarge", "", { maxSize: limits.maxSizeMessage });
  const now = yield* ask("clock.now", {});
  const author = headerSender(email.envelope!);
  const isOwn = author !== null && (yield* ask("address.owned", { accountId, address: author }));
  const said = object["envelope"] ?? envelopeFromHeader(email.envelope!, identity.email, isOwn);
  const { sender, recipients, holdUntil, printed } = readEnvelope(said, now, limits);
  const { reversePath } = sender;
  if (reversePath !== "" && !(yield* ask("address.owned", { accountId, address: reversePath }))) {
    throw new SetError("forbiddenMailFrom", "this is no address of the account");
  }
  const { blobId, emailId, threadId, blobSize: size } = email;
  const answer = yield* ask("mail.submit", {
    accountId,
    sender: { ...sender, size },
    recipients,
    blobId,
    holdUntil,
  });
  if ("refused" in answer) throw refusal(answer, limits.maxSizeMessage);
  call.hasChanged = true; // it is sent, whether it can be remembered or not
  const submission: Submission = {
    identityId: identity.id,
    emailId,
    threadId,
    envelope: printed,
    sendAt: holdUntil ?? now,
    traceId: answer.accepted,
    messageId: email.envelope!.messageId,
  };
  const status = yield* statusOf(submission, now);
  const value = JSON.stringify({ ...submission, status });
  const kept = yield* ask("object.set", { accountId, kind: "submission", create: [value] });
  const made = "refused" in kept ? null : kept.created[0] ?? null;
  const id = made ?? `s-${answer.accepted.replaceAll(".", "-")}`;
  const whole = { ...printSubmission({ ...submission, id, status }), sendAt: printDate(submission.sendAt) };
  const { emailId: _, identityId: __, ...others } = whole as unknown as Record<string, never>;
  return { told: { ...unsaid(others, object), id }, emailId };
}

/** Section 7.5: an id that is not found is an invalid property, and what the server sets is not the client's to say. */
function* readReferences(
  call: Call,
  account: JmapAccount,
  object: JsonObject,
): Program<{ readonly identity: Identity; readonly email: EmailObject }> {
  const bad = Object.keys(object).filter((name) => !["identityId", "emailId", "envelope"].includes(name));
  const idOf = (name: string): string => {
    const value = object[name];
    return typeof value === "string" ? call.resolve(value) : "";
  };
  const identityId = idOf("identityId");
  const identity = (yield* allIdentities(call, account.name)).find(({ id }) => id === identityId);
  if (!identity) bad.push("identityId");
  const emailIds = [idOf("emailId") as EmailId];
  const { accountId } = account;
  const [email] = yield* ask("email.objects", { accountId, emailIds, fields: ["envelope", "header"] });
  if (!email) bad.push("emailId");
  if (bad.length > 0 || !identity || !email) throw invalidProperties(bad);
  return { identity, email };
}

type Refused = Extract<AnswerOf<"mail.submit">, { readonly refused: unknown }>;

/** What submission says no to, in JMAP's words. */
function refusal({ refused: { code, enhanced, text }, recipients = [] }: Refused, maxSize: number): SetError {
  const description = `${code} ${enhanced} ${text}`;
  if (recipients.length > 0 && code >= 500) {
    // Where mail may not go to anybody of them is a matter of rights; what is no mailbox is not.
    if (enhanced.startsWith("5.7.")) return new SetError("forbiddenToSend", description);
    return new SetError("invalidRecipients", description, { invalidRecipients: recipients });
  }
  if (enhanced === "5.7.1") return new SetError("forbiddenFrom", description);
  if (enhanced.endsWith(".3.4")) return new SetError("tooLarge", description, { maxSize });
  if (code >= 500) return new SetError("forbiddenToSend", description);
  return new SetError("rateLimit", description);
}
