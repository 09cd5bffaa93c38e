/** The parser alone, in every state of a session: what it cannot read it answers, it never throws, and says the same again. */
import assert from "node:assert/strict";
import { ByteQueue } from "../../src/base/byte_queue.ts";
import { latin1Bytes } from "../../src/base/bytes.ts";
import type { AccountId, MailboxSnapshot } from "../../src/contract/mod.ts";
import { prepare } from "../../src/imap/command_table.ts";
import { readerRules } from "../../src/imap/literal_rules.ts";
import { imapSession } from "../../src/imap/mod.ts";
import type { ImapState, LoginState } from "../../src/imap/session.ts";
import { View } from "../../src/imap/view.ts";
import { CommandReader, type ReadEvent } from "../../src/imap/wire/command_reader.ts";
import { cuts } from "./cuts.ts";
import { mutate } from "./mutations.ts";
import { sentLines, transcripts } from "./transcript.ts";

const ROUNDS = Number(Deno.env.get("IMAP_FUZZ_ROUNDS") ?? 4);
const LOGIN = { login: { accountId: "a1" as AccountId, login: "user", scopes: null } };
const REV2 = { ...LOGIN, rev2: true, utf8: true };

/** What a session may be in when a command comes; `selected` adds a mailbox of five messages. */
const STATES: Readonly<Record<string, Partial<LoginState>>> = {
  "not logged in": {},
  "logged in": LOGIN,
  "rev2": REV2,
  "UTF8=ACCEPT": { ...LOGIN, utf8: true, utf8Accept: true },
  "QRESYNC": { ...LOGIN, condstore: true, qresync: true },
  "UIDONLY": { ...REV2, condstore: true, uidOnly: true },
};

function stateOf(more: Partial<LoginState>, selected: boolean): ImapState {
  const { state } = imapSession({ hostname: "imap.example.org", allowPlaintextAuth: true });
  Object.assign(state, more);
  if (selected) {
    const mailbox = { mailboxId: "m1", path: "INBOX", rights: "lrswipkxtea", uidNext: 9, highestModseq: 5 };
    const snapshot = { mailbox, uids: Uint32Array.of(1, 2, 4, 7, 8), keywords: [], firstUnseen: null };
    state.view = new View("a1" as AccountId, snapshot as unknown as MailboxSnapshot, false);
  }
  return state;
}

/** All that the reader makes of these octets, in pieces of `sizes`. */
function read(state: ImapState, octets: string, sizes: () => number): ReadEvent[] {
  const reader = new CommandReader();
  const queue = new ByteQueue();
  const events: ReadEvent[] = [];
  const bytes = latin1Bytes(octets);
  for (let at = 0; at < bytes.length;) {
    const end = Math.min(bytes.length, at + sizes());
    queue.push(bytes.slice(at, end));
    at = end;
    for (let event = reader.next(queue, readerRules(state)); event !== null;) {
      if (event.kind === "chunk") events.push({ ...event, chunk: event.chunk.slice() });
      else events.push(event);
      if (event.kind === "fatal") return events;
      event = reader.next(queue, readerRules(state));
    }
  }
  return events;
}

/** What is said of each command: its tag, and BAD or NO, or that there is a program. */
function parsed(state: ImapState, events: readonly ReadEvent[]): string[] {
  return events.map((event) => {
    if (event.kind !== "command") return event.kind === "chunk" ? "chunk" : JSON.stringify({ ...event, pieces: null });
    const prepared = prepare(state, event.pieces);
    return "reply" in prepared ? `${prepared.tag} ${JSON.stringify(prepared.reply)}` : `${prepared.tag} runs`;
  });
}

const withoutChunks = (said: readonly string[]): string[] => said.filter((one) => one !== "chunk");

for (const [name, more] of Object.entries(STATES)) {
  for (const selected of name === "not logged in" ? [false] : [false, true]) {
    Deno.test(`mutated commands are read or refused, ${name}${selected ? ", selected" : ""}`, () => {
      const lines = transcripts().flatMap(sentLines);
      let ran = 0;
      for (let seed = 1; seed <= ROUNDS; seed++) {
        const next = cuts(seed * 7919 + name.length, 1 << 20);
        const pick = <T>(from: readonly T[]): T => from[next() % from.length]!;
        for (let round = 0; round < 400; round++) {
          const octets = `${mutate(pick(lines), next, pick)}\r\n${pick(lines)}\r\n`;
          const whole = parsed(stateOf(more, selected), read(stateOf(more, selected), octets, () => Infinity));
          const cut = parsed(stateOf(more, selected), read(stateOf(more, selected), octets, cuts(seed + round)));
          assert.deepEqual(withoutChunks(cut), withoutChunks(whole), JSON.stringify(octets));
          ran += whole.filter((one) => one.endsWith(" runs")).length;
        }
      }
      assert.ok(ran > ROUNDS, "hardly anything was a command: the test tests nothing");
    });
  }
}
