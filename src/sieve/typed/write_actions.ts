/**
 * Actions of a filter in TypeScript as a Sieve script: so they are checked, bounded, traced and done by the very code
 * that does it for Sieve, and mean the same.
 */
import { type Action, FILTER_LIMITS } from "../../contract/filter.ts";
import { quote, quoteList, requireLine } from "../rules/quote.ts";

/** What actions are as a script. */
export interface WrittenActions {
  readonly text: string;
  /** In which line each action begins; its strings may have more. */
  readonly lines: readonly number[];
  /** What is only said. */
  readonly notes: readonly string[];
}

/** Writes actions that `readActions` found to be right. Values may still be wrong: an address that is none. */
export function writeActions(actions: readonly Action[]): WrittenActions {
  const needs = new Set<string>();
  const notes: string[] = [];
  const lines: number[] = [];
  let line = 2; // behind `require`
  let body = "";
  for (const action of actions) {
    lines.push(line);
    if (action.kind === "note") {
      notes.push(action.text.replace(/[\p{Cc}\s]+/gu, " ").slice(0, FILTER_LIMITS.note));
      continue;
    }
    // RFC 5228 section 2.4.2: line ends are CRLF.
    const text = command(action, needs).replace(/\r\n|\r|\n/g, "\r\n") + "\r\n";
    line += text.split("\n").length - 1;
    body += text;
  }
  return { text: `${requireLine(needs)}\r\n${body}`, lines, notes };
}

/** Which action stands in a line of the script, from 1. */
export function actionAt(line: number, { lines }: WrittenActions): number {
  return Math.max(1, lines.findLastIndex((start) => start <= line) + 1);
}

function command(action: Exclude<Action, { kind: "note" }>, needs: Set<string>): string {
  const tags: string[] = [];
  const tag = (extension: string, ...words: string[]): void => {
    needs.add(extension);
    tags.push(...words);
  };
  const write = (name: string, ...values: string[]): string => [name, ...tags, ...values].join(" ") + ";";
  if ("flags" in action && action.flags !== undefined) tag("imap4flags", ":flags", list(action.flags));
  if ("copy" in action && action.copy) tag("copy", ":copy");
  switch (action.kind) {
    case "keep":
      return write("keep");
    case "fileinto":
      needs.add("fileinto");
      if (action.create) tag("mailbox", ":create");
      return write("fileinto", quote(action.mailbox));
    case "redirect":
      return write("redirect", quote(action.address));
    case "pipe":
      needs.add("vnd.dovecot.pipe");
      return write("pipe", quote(action.target), ...(action.arguments?.length ? [quoteList(action.arguments)] : []));
    case "discard":
      return write("discard");
    case "reject":
      needs.add("reject");
      return write("reject", quote(action.reason));
    case "vacation":
      if (action.days !== undefined) tag("vacation", ":days", String(action.days));
      if (action.subject !== undefined) tag("vacation", ":subject", quote(action.subject));
      if (action.addresses?.length) tag("vacation", ":addresses", list(action.addresses));
      if (action.handle !== undefined) tag("vacation", ":handle", quote(action.handle));
      needs.add("vacation");
      return write("vacation", quote(action.text));
    case "notify":
      if (action.message !== undefined) tag("enotify", ":message", quote(action.message));
      needs.add("enotify");
      return write("notify", quote(`mailto:${action.to.split("@").map(encodeURIComponent).join("@")}`));
    case "addheader":
      needs.add("editheader");
      return write("addheader", quote(action.name), quote(action.value));
  }
}

/** RFC 5228 section 2.4.2.1: a list has a string at least; no flag is the empty one. */
function list(values: readonly string[]): string {
  return quoteList(values.length === 0 ? [""] : values);
}
