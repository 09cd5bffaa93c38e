/** Files that say where mail goes, as sendmail, Postfix and Exim keep them: `/etc/aliases` and `~/.forward`. */
import { parseAddress } from "../base/address.ts";

/** What such a file says that has no counterpart here. */
export interface Untranslated {
  readonly text: string;
  /** Why, for a person. */
  readonly reason: string;
}

/** Where mail goes. */
export interface AliasTargets {
  /** Addresses, each once. */
  readonly targets: readonly string[];
  /** A name behind a backslash: the mailbox itself, whatever its name leads to. */
  readonly own: readonly string[];
  readonly untranslated: readonly Untranslated[];
}

/** An entry of `/etc/aliases`. */
export interface AliasEntry extends AliasTargets {
  /** From 1. */
  readonly line: number;
  readonly address: string;
}

/** All entries, and lines that are none. Names without a domain belong to `domain`. */
export function readAliasFile(
  text: string,
  domain: string,
): { readonly entries: readonly AliasEntry[]; readonly wrong: readonly (Untranslated & { readonly line: number })[] } {
  const entries: AliasEntry[] = [];
  const wrong: (Untranslated & { line: number })[] = [];
  for (const { line, text: logical } of logicalLines(text)) {
    const found = /^("(?:[^"\\]|\\.)*"|[^\s:"]+)\s*:(.*)$/s.exec(logical);
    const address = found ? withDomain(found[1]!.replace(/^"(.*)"$/s, "$1"), domain) : null;
    if (!found || address === null) wrong.push({ line, text: logical, reason: "this is no alias" });
    else entries.push({ line, address, ...readTargets(found[2]!, domain) });
  }
  return { entries, wrong };
}

/** The targets of a `.forward`, whose lines are lists. */
export function readForwardFile(text: string, domain: string): AliasTargets {
  const lines = text.split(/\r?\n/).filter((line) => !line.trimStart().startsWith("#"));
  return readTargets(lines.join(","), domain);
}

/** A line that begins with a blank continues the one before; comments and empty lines are none. */
function logicalLines(text: string): readonly { readonly line: number; readonly text: string }[] {
  const out: { line: number; parts: string[] }[] = [];
  for (const [index, raw] of text.split(/\r?\n/).entries()) {
    if (raw.trim() === "" || raw.trimStart().startsWith("#")) continue;
    const last = out.at(-1);
    if (/^[ \t]/.test(raw) && last) last.parts.push(raw.trim());
    else out.push({ line: index + 1, parts: [raw.trim()] });
  }
  return out.map(({ line, parts }) => ({ line, text: parts.join(" ") }));
}

function readTargets(text: string, domain: string): AliasTargets {
  const targets = new Set<string>();
  const own = new Set<string>();
  const untranslated: Untranslated[] = [];
  for (const item of items(text)) {
    const bare = item.replace(/^"((?:[^"\\]|\\.)*)"$/s, "$1");
    const reason = reasonAgainst(bare);
    const itself = bare.startsWith("\\");
    const address = reason === null ? withDomain(itself ? bare.slice(1) : bare, domain) : null;
    if (address === null) untranslated.push({ text: item, reason: reason ?? "this is no address" });
    else (itself ? own : targets).add(address);
  }
  return { targets: [...targets], own: [...own], untranslated };
}

/** What commas divide, but not those in quotes; one pass. */
function items(text: string): readonly string[] {
  const out: string[] = [];
  let start = 0;
  let quoted = false;
  for (let at = 0; at <= text.length; at++) {
    if (quoted && text[at] === "\\") at++;
    else if (text[at] === '"') quoted = !quoted;
    else if (at === text.length || (text[at] === "," && !quoted)) {
      out.push(text.slice(start, at).trim());
      start = at + 1;
    }
  }
  if (start < text.length) out.push(text.slice(start).trim());
  return out.filter((item) => item !== "");
}

/** What is more than an address. */
function reasonAgainst(item: string): string | null {
  if (item.startsWith("|")) return "programs are not run from here: delivery.programs and palomar target add do it";
  if (item.startsWith("/")) {
    return "mail is not written to files from here: delivery.mboxes and palomar target add do it";
  }
  if (/^:include:/i.test(item)) return "lists in other files are not read; put their addresses here";
  if (/^:(?:fail|blackhole|defer|unknown)/i.test(item)) return "a redirection of Exim";
  return null;
}

function withDomain(name: string, domain: string): string | null {
  const address = name.includes("@") ? name : `${name}@${domain}`;
  return address.length <= 1_000 && parseAddress(address) !== null ? address : null;
}
