/** The command line of sendmail(8), as other mail servers have it. */

/** What it says. */
export interface SendmailCall {
  /** `send` reads a message, `smtp` a dialogue; `queue` lists what waits; `flush` tries it now; `aliases` is nothing. */
  readonly mode: "send" | "smtp" | "queue" | "flush" | "aliases";
  readonly recipients: readonly string[];
  /** Recipients stand in the message too (`-t`). */
  readonly fromHeader: boolean;
  /** A line with only a dot is a line like others (`-i`). */
  readonly dots: boolean;
  /** Envelope sender (`-f`), `""` for the null sender, or null: whoever calls. */
  readonly sender: string | null;
  /** Full name for a From field that is missing (`-F`), or null. */
  readonly name: string | null;
  /** RFC 3461. */
  readonly notify: string | null;
  readonly ret: "full" | "headers" | null;
  readonly envid: string | null;
  /** Each recipient elsewhere gets a sender of its own (`-XV`). */
  readonly verp: boolean;
}

/** Letters that take a value, attached or as the next word; `q` and `b` take only what is attached. */
const VALUED = "BCDFLNORVXdfhopr";
const ATTACHED = "qb";
/** Letters without one. */
const BARE = "itAGUnmsvx";
/** `-oX…` that are as `-X`. */
const DOTS = new Set(["i", "itrue", "iTrue"]);

/** Reads it; a text says what is wrong with it. Options that make no difference here are passed over. */
export function readSendmailArguments(args: readonly string[]): SendmailCall | { readonly wrong: string } {
  const call: { -readonly [K in keyof SendmailCall]: SendmailCall[K] } = {
    mode: "send",
    recipients: [],
    fromHeader: false,
    dots: false,
    sender: null,
    name: null,
    notify: null,
    ret: null,
    envid: null,
    verp: false,
  };
  let at = 0;
  for (; at < args.length; at++) {
    const word = args[at]!;
    if (word === "--") {
      at++;
      break;
    }
    if (!word.startsWith("-") || word === "-") break;
    // Several letters may stand behind one hyphen; what takes a value ends the word.
    for (let i = 1; i < word.length; i++) {
      const letter = word[i]!;
      const attached = word.slice(i + 1);
      if (letter === "A" && attached.length === 1) break; // -Ac, -Am: one queue here
      if (BARE.includes(letter)) {
        if (letter === "t") call.fromHeader = true;
        if (letter === "i") call.dots = true;
        continue;
      }
      const valued = VALUED.includes(letter);
      if (!valued && !ATTACHED.includes(letter)) return { wrong: `there is no option -${letter}` };
      const value = attached !== "" || !valued ? attached : args[++at];
      if (value === undefined) return { wrong: `-${letter} needs a value` };
      const wrong = take(letter, value, call);
      if (wrong !== null) return { wrong };
      break;
    }
  }
  call.recipients = args.slice(at);
  return call;
}

function take(
  letter: string,
  value: string,
  call: { -readonly [K in keyof SendmailCall]: SendmailCall[K] },
): string | null {
  switch (letter) {
    case "f":
    case "r":
      call.sender = value === "<>" ? "" : value;
      return null;
    case "F":
      call.name = value;
      return null;
    case "N":
      call.notify = value;
      return null;
    case "R": {
      const text = value.toLowerCase();
      if (text !== "full" && text !== "hdrs" && text !== "headers") return `-R ${value} should be full or hdrs`;
      call.ret = text === "full" ? "full" : "headers";
      return null;
    }
    case "V":
      call.envid = value;
      return null;
    case "X":
      if (value.startsWith("V")) call.verp = true;
      return null;
    case "o":
      if (DOTS.has(value)) call.dots = true;
      return null;
    case "q":
      call.mode = "flush";
      return null;
    case "b":
      return modeOf(value, call);
    default:
      return null; // body type, hops, logging …: decided here
  }
}

function modeOf(value: string, call: { mode: SendmailCall["mode"] }): string | null {
  if (value === "m") call.mode = "send";
  else if (value === "s") call.mode = "smtp";
  else if (value === "p") call.mode = "queue";
  else if (value === "i") call.mode = "aliases";
  else return `-b${value} is not done here; the server is started with palomar start`;
  return null;
}
