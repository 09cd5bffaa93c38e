/** What a program is told of a message: words in its command, and variables, as Postfix and procmail have them. */
import { parseAddress } from "../../base/address.ts";
import type { TargetWay } from "../../mda/mod.ts";
import type { TransportMessage } from "../outbound/transports/transport.ts";

/** By the names in braces; the senders of strangers are among them. */
export interface ProgramWords {
  readonly sender: string;
  readonly recipient: string;
  readonly account: string;
  readonly user: string;
  readonly domain: string;
  readonly extension: string;
}

/** Many programs are scripts of a shell: what it would read something into becomes `_`. */
export function harmless(text: string): string {
  return text.replace(/[^A-Za-z0-9!@%_=+:,./\-\u00a1-\u{10ffff}]/gu, "_").slice(0, 1_000);
}

export function programWords({ sender, recipients }: TransportMessage, { account }: TargetWay): ProgramWords {
  const recipient = recipients[0]!.forwardPath;
  const own = parseAddress(account);
  const local = parseAddress(recipient)?.local ?? "";
  const user = own?.local ?? account;
  const detail = local.toLowerCase().startsWith(`${user.toLowerCase()}+`) ? local.slice(user.length + 1) : "";
  return {
    sender: harmless(sender.reversePath),
    recipient: harmless(recipient),
    account: harmless(account),
    user: harmless(user),
    domain: harmless(own?.domain ?? ""),
    extension: harmless(detail),
  };
}

/** An argument with its words filled in: one argument whatever they are, and no option by what a stranger chose. */
export function fillIn(argument: string, words: ProgramWords): string {
  const filled = argument.replace(
    /\{([a-z]+)\}/g,
    (whole, name: string) => Object.hasOwn(words, name) ? words[name as keyof ProgramWords] : whole,
  );
  return argument.startsWith("{") && filled.startsWith("-") ? `_${filled.slice(1)}` : filled;
}

/** Nothing of our own environment, where secrets may be. */
export function environmentOf(words: ProgramWords, { sender }: TransportMessage): Record<string, string> {
  const { recipient, account, user, domain, extension } = words;
  return {
    PATH: "/usr/local/bin:/usr/bin:/bin",
    LANG: "C.UTF-8",
    SENDER: sender.reversePath === "" ? "MAILER-DAEMON" : words.sender,
    RECIPIENT: recipient,
    ORIGINAL_RECIPIENT: harmless(recipient),
    ACCOUNT: account,
    USER: user,
    LOGNAME: user,
    LOCAL: extension === "" ? user : `${user}+${extension}`,
    EXTENSION: extension,
    DOMAIN: domain,
  };
}
