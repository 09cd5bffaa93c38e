/** Messages that people send by JMAP: through the programs of submission, with their limits, as if by SMTP. */
import { randomBytes } from "node:crypto";
import { isAscii } from "../../base/ascii.ts";
import type { AnswerOf, Args, EnvelopeSender, Login, Peer, Refusal, SessionId, TraceId } from "../../contract/mod.ts";
import type { Guard } from "../abuse/guard.ts";
import { SessionGuard } from "../abuse/session_guard.ts";
import type { BodySinks } from "../body_sinks.ts";
import { runProgram } from "../run_program.ts";
import { hasUtf8Header, type SubmissionParts, submissionWorld } from "../submission.ts";

/** Somebody who is logged in, where he is, and the bodies of his request. */
export interface Submitter {
  readonly login: Login;
  readonly address: string;
  readonly sinks: BodySinks;
}

/** `mail.submit`. */
export async function submitByJmap(
  parts: SubmissionParts,
  guard: Guard,
  { login, address, sinks }: Submitter,
  args: Args<"mail.submit">,
): Promise<AnswerOf<"mail.submit">> {
  const peer = peerOf(login, address);
  const run = <R>(program: Parameters<typeof runProgram<R>>[0]): Promise<R> =>
    runProgram(program, submissionWorld(parts, sinks), parts.log);
  const limits = new SessionGuard(guard, peer.session, { log: parts.log, run });
  const sender = await completed(args, parts);
  const begun = await limits.sender({ peer, sender }, () => run(parts.programs.verifySender({ peer, sender })));
  if ("refused" in begun) return begun;
  let refused: Refusal | null = null;
  const recipients: string[] = [];
  for (const recipient of args.recipients) {
    const question = { peer, sender, recipient };
    const answer = await limits.recipient(question, () => run(parts.programs.verifyRecipient(question)));
    if (!("refused" in answer)) continue;
    refused ??= naming(answer.refused, recipient.forwardPath);
    recipients.push(recipient.forwardPath);
    if (answer.refused.code < 500) break; // too many at the moment: the others would be too
  }
  if (refused) return { refused, recipients };
  const message: Args<"message.receive"> = {
    peer,
    envelope: { sender, recipients: args.recipients },
    blobId: args.blobId,
    size: sender.size ?? 0,
    traceId: `${peer.session.id}.1` as TraceId,
  };
  const receive = (filtered: Args<"message.receive">) => run(parts.programs.receive(filtered));
  const answer = await (parts.filters?.receive(message, [], parts.log, receive) ?? receive(message));
  return "refused" in answer ? answer : { accepted: answer.accepted };
}

/** What only the message and the addresses tell. */
async function completed({ sender, recipients, blobId, holdUntil }: Args<"mail.submit">, parts: SubmissionParts) {
  const paths = [sender.reversePath, ...recipients.map(({ forwardPath }) => forwardPath)];
  const smtputf8 = !paths.every(isAscii) || await hasUtf8Header(blobId, parts.storage);
  const whole: EnvelopeSender = { ...sender, smtputf8, ...(holdUntil !== null && { hold: { until: holdUntil } }) };
  return whole;
}

function peerOf(login: Login, remoteAddress: string): Peer {
  const id = BigInt("0x" + randomBytes(10).toString("hex")).toString(36) as SessionId;
  const place = { remoteAddress, remotePort: 0, localAddress: "local", localPort: 0, tls: null };
  return { session: { id, protocol: "submission", ...place }, helo: "localhost", via: "HTTP", login };
}

/** Whom it is about: one answer stands for many recipients. */
function naming(refusal: Refusal, forwardPath: string): Refusal {
  return { ...refusal, text: `<${forwardPath}>: ${refusal.text}` };
}
