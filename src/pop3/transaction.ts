/** The TRANSACTION state (RFC 1939 section 5) and the UPDATE state, which is QUIT's program (section 6). */
import { parseDigits } from "../base/ascii.ts";
import { latin1Bytes } from "../base/bytes.ts";
import { ask, type Effect, type EmailRow, logEvent, type Program, sendLine, type Uid } from "../contract/mod.ts";
import { type Maildrop, mark, markedRanges, unmarkAll } from "./maildrop.ts";
import type { Pop3State, Then } from "./state.ts";

const NO_SUCH = "-ERR No such message";
const PIECE = 64 * 1024;

export function stat(drop: Maildrop, args: string, out: Effect[]): void {
  out.push(sendLine(args === "" ? `+OK ${drop.count} ${drop.octets}` : "-ERR STAT takes no argument"));
}

export function list(drop: Maildrop, args: string, out: Effect[]): void {
  listing(drop, args, `+OK ${drop.count} messages (${drop.octets} octets)`, (i) => String(drop.sizes[i]), out);
}

export function uidl(drop: Maildrop, args: string, out: Effect[]): void {
  listing(drop, args, "+OK", (i) => drop.uidls[i]!, out);
}

/** One line for a message, or a line for each that is not marked (RFC 1939 section 5, LIST). */
function listing(drop: Maildrop, args: string, head: string, value: (i: number) => string, out: Effect[]): void {
  if (args !== "") {
    const n = numberOf(drop, args);
    return void out.push(sendLine(n === null ? NO_SUCH : `+OK ${n} ${value(n - 1)}`));
  }
  let text = head + "\r\n";
  for (let i = 0; i < drop.deleted.length; i++) {
    if (drop.deleted[i] === 1) continue;
    text += `${i + 1} ${value(i)}\r\n`;
    if (text.length < PIECE) continue;
    out.push({ type: "send", bytes: latin1Bytes(text) });
    text = "";
  }
  out.push(sendLine(text + "."));
}

/** The number of a message that is there and not marked, or null. */
function numberOf(drop: Maildrop, text: string): number | null {
  const n = parseDigits(text, drop.deleted.length);
  return n === null || n === 0 || drop.deleted[n - 1] === 1 ? null : n;
}

export function dele(drop: Maildrop, args: string, out: Effect[]): void {
  const n = numberOf(drop, args);
  if (n !== null) mark(drop, n);
  out.push(sendLine(n === null ? NO_SUCH : `+OK Message ${n} is marked`));
}

export function rset(drop: Maildrop, args: string, out: Effect[]): void {
  if (args !== "") return void out.push(sendLine("-ERR RSET takes no argument"));
  unmarkAll(drop);
  out.push(sendLine(`+OK ${drop.count} messages (${drop.octets} octets)`));
}

export function retr(drop: Maildrop, args: string, out: Effect[]): Then {
  const n = numberOf(drop, args);
  return n === null ? void out.push(sendLine(NO_SUCH)) : { run: sendMessage(drop, n) };
}

function* sendMessage(drop: Maildrop, n: number): Program<void> {
  const row = yield* readRow(drop, n, []);
  if (!row) return;
  yield sendLine(`+OK ${row.size} octets`);
  yield* sendPrefix(row);
  if (row.blobSize > 0) yield { ...blob(row), start: 0, end: row.blobSize };
  yield sendLine(".");
}

/** RFC 1939 section 7: `TOP msg n`, the header, the blank line and n lines of the body. */
export function top(drop: Maildrop, args: string, out: Effect[]): Then {
  const space = args.indexOf(" ");
  const lines = space < 0 ? null : parseDigits(args.slice(space + 1));
  if (lines === null) return void out.push(sendLine("-ERR TOP needs a message and a number of lines"));
  const n = numberOf(drop, args.slice(0, space));
  return n === null ? void out.push(sendLine(NO_SUCH)) : { run: sendTop(drop, n, lines) };
}

function* sendTop(drop: Maildrop, n: number, lines: number): Program<void> {
  const row = yield* readRow(drop, n, ["structure"]);
  if (!row) return;
  const bodyStart = row.structure?.bodyStart ?? 0;
  yield sendLine("+OK");
  yield* sendPrefix(row);
  if (bodyStart > 0) yield { ...blob(row), start: 0, end: bodyStart };
  if (lines > 0 && bodyStart < row.blobSize) yield { ...blob(row), start: bodyStart, end: row.blobSize, lines };
  yield sendLine(".");
}

/** The prefix is header fields of our own making: no line of it starts with a dot. */
function* sendPrefix(row: EmailRow): Program<void> {
  if (row.prefix.length > 0) yield { type: "send", bytes: row.prefix };
}

function blob(row: EmailRow) {
  return { type: "sendBlob", blobId: row.blobId, encoding: "dotStuffed" } as const;
}

/** Reads one message anew, or says that another session has removed it. */
function* readRow(drop: Maildrop, n: number, fields: readonly "structure"[]): Program<EmailRow | null> {
  const { accountId, mailboxId } = drop;
  const uid = drop.uids[n - 1] as Uid;
  const ranges = [{ first: uid, last: uid }];
  const { rows } = yield* ask("email.read", { accountId, mailboxId, ranges, fields, limit: 1 });
  const row = rows[0];
  // The maildrop is shared, so a message can be gone. Not SYS/TEMP: to come back would not help.
  if (!row) yield sendLine("-ERR The message was removed by another session");
  return row ?? null;
}

/** RFC 1939 section 6: the marked messages go now, all in one transaction, or none of them. */
export function* update(state: Pop3State): Program<void> {
  const drop = state.drop!;
  const ranges = markedRanges(drop);
  if (ranges.length > 0) {
    const { accountId, mailboxId } = drop;
    const { vanished } = yield* ask("email.expunge", { accountId, mailboxId, ranges, always: true });
    yield logEvent("info", "pop3.removed", { login: state.login?.login ?? null, messages: vanished.length });
  }
  state.phase = "closed";
  yield sendLine("+OK Goodbye");
  yield { type: "close" };
}
