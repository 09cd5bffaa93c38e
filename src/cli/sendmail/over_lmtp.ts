/**
 * Delivering by LMTP (RFC 2033) to a server of this machine: for callers who may neither read its configuration nor open
 * its control socket, as the `mailbox_command` of another mail server is.
 */
import { randomUUID } from "node:crypto";
import type { BlobId, EnvelopeRecipient, EnvelopeSender, Machine, SessionId } from "../../contract/mod.ts";
import { isAscii } from "../../base/ascii.ts";
import { connect } from "../../net/connect.ts";
import { drive } from "../../net/drive.ts";
import type { World } from "../../net/world.ts";
import { type ClientState, outcome, type RecipientResult, smtpClient } from "../../smtp/client/mod.ts";
import { headerFields } from "../../message/mod.ts";

/** A message for mailboxes. */
export interface LmtpDelivery {
  /** The path of a UNIX socket, or `ADDRESS:PORT`. */
  readonly place: string;
  /** Empty: the null sender. */
  readonly sender: string;
  readonly recipients: readonly string[];
  /** Whom the message was first for, or null. */
  readonly original: string | null;
  /** With CRLF. */
  readonly message: Uint8Array;
}

const CONNECT_MS = 30_000;
const NOBODY = { code: 451, enhanced: "4.4.2", text: "The server said nothing more", remote: false } as const;

/** What the server says of each recipient. Rejects where it cannot be reached. */
export async function deliverOverLmtp(delivery: LmtpDelivery): Promise<readonly RecipientResult[]> {
  const { place, message, recipients } = delivery;
  const at = /^(?:\[([0-9A-Fa-f:.]+)\]|([0-9.]+)):(\d{1,5})$/.exec(place);
  const transport = await connect({
    host: at ? at[1] ?? at[2]! : place,
    port: at ? Number(at[3]) : 0,
    timeoutMs: CONNECT_MS,
  });
  const session = smtpClient({
    profile: "lmtp",
    hostname: "localhost",
    tls: "none",
    ...mailOf(delivery),
    blobId: "stdin" as BlobId,
    size: message.length,
    prefix: new Uint8Array(0),
    reuse: null,
  });
  let state: ClientState = session.state;
  const machine: Machine<ClientState> = {
    ...session.machine,
    step(before, input, now) {
      const step = session.machine.step(before, input, now);
      state = step.state;
      return step;
    },
  };
  const { remoteAddress, remotePort, localAddress, localPort, tls } = transport;
  const id = randomUUID() as string as SessionId;
  const info = { id, protocol: "lmtp", remoteAddress, remotePort, localAddress, localPort, tls } as const;
  await drive({ machine, state }, transport, worldOf(message), info);
  const results = outcome(state).recipients;
  return recipients.map((_, i) => results[i] ?? { ...NOBODY, kind: "temporary" });
}

function mailOf({ sender, recipients, original, message }: LmtpDelivery) {
  const eightBit = isEightBit(message);
  const header = eightBit && headerFields(message).some(({ raw }) => /[^\0-\x7f]/.test(raw));
  const smtputf8 = header || ![sender, ...recipients].every((path) => isAscii(path));
  const from: EnvelopeSender = {
    reversePath: sender,
    size: message.length,
    body: eightBit ? "8bitmime" : "7bit",
    smtputf8,
    requireTls: false,
    ret: null,
    envid: null,
  };
  const orcpt = original === null ? null : `${isAscii(original) ? "rfc822" : "utf-8"};${original}`;
  const all: readonly EnvelopeRecipient[] = recipients.map((forwardPath) => ({ forwardPath, notify: null, orcpt }));
  return { sender: from, recipients: all, utf8Headers: header };
}

function isEightBit(octets: Uint8Array): boolean {
  return octets.some((octet) => octet > 127);
}

/** The client asks for nothing but the message. */
function worldOf(message: Uint8Array): World {
  return {
    open: () => ({
      perform: (op) => {
        throw new Error(`${op} is not asked here`);
      },
      bodyChunk() {},
      bodyAbort() {},
      readBlob: (_, start, end) => Promise.resolve(message.subarray(start, end)),
      log() {},
      close() {},
    }),
  };
}
