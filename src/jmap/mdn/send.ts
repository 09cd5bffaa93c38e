import { ask, type EmailId, type EmailObject, type Program } from "../../contract/mod.ts";
import {
  buildMessage,
  fieldDecoded,
  fieldText,
  findField,
  formatDate,
  type HeaderField,
  headerFields,
  type OutgoingPart,
  parseAddressList,
} from "../../message/mod.ts";
import type { JmapAccount } from "../account.ts";
import type { Call } from "../call.ts";
import { readOctets } from "../email/octets.ts";
import { MethodError, SetError } from "../error.ts";
import { allIdentities, type Identity } from "../identity/identities.ts";
import { isObject, type Json, type JsonObject } from "../json.ts";
import { type MdnFacts, printDisposition, readMdn, type WantedMdn } from "./disposition.ts";

/** The mark of an email whose sender was told (RFC 3503). */
const SENT = "$mdnsent";
/** Addresses that may ask to be told of one email. */
const ASKING = 10;

/** MDN/send (RFC 9007 section 2.1): whoever asked for it is told what became of a message, once. */
export function* mdnSend(call: Call): Program<JsonObject> {
  const account = call.account(true);
  const identityId = call.resolve(call.string("identityId"));
  const send = call.object("send");
  const onSuccess = call.object("onSuccessUpdateEmail") ?? {};
  call.done();
  if (send === null) throw call.wrong("send", "an object of MDNs");
  if (Object.values(onSuccess).some((patch) => !isObject(patch))) {
    throw call.wrong("onSuccessUpdateEmail", "an object of patches");
  }
  if (Object.keys(send).length > call.context.limits.maxObjectsInSet) throw new MethodError("requestTooLarge");
  const identity = (yield* allIdentities(call, account.name)).find(({ id }) => id === identityId);
  if (!identity) throw call.wrong("identityId", "the id of an identity");
  const sent: [string, JsonObject][] = [];
  const notSent: [string, JsonObject][] = [];
  const update: Record<string, Json> = {};
  for (const [creationId, object] of Object.entries(send)) {
    try {
      const wanted = readMdn(object);
      const emailId = call.resolve(wanted.forEmailId) as EmailId;
      sent.push([creationId, yield* sendOne(call, account, identity, { ...wanted, forEmailId: emailId })]);
      const patch = onSuccess[`#${creationId}`] as JsonObject | undefined;
      if (patch) update[emailId] = { ...update[emailId] as JsonObject | undefined, ...patch };
    } catch (error) {
      if (!(error instanceof SetError)) throw error;
      notSent.push([creationId, error.toJson()]);
    }
  }
  if (Object.keys(update).length > 0) call.next.push(["Email/set", { accountId: account.accountId, update }]);
  return {
    accountId: account.accountId,
    sent: sent.length > 0 ? Object.fromEntries(sent) : null,
    notSent: notSent.length > 0 ? Object.fromEntries(notSent) : null,
  };
}

/** Answers what the client did not say. */
function* sendOne(
  call: Call,
  { accountId }: JmapAccount,
  identity: Identity,
  wanted: WantedMdn,
): Program<JsonObject> {
  const emailIds = [wanted.forEmailId as EmailId];
  const [email] = yield* ask("email.objects", { accountId, emailIds, fields: ["header"] });
  if (!email) throw new SetError("notFound", "there is no such email");
  const fields = headerFields(email.header!);
  const to = askers(fields);
  // RFC 8098 section 2.1: nobody is told who did not ask.
  if (to.length === 0) throw new SetError("notFound", "the email has no Disposition-Notification-To with an address");
  if (email.flags.some((flag) => flag.toLowerCase() === SENT)) throw new SetError("mdnAlreadySent");
  if (!(yield* ask("address.owned", { accountId, address: identity.email }))) {
    throw new SetError("forbiddenFrom", "this is no address of the account");
  }
  const facts: MdnFacts = {
    originalRecipient: textOf(fields, "original-recipient"),
    finalRecipient: typed(wanted.finalRecipient ?? identity.email),
    originalMessageId: textOf(fields, "message-id"),
  };
  const bytes = yield* compose(call, identity, email, to, wanted, facts);
  const { maxSizeMessage } = call.context.limits;
  if (bytes.length > maxSizeMessage) throw new SetError("tooLarge", "", { maxSize: maxSizeMessage });
  const made = yield* ask("body.make", { parts: [{ octets: bytes }] });
  if ("refused" in made) throw new SetError("overQuota", "the server has no room");
  const answer = yield* ask("mail.submit", {
    accountId,
    sender: {
      // RFC 8098 section 3: MAIL FROM is null, so that nobody answers.
      reversePath: "",
      size: made.size,
      body: "8bitmime",
      smtputf8: false,
      requireTls: false,
      ret: null,
      envid: null,
    },
    recipients: to.map((forwardPath) => ({ forwardPath, notify: [], orcpt: null })),
    blobId: made.blobId,
    holdUntil: null,
  });
  if ("refused" in answer) {
    const { code, enhanced, text } = answer.refused;
    const type = code < 500 ? "rateLimit" : enhanced === "5.7.1" ? "forbiddenFrom" : "forbidden";
    throw new SetError(type, `${code} ${enhanced} ${text}`);
  }
  call.hasChanged = true;
  const now = yield* ask("clock.now", {});
  const mark = [{ emailId: email.emailId, flags: { add: [SENT] } }];
  yield* ask("email.set", { accountId, update: mark, now });
  return {
    ...(wanted.finalRecipient === null && { finalRecipient: facts.finalRecipient }),
    originalMessageId: facts.originalMessageId,
    originalRecipient: facts.originalRecipient,
    mdnGateway: null,
    error: null,
  };
}

/** RFC 8098 section 2.1: who wants to be told. */
function askers(fields: readonly HeaderField[]): readonly string[] {
  const list = textOf(fields, "disposition-notification-to");
  const found = new Map<string, string>();
  for (const { mailbox, host } of list === null ? [] : parseAddressList(list)) {
    if (mailbox && host) found.set(`${mailbox}@${host}`.toLowerCase(), `${mailbox}@${host}`);
  }
  return [...found.values()].slice(0, ASKING);
}

function textOf(fields: readonly HeaderField[], name: string): string | null {
  const field = findField(fields, name);
  const text = field ? fieldText(field).slice(0, 990) : "";
  return text === "" ? null : text;
}

/** RFC 8098 section 3.2.4: with the type of the address before it. */
function typed(recipient: string): string {
  return /^[\w-]+\s*;/.test(recipient) ? recipient : `rfc822; ${recipient}`;
}

function* compose(
  call: Call,
  identity: Identity,
  email: EmailObject,
  to: readonly string[],
  wanted: WantedMdn,
  facts: MdnFacts,
): Program<Uint8Array> {
  const now = yield* ask("clock.now", {});
  const word = yield* ask("text.random", {});
  const asked = findField(headerFields(email.header!), "subject");
  const subject = asked ? fieldDecoded(asked).slice(0, 800) : "";
  const domain = identity.email.slice(identity.email.lastIndexOf("@") + 1);
  const isAutomatic = wanted.disposition.sendingMode === "mdn-sent-automatically";
  const parts: OutgoingPart[] = [
    { type: "text/plain", text: wanted.textBody ?? defaultText(wanted) },
    { type: "message/disposition-notification", bytes: printDisposition(wanted, facts) },
  ];
  if (wanted.includeOriginalMessage) {
    if (email.blobSize > call.context.limits.maxSizeMessage) throw new SetError("tooLarge");
    const reader = { accountId: call.context.user.accountId, blobId: email.blobId };
    parts.push({ type: "message/rfc822", bytes: yield* readOctets(reader, 0, email.blobSize) });
  }
  const name = identity.name.replaceAll(/["\\]/g, "");
  const { originalMessageId } = facts;
  return buildMessage({
    headers: [
      ["From", name === "" ? identity.email : `"${name}" <${identity.email}>`],
      ["To", to.join(", ")],
      ["Subject", wanted.subject ?? `Disposition notification: ${subject}`],
      ["Date", formatDate(now)],
      ["Message-ID", `<${word}@${domain}>`],
      ...(originalMessageId === null ? [] : [["References", originalMessageId] as const]),
      // RFC 3834 section 5.
      ...(isAutomatic ? [["Auto-Submitted", "auto-replied"] as const] : []),
    ],
    body: { type: "multipart/report; report-type=disposition-notification", parts },
  }, word.slice(0, 16));
}

function defaultText({ disposition: { type } }: WantedMdn): string {
  return `Your message was ${type}.` +
    (type === "displayed" ? " This is no guarantee that it was read or understood.\n" : "\n");
}
