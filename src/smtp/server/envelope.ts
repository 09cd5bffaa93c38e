/** MAIL and RCPT: RFC 5321 sections 4.1.1.2 and 4.1.1.3 with the parameters of RFC 1870, 3461, 4865, 6152, 6531 and 8689. */
import { equalsIgnoreCase, isAscii, parseDigits, upperAscii } from "../../base/ascii.ts";
import { latin1Bytes, utf8Strict } from "../../base/bytes.ts";
import type { EnvelopeRecipient, EnvelopeSender, Notify, Refusal } from "../../contract/mod.ts";
import {
  decodeXtext,
  ENVID,
  type EsmtpParams,
  formatRefusal,
  ORCPT,
  parseForwardPath,
  parseHoldFor,
  parseHoldUntil,
  parseParams,
  parseReversePath,
} from "../wire/mod.ts";
import { offersBinary, offersFutureRelease, offersVerp } from "./hello.ts";
import type { Reply, SmtpState } from "./state.ts";

const UNKNOWN: Reply = { code: 555, enhanced: "5.5.4", text: "A parameter of MAIL is not known here" };
const BAD_PARAMS: Reply = { code: 501, enhanced: "5.5.4", text: "A parameter is malformed or stands twice" };

/** `MAIL FROM:<reverse-path> [parameters]` */
export function mail(s: SmtpState, arg: string): void {
  const { options } = s;
  const refuse = (reply: Reply) => s.refuse("MAIL", reply.code, reply.enhanced ?? "5.5.0", reply.text);
  if (s.mail !== null) return refuse({ code: 503, enhanced: "5.5.1", text: "A transaction is open; send RSET first" });
  if (options.profile === "submission" && s.login === null) {
    // RFC 6409 section 4.3
    return refuse({ code: 530, enhanced: "5.7.0", text: "Authentication required; send AUTH first" });
  }
  if (s.mails >= options.limits.mails) {
    s.logRefusal("MAIL", 421, "mails");
    return s.end("4.5.3", "Too many messages in one session; connect again"); // RFC 9422 section 4.1
  }
  const path = equalsIgnoreCase(arg.slice(0, 5), "FROM:") ? parseReversePath(arg.slice(5)) : null;
  if (path === null) {
    return refuse({ code: 501, enhanced: "5.1.7", text: "Bad sender; write MAIL FROM:<local@domain> or MAIL FROM:<>" });
  }
  const params = parseParams(path.rest);
  if (params === null) return refuse(BAD_PARAMS);
  const sender = senderOf(s, path.text, params);
  if ("code" in sender) return refuse(sender);
  if (!path.ascii && !sender.smtputf8) {
    // RFC 6531 section 3.5
    return refuse({ code: 550, enhanced: "5.6.7", text: "The address needs the parameter SMTPUTF8" });
  }
  s.at = { kind: "asking", id: s.nextCall(), then: { kind: "mail", sender } };
  s.out.push({ type: "call", id: s.at.id, op: "sender.verify", args: { peer: s.peer(sender.smtputf8), sender } });
}

/** `RCPT TO:<forward-path> [parameters]` */
export function rcpt(s: SmtpState, arg: string): void {
  const transaction = s.mail;
  const refuse = (reply: Reply) => s.refuse("RCPT", reply.code, reply.enhanced ?? "5.5.0", reply.text);
  if (transaction === null || transaction.body !== null) {
    return refuse({ code: 503, enhanced: "5.5.1", text: "Send MAIL first" });
  }
  transaction.tried = true;
  if (transaction.recipients.length >= s.options.limits.recipients) {
    // RFC 5321 section 4.5.3.1.10: what was accepted stays; the client sends the rest in another transaction.
    s.logRefusal("RCPT", 452, "recipients");
    return s.reply(452, "4.5.3", "Too many recipients; send the others in another transaction");
  }
  const path = equalsIgnoreCase(arg.slice(0, 3), "TO:") ? parseForwardPath(arg.slice(3)) : null;
  if (path === null) {
    return refuse({ code: 501, enhanced: "5.1.3", text: "Bad recipient; write RCPT TO:<local@domain>" });
  }
  if (!path.ascii && !transaction.sender.smtputf8) {
    return refuse({ code: 553, enhanced: "5.6.7", text: "The address needs the parameter SMTPUTF8 of MAIL" });
  }
  const params = parseParams(path.rest);
  if (params === null) return refuse(BAD_PARAMS);
  const recipient = recipientOf(path.text, params);
  if ("code" in recipient) return refuse(recipient);
  const peer = s.peer(transaction.sender.smtputf8);
  s.at = { kind: "asking", id: s.nextCall(), then: { kind: "rcpt", recipient } };
  s.out.push({ type: "call", id: s.at.id, op: "rcpt.verify", args: { peer, sender: transaction.sender, recipient } });
}

/** The answer to MAIL. */
export function mailVerified(s: SmtpState, sender: EnvelopeSender, answer: { ok: true } | { refused: Refusal }): void {
  if ("refused" in answer) return refusedByPolicy(s, "MAIL", answer.refused);
  s.mail = { sender, recipients: [], tried: false, body: null };
  s.mails++;
  s.idleCommands = 0;
  s.reply(250, "2.1.0", "Sender ok");
}

/** The answer to RCPT. */
export function rcptVerified(
  s: SmtpState,
  recipient: EnvelopeRecipient,
  answer: { ok: true } | { refused: Refusal },
): void {
  if ("ok" in answer) {
    s.mail?.recipients.push(recipient);
    return s.reply(250, "2.1.5", "Recipient ok");
  }
  s.refusedRecipients++;
  // A harvest of addresses ends here; LMTP's client is our own, and its recipients are many.
  if (s.options.profile !== "lmtp" && s.refusedRecipients >= s.options.limits.refusedRecipients) {
    s.logRefusal("RCPT", 421, "refusedRecipients");
    return s.end("4.7.0", "Too many refused recipients; closing the connection");
  }
  refusedByPolicy(s, "RCPT", answer.refused);
}

function refusedByPolicy(s: SmtpState, command: string, refusal: Refusal): void {
  s.logRefusal(command, refusal.code, `${refusal.enhanced} ${refusal.text}`);
  s.send(formatRefusal(refusal));
  if (refusal.code === 421) s.close(new Uint8Array(0));
}

function senderOf(s: SmtpState, reversePath: string, params: EsmtpParams): EnvelopeSender | Reply {
  let size: number | null = null;
  let body: EnvelopeSender["body"] = "7bit";
  let [smtputf8, requireTls] = [false, false];
  let ret: EnvelopeSender["ret"] = null;
  let envid: string | null = null;
  let hold: EnvelopeSender["hold"];
  let verp = false;
  for (const [name, value] of params) {
    const upper = upperAscii(value ?? "");
    switch (name) {
      case "SIZE":
        size = parseDigits(value ?? "");
        if (size === null) return BAD_PARAMS;
        if (size > s.options.limits.messageSize) return tooBig(s);
        break;
      case "BODY":
        if (upper !== "7BIT" && upper !== "8BITMIME" && upper !== "BINARYMIME") return BAD_PARAMS;
        if (upper === "BINARYMIME" && !offersBinary(s)) {
          return { code: 555, enhanced: "5.6.1", text: "BINARYMIME is not offered here; send text, or Base64" };
        }
        body = upper === "7BIT" ? "7bit" : upper === "8BITMIME" ? "8bitmime" : "binarymime";
        break;
      case "SMTPUTF8":
        if (value !== null) return BAD_PARAMS;
        smtputf8 = true;
        break;
      case "REQUIRETLS":
        if (value !== null || s.tls === null) return BAD_PARAMS;
        requireTls = true;
        break;
      case "RET": // RFC 3461 section 4.3
        if (upper !== "FULL" && upper !== "HDRS") return BAD_PARAMS;
        ret = upper === "FULL" ? "full" : "headers";
        break;
      case "ENVID":
        envid = value === null || value.length > ENVID ? null : decodeXtext(value);
        // RFC 3461 section 4.4: printable ASCII. A line end would make fields in a report.
        if (envid === null || !isPrintable(envid) || !isAscii(envid)) return BAD_PARAMS;
        break;
      case "HOLDFOR":
      case "HOLDUNTIL": {
        if (!offersFutureRelease(s)) return UNKNOWN;
        const parsed = holdOf(name, value ?? "");
        // RFC 4865 section 4: one of the two, not both. How late is too late is the site's decision.
        if (parsed === null || hold !== undefined) return BAD_PARAMS;
        hold = parsed;
        break;
      }
      case "XVERP": // as other servers know it; the delimiters are ours
        if (!offersVerp(s)) return UNKNOWN;
        if ((value !== null && value !== "+=") || reversePath === "") return BAD_PARAMS;
        verp = true;
        break;
      case "AUTH": // RFC 4954 section 5: read, and not believed
        if (value === null || s.options.mechanisms.length === 0 || decodeXtext(value) === null) return BAD_PARAMS;
        break;
      default:
        return UNKNOWN;
    }
  }
  const sender = { reversePath, size, body, smtputf8, requireTls, ret, envid };
  return { ...sender, ...(hold !== undefined && { hold }), ...(verp && { verp }) };
}

function holdOf(name: "HOLDFOR" | "HOLDUNTIL", value: string): NonNullable<EnvelopeSender["hold"]> | null {
  const ms = name === "HOLDFOR" ? parseHoldFor(value) : parseHoldUntil(value);
  if (ms === null) return null;
  return name === "HOLDFOR" ? { for: ms } : { until: ms };
}

/** RFC 1870 section 6.1 */
export function tooBig(s: SmtpState): Reply {
  return {
    code: 552,
    enhanced: "5.3.4",
    text: `Message is too big; the limit is ${s.options.limits.messageSize} octets`,
  };
}

function recipientOf(forwardPath: string, params: EsmtpParams): EnvelopeRecipient | Reply {
  let notify: Notify = null;
  let orcpt: string | null = null;
  for (const [name, value] of params) {
    if (name === "NOTIFY") {
      notify = parseNotify(upperAscii(value ?? ""));
      if (notify === null) return BAD_PARAMS;
    } else if (name === "ORCPT") {
      orcpt = parseOrcpt(value ?? "");
      if (orcpt === null) return BAD_PARAMS;
    } else return { code: 555, enhanced: "5.5.4", text: "A parameter of RCPT is not known here" };
  }
  return { forwardPath, notify, orcpt };
}

/** RFC 3461 section 4.1: NEVER stands alone. */
function parseNotify(text: string): Notify {
  if (text === "NEVER") return [];
  const words = new Set<"success" | "failure" | "delay">();
  for (const word of text.split(",", 4)) {
    if (word === "SUCCESS") words.add("success");
    else if (word === "FAILURE") words.add("failure");
    else if (word === "DELAY") words.add("delay");
    else return null;
  }
  return [...words];
}

/** RFC 3461 section 4.2: `addr-type ";" xtext`. */
function parseOrcpt(text: string): string | null {
  const semicolon = text.indexOf(";");
  if (semicolon < 1 || text.length > ORCPT) return null;
  const type = text.slice(0, semicolon);
  const encoded = text.slice(semicolon + 1);
  const utf8 = equalsIgnoreCase(type, "utf-8"); // RFC 6533 section 3: may stand as it is
  const address = utf8 && !isAscii(encoded) ? utf8Strict(latin1Bytes(encoded)) : decodeXtext(encoded);
  if (!address || !isPrintable(address) || (!utf8 && !isAscii(address))) return null;
  return decodeXtext(type) === type ? `${type};${address}` : null;
}

/** No controls: what goes into a report must not bring lines of its own. */
function isPrintable(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code < 32 || (code >= 127 && code < 160)) return false;
  }
  return true;
}
