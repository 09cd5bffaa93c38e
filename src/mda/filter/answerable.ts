/** Whether what is answered reaches whoever wrote (RFC 3834 section 2, RFC 5230 section 8): a forged sender is somebody else's. */
import { unfold } from "../../message/header.ts";

/**
 * Why nobody is to be answered, as the end of a sentence, or null. `fields` are those that this server put before the
 * message: the first Authentication-Results among them is its own.
 */
export function silentBecause(fields: string, junk: boolean): string | null {
  if (junk) return "it is taken for spam";
  const start = /^authentication-results:/im.exec(fields);
  if (start === null) return null;
  const rest = fields.slice(start.index);
  const end = /\n(?![ \t])/.exec(rest);
  const results = unfold(end === null ? rest : rest.slice(0, end.index)).toLowerCase();
  const said = (method: string): string => new RegExp(`[;\\s]${method}=([a-z]+)`).exec(results)?.[1] ?? "none";
  if (said("dmarc") === "pass") return null;
  if (said("dmarc") === "fail") return "it is not proven to be from its author (DMARC)";
  return /^(fail|softfail)$/.test(said("spf")) ? "its sender's domain does not know who sent it (SPF)" : null;
}
