import { type Admin, detailOf } from "../admin.ts";
import type { Command, Invocation } from "../command.ts";
import type { DeliverCall } from "../deliver_arguments.ts";
import { Exit } from "../exit.ts";
import { deliveryExit, exitOf, sysexit, SYSEXITS, worstOf } from "../sendmail/exit_codes.ts";
import { batches, ownDomain, withoutBrackets } from "../sendmail/recipients.ts";
import { printable } from "../table.ts";

interface Delivered {
  readonly recipients: readonly {
    readonly recipient: string;
    readonly refused: string | null;
    readonly returned: boolean;
  }[];
}

export const deliver: Command = {
  words: ["deliver"],
  operands: "ADDRESS…",
  least: 0,
  most: 100_000,
  summary: "Deliver the message on stdin into mailboxes of this server",
  about:
    `A delivery agent, as procmail, maildrop and dovecot-lda are: for getmail, for other mail servers, and for fetchmail by
mda "palomar deliver -f %F ADDRESS".

  -d ADDRESS    a recipient, besides those given as words
  -f SENDER     envelope sender; <> for none. Default: Return-Path of the message, else its mailbox file's From line
  -a ORIGINAL   whom the message was first for; reports name it
  -e            say why a recipient refuses the message and end with 77; else its sender is told, and the code is 0
  --lmtp PLACE  hand it over by LMTP, to the socket of a listener or ADDRESS:PORT; refusals are told as with -e

Without --lmtp it is for root and the user of the server, whose configuration it reads. With it anybody may call it who
may open the socket, as the mailbox_command of Postfix; then each address needs its domain.

Scripts of the accounts run, aliases and quotas count, as over LMTP. Lines may end in LF. A From line of a mailbox file
is left out. Names without @ are of the domain of this server; so is a detail: alice+lists@example.org.
Exit codes are those of sysexits.h: 64 usage, 65 the message is wrong, 67 no such user, 69 larger than the mailbox may
be, 75 try again later (a full mailbox too), 77 refused. Of several recipients 75 decides before 77, 69, 67 and 65;
those that took the message get it again when it is tried again.`,
  examples: [
    "palomar deliver alice@example.org < message.eml",
    "palomar deliver -f zoe@example.net -a list@example.org alice@example.org",
    "palomar deliver -e -f zoe@example.net -d alice@example.org",
    "palomar deliver --lmtp /run/palomar/lmtp -f zoe@example.net alice@example.org",
  ],
  options: [],
  ownArguments: true,
  async run(invocation) {
    const { readDeliverArguments } = await import("../deliver_arguments.ts");
    const call = readDeliverArguments(invocation.operands);
    if ("wrong" in call) throw new Exit(SYSEXITS.usage, call.wrong);
    try {
      return call.lmtp === null ? await run(call, invocation) : await overLmtp(call, call.lmtp, invocation);
    } catch (error) {
      if (!(error instanceof Exit)) throw error;
      throw new Exit(sysexit(error), error.message);
    }
  },
};

async function run(call: DeliverCall, { io, config, admin }: Invocation): Promise<number> {
  const { readDelivered } = await import("../sendmail/delivered_message.ts");
  const { limits, hostname } = await config();
  const input = await io.readAll(limits.messageSize);
  if (input === null) throw new Exit(SYSEXITS.dataError, `the message has more than ${limits.messageSize} octets`);
  const { message, sender: found } = readDelivered(input);
  if (message.length === 0) throw new Exit(SYSEXITS.dataError, "there is no message on stdin");
  const server = await admin();
  const domain = await ownDomain(server, hostname);
  const { known, unknown } = await addresses(call.recipients, domain);
  for (const name of unknown) io.err(`palomar: ${printable(name)}: this is not an address\n`);
  const [original] = call.original === null ? [] : (await addresses([call.original], domain)).known;
  const query = new URLSearchParams({ sender: await senderOf(call, found, domain), bounce: String(!call.refuse) });
  if (original !== undefined) query.set("original", original);
  const codes: number[] = unknown.map(() => SYSEXITS.noUser);
  for (const batch of batches(known)) {
    for (const { name, code, why } of await deliverTo(batch, query, message, server)) {
      codes.push(code);
      if (why !== null) io.err(`palomar: ${printable(name === null ? why : `${name}: ${why}`)}\n`);
    }
  }
  return worstOf(codes);
}

/** The largest message, octets; the server says what it takes. */
const LARGEST = 1 << 30;

/** For callers who can read no configuration: nothing is asked of it. */
async function overLmtp(call: DeliverCall, place: string, { io }: Invocation): Promise<number> {
  const { readDelivered } = await import("../sendmail/delivered_message.ts");
  const { deliverOverLmtp } = await import("../sendmail/over_lmtp.ts");
  const input = await io.readAll(LARGEST);
  if (input === null) throw new Exit(SYSEXITS.dataError, `the message has more than ${LARGEST} octets`);
  const { message, sender: found } = readDelivered(input);
  if (message.length === 0) throw new Exit(SYSEXITS.dataError, "there is no message on stdin");
  const { known, unknown } = await addresses(call.recipients, "");
  for (const name of unknown) io.err(`palomar: ${printable(name)}: this is not an address with a domain\n`);
  const codes: number[] = unknown.map(() => SYSEXITS.noUser);
  if (known.length === 0) return worstOf(codes);
  const [original = null] = call.original === null ? [] : (await addresses([call.original], "")).known;
  const delivery = { place, sender: await senderOf(call, found, ""), recipients: known, original, message };
  const results = await deliverOverLmtp(delivery).catch((error: Error) => {
    throw new Exit(SYSEXITS.temporary, `${place}: ${error.message}`);
  });
  for (const [i, { kind, code, enhanced, text }] of results.entries()) {
    if (kind === "delivered") continue;
    const reply = `${code} ${enhanced} ${text}`;
    codes.push(kind === "temporary" ? SYSEXITS.temporary : deliveryExit(reply));
    io.err(`palomar: ${printable(`${known[i]}: ${reply}`)}\n`);
  }
  return worstOf(codes);
}

async function deliverTo(
  recipients: readonly string[],
  query: URLSearchParams,
  message: Uint8Array,
  server: Admin,
): Promise<{ readonly name: string | null; readonly code: number; readonly why: string | null }[]> {
  const all = new URLSearchParams(query);
  for (const recipient of recipients) all.append("recipient", recipient);
  const { status, text } = await server.send(`/deliveries?${all}`, message);
  if (status !== 200) {
    const why = detailOf(status, text);
    const code = /^[45]\d\d /.test(why) ? deliveryExit(why) : exitOf(status, why);
    return [{ name: null, code, why }];
  }
  return (JSON.parse(text) as Delivered).recipients.map(({ recipient: name, refused, returned }) => {
    if (refused === null || returned) return { name, code: SYSEXITS.ok, why: null };
    return { name, code: deliveryExit(refused), why: refused };
  });
}

/** Those that are addresses, once each, and those that are none. */
async function addresses(names: readonly string[], domain: string) {
  const { domainToAscii, formatAddress, parseAddress } = await import("../../base/address.ts");
  const known = new Set<string>();
  const unknown: string[] = [];
  for (const name of names) {
    const bare = withoutBrackets(name);
    const parsed = bare.length > 1000 ? null : parseAddress(bare.includes("@") ? bare : `${bare}@${domain}`);
    if (parsed !== null && domainToAscii(parsed.domain) !== null) known.add(formatAddress(parsed));
    else unknown.push(name.slice(0, 80));
  }
  return { known: [...known], unknown };
}

/** Whoever wrote to us chose it: what is no address is nobody, and the message is not lost for that. */
async function senderOf(call: DeliverCall, found: string, domain: string): Promise<string> {
  const name = call.sender ?? found;
  if (name === "" || name === "<>") return "";
  return (await addresses([name], domain)).known[0] ?? "";
}
