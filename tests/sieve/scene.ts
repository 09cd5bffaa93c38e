/** A script, a message and what comes out, for tests: everything the script can ask is there at once. */
import { concatBytes, utf8Bytes, utf8String } from "../../src/base/bytes.ts";
import type { Program } from "../../src/contract/mod.ts";
import { indexMessage } from "../../src/message/mod.ts";
import {
  formatSieveError,
  parseSieve,
  runSieveSequence,
  SIEVE_LIMITS,
  type SieveAction,
  type SieveFacts,
  type SieveFiling,
  type SieveLimits,
  type SieveResult,
  type SieveScript,
  type SieveWorld,
  sieveWorld,
} from "../../src/sieve/mod.ts";
import { runProgram } from "../support/run_program.ts";

/** The message of a test that says nothing of it. */
export const LETTER = [
  "From: Alice <alice@example.org>",
  "To: Bob <bob@example.net>",
  "Subject: Lunch",
  "Date: Tue, 24 Nov 2026 09:30:00 +0100",
  "Message-ID: <1@example.org>",
  "",
  "At noon?",
  "",
].join("\n");

/** What a test may say of the world. */
export interface Scene {
  readonly message?: string | Uint8Array;
  readonly facts?: Partial<SieveFacts>;
  readonly world?: Partial<SieveWorld>;
  readonly limits?: Partial<SieveLimits>;
}

export function scriptOf(text: string): SieveScript {
  const parsed = parseSieve(text);
  if ("errors" in parsed) throw new Error(parsed.errors.map(formatSieveError).join("\n"));
  return parsed.script;
}

export function octetsOf(message: string | Uint8Array): Uint8Array {
  return typeof message === "string" ? utf8Bytes(message.replace(/\r?\n/g, "\r\n")) : message;
}

/** Runs scripts over the scene's message. */
export function play(scripts: string | readonly string[], scene: Scene = {}): SieveResult {
  const bytes = octetsOf(scene.message ?? LETTER);
  const index = indexMessage(bytes);
  const facts: SieveFacts = {
    envelope: { from: "alice@example.org", to: "bob@example.net" },
    header: bytes.slice(0, index.root.bodyStart),
    index,
    now: Date.UTC(2026, 10, 24, 12, 0, 0),
    owner: { address: "bob@example.net", addresses: ["bob@example.net"] },
    seed: "s33d",
    ...scene.facts,
  };
  const world = sieveWorld({ read: (start, end) => now(bytes.slice(start, end)), ...scene.world });
  const named = [scripts].flat().map((text, index) => ({ name: `s${index + 1}`, script: scriptOf(text) }));
  return runProgram(runSieveSequence(named, facts, world, { ...SIEVE_LIMITS, ...scene.limits }), {}).result;
}

// deno-lint-ignore require-yield -- an answer that is there at once
export function* now<T>(value: T): Program<T> {
  return value;
}

/** A version of the message, as octets. */
export function versionOf(result: SieveResult, version: number, message: string | Uint8Array = LETTER): Uint8Array {
  const bytes = octetsOf(message);
  return concatBytes(
    result.versions[version]!.pieces.map((piece) =>
      "octets" in piece ? piece.octets : bytes.slice(piece.start, piece.end)
    ),
  );
}

/** A version as text, with LF. */
export function versionText(result: SieveResult, version: number, message: string | Uint8Array = LETTER): string {
  return utf8String(versionOf(result, version, message)).replaceAll("\r\n", "\n");
}

/** The outcome, a line an action. */
export function outcome(result: SieveResult): string[] {
  return [
    ...result.failures.map(({ script, line, message }) => `failure ${script}:${line} ${message}`),
    ...result.actions.map(describe),
  ];
}

function describe(action: SieveAction): string {
  switch (action.kind) {
    case "keep":
      return `${action.implicit ? "implicit keep" : "keep"}${marks(action.flags)}${form(action.version)}`;
    case "fileinto":
      return `fileinto ${filing(action)}${form(action.version)}`;
    case "redirect":
      return `redirect ${action.address}${form(action.version)}`;
    case "pipe":
      return `pipe ${[action.name, ...action.arguments].join(" ")}${action.attempt ? " try" : ""}${
        form(action.version)
      }`;
    case "discard":
      return "discard";
    case "reject":
      return `${action.extended ? "ereject" : "reject"} ${JSON.stringify(action.reason)}`;
    default: {
      const { to, headers, content } = action.letter;
      const field = (name: string) => headers.find(([key]) => key === name)?.[1] ?? "";
      const words = "text" in content ? content.text : "entity " + content.entity;
      const fcc = action.fcc === null ? "" : ` fcc ${filing(action.fcc)}`;
      const importance = action.kind === "notify" && action.importance !== 2 ? ` importance ${action.importance}` : "";
      return `${action.kind} from ${field("From")} to ${to.join(",")} subject ${field("Subject")} says ${
        JSON.stringify(words)
      }${importance}${fcc}`;
    }
  }
}

function filing({ mailbox, flags, create, specialUse }: SieveFiling): string {
  return `${mailbox}${marks(flags)}${create ? " create" : ""}${specialUse === null ? "" : ` use ${specialUse}`}`;
}

const marks = (flags: readonly string[]) => flags.length === 0 ? "" : ` [${flags.join(" ")}]`;
const form = (version: number) => version === 0 ? "" : ` #${version}`;
