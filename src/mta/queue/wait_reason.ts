/** Why a row of the queue waits, in words for a person. What the other side said is in `lastReply`. */
import type { EnvelopeSender, QueueRow } from "../../contract/mod.ts";
import { NOT_TRIED, waitKind } from "./retry.ts";

/** One line without a full stop. `now` by the wall clock. */
export function waitReason(row: QueueRow, now: number): string {
  if (row.state === "held") return "held by the administrator";
  if (row.state === "leased") return "being sent, or next in turn";
  if (row.dueAt <= now) return "due";
  if (row.attempts === 0) {
    return now < releasedAt(row) ? "its sender asked for a later time" : "others go first to the same place";
  }
  const reply = parseReply(row.lastReply ?? "");
  if (reply === null) return "it was tried and will be again";
  if (reply.text.startsWith(NOT_TRIED)) {
    return "nobody there was reached: left alone for a while";
  }
  switch (waitKind({ kind: "temporary", ...reply })) {
    case "greylisted":
      return "greylisting: the server wants to see it again";
    case "unreachable":
      return "no server could be reached";
    case "later":
      return reply.remote ? "the server put it off" : "it could not be sent";
  }
}

/** From when on the message may be sent: its submission, or what its sender asked for (RFC 4865). */
export function releasedAt(
  { sender, queuedAt }: { readonly sender: EnvelopeSender; readonly queuedAt: number },
): number {
  const { hold } = sender;
  return hold === undefined ? queuedAt : Math.max(queuedAt, "for" in hold ? queuedAt + hold.for : hold.until);
}

/** `451 4.4.1 text`, as `verdictText` writes it. Ours are 451 4.3.x and 4.4.x, and 4.7.x about TLS and logins. */
function parseReply(text: string): { code: number; enhanced: string; text: string; remote: boolean } | null {
  const found = /^([45]\d\d) (?:(\d\.\d{1,3}\.\d{1,3}) )?(.*)$/.exec(text);
  if (found === null) return null;
  const [, code = "", enhanced = "", words = ""] = found;
  return { code: Number(code), enhanced, text: words, remote: !(code === "451" && enhanced.startsWith("4.4.")) };
}
