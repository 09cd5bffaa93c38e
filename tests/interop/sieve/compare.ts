/** What Pigeonhole's `sieve-test` and Palomar make of the same script and message, as sorted lines. */
import { utf8Bytes } from "../../../src/base/bytes.ts";
import { now, play, scriptOf } from "../../sieve/scene.ts";
import { INNER } from "./generate_parts.ts";

export const SENDER = "alice@example.org";
export const OWNER = "bob+work@example.net";

/** What Palomar would do; one line that begins with `error` where the script does not compile or breaks off. */
export function oursOf(script: string, message: string): string[] {
  let result;
  try {
    result = play(script, {
      message: utf8Bytes(message),
      facts: { envelope: { from: SENDER, to: OWNER }, owner: { address: OWNER, addresses: [OWNER] } },
      world: { script: (_, name) => now(INNER[name] === undefined ? null : scriptOf(INNER[name])) },
    });
  } catch (error) {
    return [`error ${error instanceof Error ? error.message : error}`];
  }
  if (result.failures.length > 0) return [`error ${result.failures[0]!.message}`];
  const lines = result.actions.flatMap((action): string[] => {
    switch (action.kind) {
      case "keep":
        return [filed("INBOX", action.flags)];
      case "fileinto":
        return [filed(action.mailbox, action.flags)];
      case "redirect":
        return [`redirect ${action.address}`];
      case "discard":
        return [];
      case "vacation": {
        const { headers, content } = action.letter;
        const subject = headers.find(([name]) => name === "Subject")?.[1] ?? "";
        const words = "text" in content ? content.text : content.entity;
        return [`vacation ${subject.startsWith("Auto: ") ? "" : subject}: ${words}`];
      }
      default:
        return [action.kind];
    }
  });
  return [...new Set(lines)].sort(); // a mailbox gets a message once (RFC 5228 section 2.10.3)
}

/** What `sieve-test` says that it would do. */
export function theirsOf(stdout: string, stderr: string): string[] {
  if (!stdout.includes("Performed actions:")) return [`error ${stderr.trim()}`];
  const lines: string[] = [];
  let mailbox: string | null = null;
  let flags: string[] = [];
  const end = () => {
    if (mailbox !== null) lines.push(filed(mailbox, flags));
    mailbox = null;
    flags = [];
  };
  for (const line of stdout.split("\n")) {
    const [, stored] = /^ \* store message in folder: (.*)$/.exec(line) ?? [];
    const [, forwarded] = /^ \* redirect message to: <(.*)>$/.exec(line) ?? [];
    const [, added] = /^ +\+ add IMAP flags: (.*)$/.exec(line) ?? [];
    if (line.startsWith(" * ")) end();
    if (stored !== undefined) mailbox = stored;
    else if (forwarded !== undefined) lines.push(`redirect ${forwarded}`);
    else if (added !== undefined) flags = added.split(" ");
    else if (/^ \* reject/.test(line)) lines.push("reject");
  }
  end();
  for (
    const [, about, words] of stdout.matchAll(
      /^ \* send vacation message:\n((?: {4}=>.*\n)*)\nSTART MESSAGE\n([^]*?)\nEND MESSAGE/gm,
    )
  ) {
    lines.push(`vacation ${/=> subject : (.*)/.exec(about!)?.[1] ?? ""}: ${words}`);
  }
  return [...new Set(lines)].sort(); // a mailbox gets a message once (RFC 5228 section 2.10.3)
}

function filed(mailbox: string, flags: readonly string[]): string {
  return `file ${mailbox} [${[...new Set(flags.map((flag) => flag.toLowerCase()))].sort().join(" ")}]`;
}
