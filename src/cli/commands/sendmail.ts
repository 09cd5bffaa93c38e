import { detailOf } from "../admin.ts";
import type { Admin } from "../admin.ts";
import type { Command, Invocation } from "../command.ts";
import { Exit } from "../exit.ts";
import type { Refusal } from "../../contract/mod.ts";
import type { SendmailCall } from "../sendmail/arguments.ts";
import { exitOf, sysexit, SYSEXITS } from "../sendmail/exit_codes.ts";
import { batches, ownDomain, withoutBrackets } from "../sendmail/recipients.ts";
import { queueList } from "./queue_list.ts";

export const sendmail: Command = {
  words: ["sendmail"],
  operands: "[RECIPIENT…]",
  least: 0,
  most: 100_000,
  summary: "Send the message on stdin, as sendmail(8) does",
  about: `For cron, scripts and mail programs: install a /usr/sbin/sendmail that calls it (the README shows one).

  -t            recipients are those of To, Cc and Bcc (Bcc is taken out), besides those given here
  -i, -oi       a line with only a dot does not end the message
  -f SENDER     envelope sender; <> for none. Default: the user's name at the domain of this server
  -F NAME       full name, where the message has no From
  -N WHEN       never, or some of success,failure,delay: which reports are wanted (RFC 3461)
  -R PART       full or hdrs: what a report returns of the message
  -V ENVID      a name for the message that reports repeat
  -XV           each recipient elsewhere gets a sender that names it (VERP)
  -bs           speak SMTP on stdin and stdout
  -bp           list the queue
  -q            try what waits now

Lines may end in LF. Date, Message-ID and From are added where they are missing. Other options of sendmail are taken and
make no difference. Names without @ are of the domain of this server.
Exit codes are those of sysexits.h: 64 usage, 65 the message is wrong, 67 no such user, 69 refused, 75 try again later.`,
  examples: [
    "palomar sendmail -t < message.eml",
    "echo hello | palomar sendmail -f root@example.org alice@example.net",
    "palomar sendmail -bs",
  ],
  options: [],
  ownArguments: true,
  async run(invocation) {
    const { readSendmailArguments } = await import("../sendmail/arguments.ts");
    const call = readSendmailArguments(invocation.operands);
    if ("wrong" in call) throw new Exit(SYSEXITS.usage, call.wrong);
    try {
      return await run(call, invocation);
    } catch (error) {
      if (!(error instanceof Exit)) throw error;
      throw new Exit(sysexit(error), error.message);
    }
  },
};

async function run(call: SendmailCall, invocation: Invocation): Promise<number | void> {
  if (call.mode === "aliases") return SYSEXITS.ok;
  if (call.mode === "queue") return await queueList.run({ ...invocation, operands: [], options: new Map() });
  const server = await invocation.admin();
  if (call.mode === "flush") return void await server.request("POST", "/queue/change", { change: "retry", ids: "all" });
  if (call.mode === "smtp") return await speak(server, invocation);
  return await send(call, server, invocation);
}

/** `-bs`: the codes are said in the dialogue. */
async function speak(server: Admin, { io, config }: Invocation): Promise<number> {
  const { smtpDialogue } = await import("../sendmail/smtp_dialogue.ts");
  const { limits, hostname } = await config();
  await smtpDialogue({
    hostname,
    messageSize: limits.messageSize,
    input: io.input(),
    output: (octets) => io.write(octets),
    async send(message, { sender, recipients }) {
      const query = new URLSearchParams({ sender: sender.reversePath });
      for (const { forwardPath, notify, orcpt } of recipients) {
        query.append("recipient", forwardPath);
        query.append("notify", notify === null ? "" : notify.length === 0 ? "never" : notify.join(","));
        query.append("orcpt", orcpt ?? "");
      }
      if (sender.ret !== null) query.set("ret", sender.ret);
      if (sender.envid !== null) query.set("envid", sender.envid);
      const { status, text } = await server.send(`/messages?${query}`, message);
      return status === 201 ? null : refusalOf(status, detailOf(status, text));
    },
  });
  return SYSEXITS.ok;
}

/** The reply that the answer began with, or one of its kind. */
function refusalOf(status: number, detail: string): Refusal {
  const [, code, enhanced, text] = /^([45]\d\d) ([45]\.\d+\.\d+) (.*)/s.exec(detail) ?? [];
  if (code !== undefined) return { code: Number(code), enhanced: enhanced!, text: text! };
  const temporary = status >= 500 || status === 408;
  return temporary
    ? { code: 451, enhanced: "4.3.0", text: "The server cannot take it now, try again later" }
    : { code: 550, enhanced: "5.6.0", text: detail };
}

async function send(call: SendmailCall, server: Admin, { io, config }: Invocation): Promise<number> {
  const { completed, qualified, readInput, recipientsOf } = await import("../sendmail/message.ts");
  const { limits, hostname } = await config();
  const input = await io.readAll(limits.messageSize);
  if (input === null) throw new Exit(SYSEXITS.dataError, `the message has more than ${limits.messageSize} octets`);
  const text = readInput(input, call.dots);
  const domain = await ownDomain(server, hostname);
  const whole = (name: string) => name.includes("@") ? name : `${name}@${domain}`;
  const named = call.fromHeader ? [...call.recipients, ...recipientsOf(text)] : call.recipients;
  const recipients = [...new Set(named.map((one) => whole(withoutBrackets(one))))];
  if (recipients.length === 0) {
    throw new Exit(SYSEXITS.usage, call.fromHeader ? "the message names no recipient" : "there is no recipient");
  }
  const sender = call.sender === "" ? "" : whole(withoutBrackets(call.sender ?? userName(io.env)));
  const message = completed(qualified(text, domain), sender, call.name ?? io.env.get("NAME") ?? null);
  let worst: number = SYSEXITS.ok;
  for (const batch of batches(recipients)) {
    const query = new URLSearchParams({ sender });
    for (const recipient of batch) query.append("recipient", recipient);
    for (const key of ["notify", "ret", "envid"] as const) {
      const value = call[key];
      if (value !== null) query.set(key, value);
    }
    if (call.verp) query.set("verp", "true");
    const { status, text } = await server.send(`/messages?${query}`, message);
    if (status === 201) continue;
    const detail = detailOf(status, text);
    io.err(`palomar: ${detail}\n`);
    worst = Math.max(worst, exitOf(status, detail));
  }
  return worst;
}

function userName(env: ReadonlyMap<string, string>): string {
  const name = env.get("LOGNAME") ?? env.get("USER") ?? "";
  return /^[A-Za-z0-9._-]+$/.test(name) ? name : "postmaster";
}
