/** Takes a message that was brought, in a session of the world that connections to port 25 have. */
import { isAscii } from "../../base/ascii.ts";
import { domainToAscii } from "../../base/address.ts";
import type {
  EnvelopeRecipient,
  EnvelopeSender,
  Peer,
  Refusal,
  SessionId,
  SessionInfo,
  TraceId,
} from "../../contract/mod.ts";
import type { InboundMessage, InboundSource, InboundTaken } from "../../http/inbound_desk.ts";
import { SYSTEM_FULL, TOO_LARGE } from "../../mda/mod.ts";
import { crlfLines } from "../../message/mod.ts";
import type { SessionWorld, World } from "../../net/world.ts";
import type { Storage } from "../../storage/storage.ts";
import { hasUtf8Header } from "../submission.ts";

export interface ReceiveParts {
  readonly world: World;
  readonly storage: Storage;
  /** Octets of the largest message. */
  readonly messageSize: number;
}

export type Received =
  | { readonly taken: InboundTaken }
  | { readonly refused: Refusal; readonly recipients?: readonly (Refusal | null)[] };

const SINK = 1;
const NOT_HERE: Refusal = { code: 550, enhanced: "5.7.1", text: "This source may not bring mail for this domain" };

export async function receiveBrought(
  source: InboundSource,
  message: InboundMessage,
  sessionId: SessionId,
  parts: ReceiveParts,
): Promise<Received> {
  const peer = peerOf(source, message, sessionId);
  const session = parts.world.open(peer.session, () => {});
  try {
    return await receive(source, message, peer, session, parts);
  } finally {
    session.close();
  }
}

async function receive(
  source: InboundSource,
  { sender: reversePath, recipients, octets }: InboundMessage,
  peer: Peer,
  session: SessionWorld,
  parts: ReceiveParts,
): Promise<Received> {
  const begun: EnvelopeSender = {
    reversePath,
    size: null,
    body: "7bit",
    smtputf8: false,
    requireTls: false,
    ret: null,
    envid: null,
  };
  const mail = await session.perform("sender.verify", { peer, sender: begun });
  if ("refused" in mail) return mail;
  const all = recipients.map((forwardPath): EnvelopeRecipient => ({ forwardPath, notify: null, orcpt: null }));
  const refusals = new Map<EnvelopeRecipient, Refusal>();
  for (const recipient of all) {
    const answer = isFor(source, recipient.forwardPath)
      ? await session.perform("rcpt.verify", { peer, sender: begun, recipient })
      : { refused: NOT_HERE };
    if ("refused" in answer) refusals.set(recipient, answer.refused);
  }
  const taking = all.filter((one) => !isForGood(refusals.get(one)));
  const each = () => all.map((one) => refusals.get(one) ?? null);
  // What is put off for one of them is put off for all: whoever brings it comes again with all.
  const putOff = taking.map((one) => refusals.get(one)).find((refusal) => refusal !== undefined);
  if (putOff) return { refused: putOff, recipients: each() };
  if (taking.length === 0) return { refused: [...refusals.values()][0]!, recipients: each() };
  const eightBit = await takeIn(octets, session, parts.messageSize);
  if (eightBit === "tooLarge") return { refused: TOO_LARGE };
  const body = await session.perform("body.seal", { sink: SINK });
  if ("refused" in body) return { refused: SYSTEM_FULL };
  const isPlain = [reversePath, ...recipients].every(isAscii);
  const sender: EnvelopeSender = {
    ...begun,
    size: body.size,
    body: eightBit ? "8bitmime" : "7bit",
    smtputf8: !isPlain || (eightBit && await hasUtf8Header(body.blobId, parts.storage)),
  };
  const traceId = `${peer.session.id}.1` as TraceId;
  const envelope = { sender, recipients: taking };
  const answer = await session.perform("message.receive", { peer, envelope, ...body, traceId });
  if ("refused" in answer) return { ...answer, recipients: all.map((one) => refusals.get(one) ?? answer.refused) };
  for (const [i, refusal] of answer.recipients.entries()) if (refusal) refusals.set(taking[i]!, refusal);
  return { taken: { traceId: answer.accepted, recipients: each() } };
}

function peerOf({ name, believed }: InboundSource, { client, address }: InboundMessage, id: SessionId): Peer {
  const isTold = believed && client.address !== null;
  const session: SessionInfo = {
    id,
    protocol: "smtp",
    remoteAddress: isTold ? client.address! : address === "" ? "local" : address,
    remotePort: 0,
    localAddress: "local",
    localPort: 0,
    tls: null,
    brought: isTold ? "told" : "untold",
  };
  // What is no name is not written as one.
  return { session, helo: isTold ? client.helo ?? "unknown" : name, via: "HTTP", login: null };
}

function isFor({ domains }: InboundSource, address: string): boolean {
  return domains.length === 0 || domains.includes(domainToAscii(address.slice(address.lastIndexOf("@") + 1)) ?? "");
}

function isForGood(refusal: Refusal | undefined): boolean {
  return refusal !== undefined && refusal.code >= 500;
}

/** Whether there are octets above 127; `tooLarge` as soon as it is. */
async function takeIn(
  body: InboundMessage["octets"],
  session: SessionWorld,
  limit: number,
): Promise<boolean | "tooLarge"> {
  const lines = crlfLines();
  let size = 0;
  let eightBit = false;
  for await (const chunk of body ?? []) {
    const octets = lines(chunk);
    size += octets.length;
    if (size > limit) return "tooLarge";
    eightBit ||= octets.some((octet) => octet > 127);
    await session.bodyChunk(SINK, octets);
  }
  return eightBit;
}
