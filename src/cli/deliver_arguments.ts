/** The command line of delivery agents: what procmail, maildrop and dovecot-lda are called with. */

/** What it says. */
export interface DeliverCall {
  /** Operands and `-d`; at least one. */
  readonly recipients: readonly string[];
  /** `-f`: `""` for the null sender; null: the message says. */
  readonly sender: string | null;
  /** `-a`: whom the message was first for. */
  readonly original: string | null;
  /** `-e`: a refusal is the caller's to tell. */
  readonly refuse: boolean;
  /** `--lmtp`: where a server is asked by LMTP; null: through its control socket. */
  readonly lmtp: string | null;
}

const MOST_RECIPIENTS = 1000;

/** Reads it; a text says what is wrong with it. */
export function readDeliverArguments(args: readonly string[]): DeliverCall | { readonly wrong: string } {
  const recipients: string[] = [];
  const valued = new Map<string, string>();
  let refuse = false;
  let options = true;
  for (let at = 0; at < args.length; at++) {
    const word = args[at]!;
    if (options && word === "--") {
      options = false;
    } else if (!options || !word.startsWith("-") || word === "-") {
      recipients.push(word);
    } else if (word === "--lmtp" || word.startsWith("--lmtp=")) {
      const value = word === "--lmtp" ? args[++at] : word.slice("--lmtp=".length);
      if (value === undefined || value === "") return { wrong: "--lmtp needs the path of a socket" };
      valued.set("lmtp", value);
    } else if (word === "-e") {
      refuse = true;
    } else {
      const letter = word[1]!;
      if (!"fda".includes(letter)) return { wrong: `there is no option ${word.slice(0, 40)}` };
      const value = word.length > 2 ? word.slice(2) : args[++at];
      if (value === undefined) return { wrong: `-${letter} needs a value` };
      if (letter === "d") recipients.push(value);
      else valued.set(letter, value);
    }
  }
  if (recipients.length === 0) return { wrong: "there is no recipient" };
  if (recipients.length > MOST_RECIPIENTS) return { wrong: `there are more than ${MOST_RECIPIENTS} recipients` };
  const [sender, original, lmtp] = ["f", "a", "lmtp"].map((name) => valued.get(name) ?? null);
  return { recipients, sender: sender ?? null, original: original ?? null, refuse, lmtp: lmtp ?? null };
}
