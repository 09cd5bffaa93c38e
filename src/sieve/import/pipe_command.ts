/** Programs that recipes hand messages to, where Sieve can say what they do. */
import { quote } from "../rules/quote.ts";
import { CannotSay } from "./imported.ts";

/** Addresses to send to, a folder to file into, or lines of a script. */
export type Piped = { readonly to: string } | { readonly folder: string } | { readonly lines: readonly string[] };

/** @throws CannotSay */
export function pipeCommands(command: string, flags: string, needs: Set<string>): Piped {
  const sendmail = /^(?:\$SENDMAIL|(?:\/\S*\/)?sendmail)((?:\s+-\S+)*)((?:\s+[^\s|;<>&-]\S*)+)$/.exec(command);
  if (sendmail && !/\s-t\b/.test(sendmail[1]!)) return { to: sendmail[2]! };
  const deliver = /^(?:\/\S*\/)?(?:dovecot-lda|deliver)\b.*?\s-m\s*"?([^"\s]+)"?/.exec(command);
  if (deliver) return { folder: deliver[1]!.replaceAll(".", "/") };
  const formail = /^(?:\/\S*\/)?formail\s+(.*)$/.exec(command);
  if (formail) return { lines: formailLines(formail[1]!, flags, needs) };
  if (/\b(spamc|spamassassin|bogofilter|spamprobe|dspam|crm)\b/.test(command)) {
    throw new CannotSay("spam is looked at by the server, before filters run (milters)");
  }
  if (/\bvacation\b/.test(command)) throw new CannotSay("palomar vacation set answers while somebody is away");
  throw new CannotSay("it runs a program");
}

function formailLines(options: string, flags: string, needs: Set<string>): readonly string[] {
  // Of the manual: the message is a duplicate where formail -D succeeds, and is dropped.
  if (/^-D\s+\d+\s+\S+$/.test(options)) {
    needs.add("duplicate");
    return ["if duplicate { discard; stop; }"];
  }
  if (!flags.includes("f")) throw new CannotSay("formail here is not a filter");
  const lines: string[] = [];
  let rest = options;
  while (rest !== "") {
    const found = /^-(A|a|I|i)\s*(?:"([^"$`]*)"|'([^']*)')\s*/.exec(rest);
    const field = found && /^([!-9;-~]+):\s*(.*)$/.exec(found[2] ?? found[3] ?? "");
    if (!found || !field) throw new CannotSay("formail with other options");
    needs.add("editheader");
    const [, name = "", value = ""] = field;
    if (/[Ii]/.test(found[1]!)) lines.push(`deleteheader ${quote(name)};`);
    if (value !== "") lines.push(`addheader :last ${quote(name)} ${quote(value)};`);
    rest = rest.slice(found[0].length);
  }
  return lines;
}
