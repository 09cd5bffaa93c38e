/** The words of a report, for whoever wrote the message: what happened, with which server, what it said, what to do. */
import { formatDate } from "../message/date.ts";
import type { BounceRequest } from "./bounce_request.ts";
import { duration, type Reported } from "./queue/mod.ts";

/** Characters of somebody's own words. */
const WORDS_LIMIT = 4_000;
const SUBJECT_LIMIT = 100; // characters of the original subject

/** The subject of a report. */
export function headline(reports: readonly Reported[], subject: string | null): string {
  const actions = new Set(reports.map(({ action }) => action));
  const what = actions.has("failed")
    ? "Your message was not delivered"
    : actions.has("delayed")
    ? "Your message is delayed"
    : actions.has("delivered") || actions.has("relayed")
    ? "Your message was delivered"
    : "Your message was passed on";
  const about = singleLine(subject ?? "");
  if (about === "") return what;
  return `${what}: ${about.length > SUBJECT_LIMIT ? about.slice(0, SUBJECT_LIMIT) + "…" : about}`;
}

/** The first part of a report. */
export function explain(request: BounceRequest): string {
  const { hostname, reports, original, sender } = request;
  const about = original.subject === null
    ? ""
    : ` with the subject "${singleLine(original.subject).slice(0, SUBJECT_LIMIT)}"`;
  const out = [`This is the mail server ${hostname}. It reports about a message that you`, `sent${about}.`, ""];
  for (const report of reports) out.push(...paragraph(report, request), "");
  if (reports.some(({ action }) => action === "failed")) {
    out.push(
      original.whole
        ? "Your message is attached below."
        : "The header of your message is attached below, so that you can tell which one it was.",
    );
  }
  out.push("Programs find the same in the second part of this report.");
  if (sender.envid !== null) out.push(`Your name for it was ${singleLine(sender.envid)}.`);
  return out.join("\n") + "\n";
}

function paragraph(report: Reported, request: BounceRequest): string[] {
  const { row, action, dueAt } = report;
  const to = singleLine(row.recipient.forwardPath);
  switch (action) {
    case "failed":
      return [`To ${to}: NOT DELIVERED`, ...reason(report, request), "", ...advice(report)];
    case "delayed":
      return [
        `To ${to}: not delivered yet`,
        ...reason(report, request),
        "",
        `  You need not do anything. It is tried again at ${formatDate(dueAt ?? request.now)},`,
        `  and from then on until ${formatDate(row.expiresAt)}.`,
      ];
    case "relayed":
      return [
        `To ${to}: passed on`,
        `  The server ${report.host ?? "there"} took it. It does not report what it does with it.`,
      ];
    case "delivered":
      return [`To ${to}: delivered`];
    case "expanded":
      return [
        `To ${to}: passed on to several addresses`,
        "  It stands for more than one. What is delivered to each of them is not reported.",
      ];
  }
}

function reason({ row, host, result, expired }: Reported, { now }: BounceRequest): string[] {
  const out: string[] = [];
  if (expired) {
    out.push(`  It was tried ${row.attempts + 1} times in ${duration(now - row.queuedAt)}, and then given up.`);
  }
  if (result.words !== undefined && !expired) {
    // RFC 5429 sections 2.1.2 and 2.2.1.
    out.push("  Your message was refused by the recipient's mail filter. The reason given is:", "");
    for (const line of result.words.slice(0, WORDS_LIMIT).split(/\r\n?|\n/)) out.push(`    ${singleLine(line)}`);
    return out;
  }
  const lead = expired ? "The last time " : "";
  if (result.remote) out.push(`  ${lead === "" ? "The" : lead + "the"} server ${host ?? row.domain ?? "there"} said:`);
  else out.push(`  ${lead === "" ? "The" : lead + "the"} reason was:`);
  out.push(`    ${singleLine(`${result.code} ${result.enhanced} ${result.text}`)}`);
  return out;
}

/** What the sender can do, by the code's subject (RFC 3463 section 3). */
function advice({ result, expired }: Reported): string[] {
  const [, subject = "", detail = ""] = result.enhanced.split(".");
  const kind = `${subject}.${detail}`;
  if (expired) return ["  You can send it again later, or ask the recipient by another way."];
  if (kind === "1.10") return ["  The recipient's domain says that it takes no mail at all. Ask for another address."];
  if (kind === "1.2" || kind === "4.4") return ["  Look whether the part behind the @ is spelled right."];
  if (subject === "1") return ["  Look whether the address is spelled right."];
  if (kind === "2.2") return ["  The mailbox is full. Tell the recipient by another way, or try again later."];
  if (kind === "3.4" || kind === "2.3") return ["  The message is too large. Send less, or a link to it."];
  if (kind === "4.6") return ["  The two servers send this mail in a circle. Tell the recipient's postmaster."];
  if (subject === "7") return ["  That server does not want this message. If you think it should, ask its postmaster."];
  return ["  If the reason does not help you, forward this report to your postmaster."];
}

/** Remote text as one line without controls. */
export function singleLine(text: string): string {
  let out = "";
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    out += code < 32 || (code >= 127 && code < 160) || code === 0x2028 || code === 0x2029 ? " " : text[i];
  }
  return out;
}
