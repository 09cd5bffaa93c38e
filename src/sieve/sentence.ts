/** Actions and log lines as sentences, for journals and for whoever asks why. */
import type { SieveAction, SieveFiling, SieveLogLine, SievePlace } from "./result.ts";
import { shorten } from "./syntax/tree.ts";

/** What is done with the message, in a few words: `filed into "Lists" (main, line 4)`. */
export function sieveSentence(action: SieveAction): string {
  const place = action.at === null ? "" : ` (${sievePlace(action.at)})`;
  return words(action) + place;
}

/** A place in a few words: `main, line 4`. */
export function sievePlace({ script, line }: SievePlace): string {
  return line === 0 ? script : `${script}, line ${line}`;
}

function words(action: SieveAction): string {
  switch (action.kind) {
    case "keep":
      return (action.implicit ? "kept, because no script said otherwise" : "kept") + marked(action.flags);
    case "fileinto":
      return "filed into " + filing(action);
    case "redirect":
      return `redirected to ${action.address}`;
    case "pipe":
      return `handed to ${JSON.stringify(action.name)}`;
    case "discard":
      return "not kept by itself (discard)";
    case "reject":
      return `refused: ${JSON.stringify(shorten(action.reason, 100))}`;
    case "vacation":
      return `answered ${action.letter.to.join(", ")}` + copied(action.fcc);
    case "notify":
      return `notified ${action.letter.to.join(", ")}` + copied(action.fcc);
  }
}

function filing({ mailbox, flags }: SieveFiling): string {
  return JSON.stringify(shorten(mailbox, 100)) + marked(flags);
}

function marked(flags: readonly string[]): string {
  return flags.length === 0 ? "" : ` with ${flags.slice(0, 10).join(" ")}`;
}

function copied(fcc: SieveFiling | null): string {
  return fcc === null ? "" : `, with a copy in ${filing(fcc)}`;
}

/** A line of the log: `main:12 header :contains "subject" "x": true`. */
export function formatSieveLogLine(line: SieveLogLine): string {
  const text = line.kind === "error" ? `failed: ${line.text}` : line.text;
  return `${line.script}${line.line === 0 ? "" : `:${line.line}`} ${text}${
    line.result === undefined ? "" : `: ${line.result}`
  }`;
}
