/**
 * Dialogues of line protocols as data (`tests/transcripts/*`), readable by whoever knows the RFC. A file holds some
 * dialogues of one session each:
 *
 * ```
 * == title                 begins a dialogue
 * @ name words             a setting of the session or of its world; before the first dialogue it holds for all
 * > text                   a line of the client, CRLF added; lines in a row are sent at once
 * < text                   a line of the server; `...` at its end stands for the rest; lines in a row are all there is
 * < !                      the connection is closed
 * ~ 5m                     the clock moves (ms, s, m), and the machine is woken where its deadline has come
 * ! shutdown               an input: shutdown, closed, deadline
 * = text                   what the world has got since the last `=`, one line each; `=` alone is nothing
 * # text                   a remark
 * ```
 *
 * In `>`, `<` and `=`: `\r \n \0 \xHH \\` are octets, `rep{3*text}` repeats, `b64{text}` is Base64. A `\` at the very
 * end of a `>` line leaves the CRLF out.
 */
import assert from "node:assert/strict";
import fc from "fast-check";
import { encodeBase64 } from "../../src/base/base64.ts";
import { latin1Bytes, latin1String, utf8Bytes } from "../../src/base/bytes.ts";
import type { Player } from "./run_machine.ts";

export interface Setting {
  readonly name: string;
  readonly words: readonly string[];
}

type Step =
  | { readonly kind: "send" | "expect" | "world"; readonly lines: string[]; readonly at: number }
  | { readonly kind: "wait"; readonly ms: number }
  | { readonly kind: "input"; readonly type: "shutdown" | "closed" | "deadline" };

export interface Dialogue {
  /** `file: title` */
  readonly name: string;
  readonly settings: readonly Setting[];
  readonly steps: readonly Step[];
}

/** Who plays the server's side. */
export interface Stage {
  // deno-lint-ignore no-explicit-any
  readonly player: Player<any>;
  /** What the world has got, one line each; taken away. */
  readonly taken: () => string[];
}

/** All dialogues of `tests/transcripts/<folder>`, by file and place. */
export function dialogues(folder: string): Dialogue[] {
  const url = new URL(`../transcripts/${folder}/`, import.meta.url);
  const files = [...Deno.readDirSync(url)].filter((entry) => entry.isFile).map((entry) => entry.name).sort();
  return files.flatMap((file) => parse(file, Deno.readTextFileSync(new URL(file, url))));
}

function parse(file: string, text: string): Dialogue[] {
  const found: Dialogue[] = [];
  const common: Setting[] = [];
  let settings = common;
  let steps: Step[] = [];
  for (const [index, line] of text.split("\n").entries()) {
    const [mark, rest] = [line[0], line.slice(2)];
    if (line === "" || mark === "#") continue;
    if (line.startsWith("== ")) {
      settings = [...common];
      steps = [];
      found.push({ name: `${file}: ${line.slice(3)}`, settings, steps });
    } else if (mark === "@") {
      const [name = "", ...words] = rest.split(" ");
      settings.push({ name, words });
    } else {
      assert.ok(found.length > 0 && (line.length === 1 || line[1] === " "), `${file}:${index + 1}: no such line`);
      addStep(steps, mark!, rest, index + 1);
    }
  }
  return found;
}

const KINDS = { ">": "send", "<": "expect", "=": "world" } as const;
const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000 };

function addStep(steps: Step[], mark: string, rest: string, at: number): void {
  if (mark === "~") {
    const found = /^(\d+)(ms|s|m)$/.exec(rest);
    assert.ok(found, `line ${at}: no time`);
    steps.push({ kind: "wait", ms: Number(found[1]) * UNITS[found[2]!]! });
  } else if (mark === "!") {
    assert.ok(rest === "shutdown" || rest === "closed" || rest === "deadline", `line ${at}: no input`);
    steps.push({ kind: "input", type: rest });
  } else {
    assert.ok(mark in KINDS, `line ${at}: no such mark`);
    const kind = KINDS[mark as keyof typeof KINDS];
    const last = steps.at(-1);
    if (last?.kind === kind) last.lines.push(rest);
    else steps.push({ kind, lines: [rest], at });
  }
}

/** Plays one dialogue. `nextSize` cuts what the client sends. */
export function playDialogue(dialogue: Dialogue, { player, taken }: Stage, nextSize: () => number): void {
  let [read, ended] = [0, false];
  for (const step of dialogue.steps) {
    if (step.kind === "wait") wait(player, step.ms);
    else if (step.kind === "input") player.input({ type: step.type });
    else if (step.kind === "send") feed(player, step.lines.map(clientLine).join(""), nextSize);
    else if (step.kind === "world") {
      const lines = step.lines.length === 1 && step.lines[0] === "" ? [] : step.lines.map(literal);
      assert.deepEqual(taken(), lines, `${dialogue.name}, line ${step.at}`);
    } else {
      const lines = [...step.lines];
      if (lines.at(-1) === "!") {
        lines.pop();
        ended = true;
        assert.ok(player.played.closed, `${dialogue.name}, line ${step.at}: the connection is open`);
      }
      const came = player.played.sent.slice(read);
      read = player.played.sent.length;
      compare(came, lines.map(literal), `${dialogue.name}, line ${step.at}`);
    }
  }
  assert.equal(player.played.sent.slice(read), "", `${dialogue.name}: unread at the end`);
  assert.equal(player.played.closed, ended, `${dialogue.name}: closed at the end`);
}

function compare(came: string, wanted: readonly string[], where: string): void {
  assert.ok(came === "" || came.endsWith("\r\n"), `${where}: half a line`);
  const lines = came === "" ? [] : came.slice(0, -2).split("\r\n");
  const shown = wanted.map((want, i) => {
    const line = lines[i];
    return want.endsWith("...") && line?.startsWith(want.slice(0, -3)) ? line : want;
  });
  assert.deepEqual(lines, shown, where);
}

// deno-lint-ignore no-explicit-any
function wait(player: Player<any>, ms: number): void {
  player.now += ms;
  const at = player.deadline;
  if (at !== null && at <= player.now) player.input({ type: "deadline" });
}

// deno-lint-ignore no-explicit-any
function feed(player: Player<any>, text: string, nextSize: () => number): void {
  for (let at = 0; at < text.length && !player.played.closed;) {
    const size = nextSize();
    player.feed(text.slice(at, at + size));
    at += size;
  }
}

/** Octets as latin1: what stands in the file goes as UTF-8. */
function clientLine(text: string): string {
  const line = latin1String(utf8Bytes(text));
  const open = line.endsWith("\\") && !line.endsWith("\\\\");
  return literal(open ? line.slice(0, -1) : line) + (open ? "" : "\r\n");
}

/** Resolves the escapes of one line. */
function literal(line: string): string {
  const plain = line.replaceAll(/\\(?:x([0-9a-f]{2})|([rn0\\]))/gi, (_, hex, one) => {
    if (hex) return String.fromCharCode(parseInt(hex, 16));
    return one === "r" ? "\r" : one === "n" ? "\n" : one === "0" ? "\0" : "\\";
  });
  const repeated = plain.replaceAll(/rep\{(\d+)\*([^}]*)\}/g, (_, count, text) => text.repeat(Number(count)));
  return repeated.replaceAll(/b64\{([^}]*)\}/g, (_, text) => encodeBase64(latin1Bytes(text)));
}

/** The name of its test. The setting `whole` says that cuts would change the meaning, as behind STARTTLS. */
export function titleOf(dialogue: Dialogue): string {
  return dialogue.name + (isWhole(dialogue) ? "" : ", however it is cut");
}

/** Plays a dialogue whole, octet by octet and in random cuts, each on a stage of its own. */
export function playHoweverCut(dialogue: Dialogue, stage: (dialogue: Dialogue) => Stage): void {
  playDialogue(dialogue, stage(dialogue), () => Infinity);
  if (isWhole(dialogue)) return;
  playDialogue(dialogue, stage(dialogue), () => 1);
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 20 }), (sizes) => {
      let next = 0;
      playDialogue(dialogue, stage(dialogue), () => sizes[next++ % sizes.length]!);
    }),
    { numRuns: 25 },
  );
}

function isWhole({ settings }: Dialogue): boolean {
  return settings.some(({ name }) => name === "whole");
}
