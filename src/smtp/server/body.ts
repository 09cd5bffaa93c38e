/** DATA and BDAT (RFC 5321 section 4.1.1.4, RFC 3030), and what becomes of a body that has come whole. */
import { parseDigits, upperAscii } from "../../base/ascii.ts";
import { concatBytes, EMPTY } from "../../base/bytes.ts";
import type { AnswerOf, Refusal } from "../../contract/mod.ts";
import { type BareBreak, BreakChecker, DotDecoder, formatRefusal, formatReply } from "../wire/mod.ts";
import { tooBig } from "./envelope.ts";
import type { At, Body, Reply, SmtpState } from "./state.ts";

const GO_AHEAD = formatReply(354, null, "End data with <CR><LF>.<CR><LF>");
/** More views than this from one piece are joined: a body of dots must not become a flood of effects. */
const VIEWS = 4;

export function data(s: SmtpState, arg: string): void {
  if (arg !== "") return s.refuse("DATA", 501, "5.5.4", "DATA takes no argument");
  const problem = notReady(s);
  if (problem) return s.refuse("DATA", problem.code, problem.enhanced ?? "5.5.1", problem.text);
  const mail = s.mail!;
  // RFC 3030 sections 2 and 3: never after BDAT, never for BINARYMIME.
  if (mail.body !== null || mail.sender.body === "binarymime") {
    return s.refuse("DATA", 503, "5.5.1", "This message must come with BDAT");
  }
  const body = s.beginBody(null);
  mail.body = body;
  s.at = { kind: "data", body, decoder: new DotDecoder() };
  s.send(GO_AHEAD);
}

/** `BDAT size [LAST]`: its octets follow at once and are consumed whatever the reply will be. */
export function bdat(s: SmtpState, arg: string): void {
  const [digits = "", last, ...more] = arg.split(" ", 4);
  const size = parseDigits(digits);
  if (size === null || more.length > 0 || (last !== undefined && upperAscii(last) !== "LAST")) {
    // Nobody knows how many octets follow, and none of them may be taken for a command.
    s.logRefusal("BDAT", 501, "malformed");
    return s.close(formatReply(501, "5.5.4", "BDAT needs a size; closing the connection"));
  }
  const problem = notReady(s);
  let body: Body | null = null;
  if (problem === null) {
    const mail = s.mail!;
    body = mail.body ??= s.beginBody(mail.sender.body === "binarymime" ? null : new BreakChecker());
    if (body.size + size > s.options.limits.messageSize) {
      s.resetMail();
      body = null;
    }
  }
  const reply = body !== null ? null : problem ?? tooBig(s);
  s.at = { kind: "chunk", left: size, size, last: last !== undefined, body, reply };
}

function notReady(s: SmtpState): Reply | null {
  if (s.mail === null) return { code: 503, enhanced: "5.5.1", text: "Send MAIL and RCPT first" };
  if (s.mail.recipients.length > 0) return null;
  // RFC 5321 section 3.3; RFC 2033 section 4.2 wants 503 in every case.
  return s.mail.tried && s.options.profile !== "lmtp"
    ? { code: 554, enhanced: "5.5.1", text: "No valid recipients" }
    : { code: 503, enhanced: "5.5.1", text: "Send RCPT first" };
}

/** Reads what there is of DATA. */
export function readData(s: SmtpState, at: Extract<At, { kind: "data" }>): void {
  const views: Uint8Array[] = [];
  s.in.skip(at.decoder.decode(s.in.peek(), views));
  const pieces = views.length > VIEWS ? [concatBytes(views)] : views;
  for (const piece of pieces) take(s, at.body, piece);
  if (at.decoder.ended) ended(s, at.body, at.decoder.broken);
}

/** Reads what there is of a BDAT chunk. */
export function readChunk(s: SmtpState, at: Extract<At, { kind: "chunk" }>): void {
  if (at.left > 0) {
    const piece = s.in.take(at.left);
    at.left -= piece.length;
    if (at.body !== null) {
      at.body.checker?.check(piece);
      take(s, at.body, piece);
    }
    if (at.left > 0) return;
  }
  s.at = { kind: "command" };
  if (at.reply !== null) return s.refuse("BDAT", at.reply.code, at.reply.enhanced ?? "5.5.0", at.reply.text);
  if (at.last) return ended(s, at.body!, at.body!.checker?.finish() ?? null);
  s.reply(250, "2.0.0", `${at.size} octets received`);
}

function take(s: SmtpState, body: Body, piece: Uint8Array): void {
  body.size += piece.length;
  if (body.size > s.options.limits.messageSize) {
    if (!body.tooBig) s.abort(body);
    body.tooBig = true;
  } else if (piece.length > 0) {
    body.opened = true;
    s.out.push({ type: "bodyChunk", sink: body.sink, chunk: piece });
  }
}

function ended(s: SmtpState, body: Body, broken: BareBreak | null): void {
  s.at = { kind: "command" };
  if (body.tooBig) return finish(s, body, tooBig(s));
  if (broken !== null) {
    const what = broken === "bareLf" ? "a line feed without carriage return" : "a carriage return without line feed";
    return finish(s, body, {
      code: 554,
      enhanced: "5.6.0",
      text: `The message has ${what}; end every line with CR LF (RFC 5321 section 2.3.8)`,
    });
  }
  if (!body.opened) { // an empty message is a message
    body.opened = true;
    s.out.push({ type: "bodyChunk", sink: body.sink, chunk: EMPTY });
  }
  s.at = { kind: "asking", id: s.nextCall(), then: { kind: "seal", body } };
  s.out.push({ type: "call", id: s.at.id, op: "body.seal", args: { sink: body.sink } });
}

/** The body is sealed: it is offered to whoever receives. */
export function sealed(s: SmtpState, body: Body, answer: AnswerOf<"body.seal">): void {
  if ("refused" in answer) {
    return finish(s, body, { code: 452, enhanced: "4.3.1", text: "Not enough storage, please try again later" });
  }
  const { sender, recipients } = s.mail!;
  s.at = { kind: "asking", id: s.nextCall(), then: { kind: "receive", body } };
  const { blobId, size } = answer;
  const args = { peer: s.peer(sender.smtputf8), envelope: { sender, recipients }, blobId, size, traceId: body.traceId };
  s.out.push({ type: "call", id: s.at.id, op: "message.receive", args });
}

const NOT_DELIVERED: Refusal = { code: 451, enhanced: "4.3.0", text: "Not delivered, please try again" };

/** The message is ours, or it is not. Only here is 250 said. */
export function received(s: SmtpState, body: Body, answer: AnswerOf<"message.receive">): void {
  if ("refused" in answer) return finish(s, body, answer.refused);
  if (s.options.profile === "lmtp") {
    // RFC 2033 section 4.2: one reply for each accepted RCPT, in their order.
    s.mail!.recipients.forEach((_, i) => {
      const refusal = answer.recipients[i];
      if (refusal === null) s.reply(250, "2.0.0", `Ok: ${answer.accepted}`);
      else s.send(formatRefusal(refusal ?? NOT_DELIVERED, s.mail!.sender.smtputf8));
    });
  } else s.reply(250, "2.0.0", `Ok: ${answer.accepted}`);
  s.resetMail();
}

/** Ends the transaction with a refusal; for LMTP once a recipient. */
export function finish(s: SmtpState, _body: Body, refusal: Reply): void {
  const enhanced = refusal.enhanced ?? "4.0.0";
  s.logRefusal("DATA", refusal.code, `${enhanced} ${refusal.text}`);
  const times = s.options.profile === "lmtp" ? s.mail?.recipients.length ?? 1 : 1;
  const utf8 = s.mail?.sender.smtputf8 ?? false;
  for (let i = 0; i < times; i++) s.send(formatRefusal({ ...refusal, enhanced }, utf8));
  s.resetMail();
}
