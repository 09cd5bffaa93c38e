/** What the machine says of itself: tagged responses, news that needs no question, progress, and goodbyes. */
import { concatBytes } from "../base/bytes.ts";
import type { Effect, Op } from "../contract/mod.ts";
import { Notify } from "./notify.ts";
import { bad, formatReply, type Reply } from "./reply.ts";
import { type ImapState, newsOf, type RunningCommand, sendText } from "./session.ts";
import { TEXTS } from "./texts.ts";
import { string } from "./wire/strings.ts";

/** Questions that may take long, and before which no line of a response is left unfinished. */
const LONG_OPS: ReadonlySet<Op> = new Set<Op>([
  "email.copy",
  "email.expunge",
  "email.flags",
  "email.move",
  "email.search",
  "email.sort",
  "email.thread",
]);

export function mayTellProgress(state: ImapState): state is ImapState & { running: RunningCommand } {
  return state.running?.kind === "command" && LONG_OPS.has(state.running.task.op!);
}

/** RFC 9585: that the command is at work, and how far it has come. */
export function tellProgress(state: ImapState & { running: RunningCommand }, now: number, out: Effect[]): void {
  const { running } = state;
  const { done = "NIL", goal = "NIL" } = running.progress ?? {};
  running.toldAt = now;
  out.push(sendText(`* OK [INPROGRESS (${string(state.tag)} ${done} ${goal})] ${TEXTS.inProgress}\r\n`));
}

export function peer(state: ImapState): { remote: string; tls: boolean } {
  return { remote: state.session?.remoteAddress ?? "", tls: state.tls !== null };
}

export function startTls(state: ImapState, out: Effect[]): void {
  // What follows in the clear could have been put there by anybody: never carry it into TLS.
  if (state.input.length > 0) {
    answer(state, bad(TEXTS.tlsPipelined), false, out);
    return bye(state, TEXTS.tlsPipelined, out);
  }
  out.push(sendText(`${state.tag} OK ${TEXTS.tlsBegin}\r\n`), { type: "startTls" });
  state.startingTls = true;
}

export function compress(state: ImapState, out: Effect[]): void {
  // RFC 4978 section 3: nothing follows before the answer; what does would be neither compressed nor not.
  if (state.input.length > 0) {
    answer(state, bad(TEXTS.compressPipelined), false, out);
    return bye(state, TEXTS.compressPipelined, out);
  }
  out.push(sendText(`${state.tag} OK ${TEXTS.compressBegin}\r\n`), { type: "compress" });
  state.compressed = true;
}

/** The tagged response. */
export function answer(state: ImapState, reply: Reply, holdsExpunge: boolean, out: Effect[]): void {
  // RFC 5530 section 3, EXPUNGEISSUED: a NOOP soon would tell what could not be told now.
  const held = holdsExpunge && reply.status === "OK" && reply.code === null && state.view?.holdsExpunge === true;
  const told = held ? { ...reply, code: "EXPUNGEISSUED" } : reply;
  out.push(sendText(`${state.tag} ${formatReply(told)}\r\n`));
  if (state.badInARow >= state.limits.badCommands) bye(state, TEXTS.tooManyBad, out);
}

export function tellNews(state: ImapState, mayExpunge: boolean, out: Effect[]): void {
  state.newsDue = false;
  const text = newsOf(state, mayExpunge);
  if (text !== "") out.push(sendText(text));
  tellClosed(state, mayExpunge, out);
}

export function tellClosed(state: ImapState, mayExpunge: boolean, out: Effect[]): void {
  if (!state.view?.deleted || !mayExpunge) return;
  // RFC 9051 section 7.1, CLOSED: the session goes on in the authenticated state; nothing else of it is lost.
  state.view = null;
  out.push(sendText(`* OK [CLOSED] ${TEXTS.mailboxDeleted}\r\n`));
}

/** What happened is not known any more: nothing is kept up to date from here on, and the client is told so. */
export function newsLost(state: ImapState, out: Effect[]): void {
  const contexts = state.view?.contexts;
  // RFC 5267 section 4.3.1
  for (const { tag } of contexts?.all() ?? []) {
    out.push(sendText(`* NO [NOUPDATE ${string(tag)}] ${TEXTS.unavailable}\r\n`));
    contexts!.cancel(tag);
  }
  if (state.notify === null) return;
  state.notify = new Notify([]); // RFC 5465 section 5.8
  out.push(sendText(`* OK [NOTIFICATIONOVERFLOW] ${TEXTS.notifyOverflow}\r\n`));
}

export function bye(state: ImapState, text: string, out: Effect[], code: string | null = null): void {
  abortSinks(state, out);
  out.push(sendText(`* BYE ${code === null ? "" : `[${code}] `}${text}\r\n`), { type: "close" });
  state.closed = true;
}

export function abortSinks(state: ImapState, out: Effect[]): void {
  for (const sink of state.sinks) out.push({ type: "bodyAbort", sink });
  state.sinks = [];
}

/** Neighbouring sends become one, so that a step costs few writes. */
export function joinSends(effects: Effect[]): Effect[] {
  if (effects.length < 2) return effects;
  const out: Effect[] = [];
  let run: Uint8Array[] = [];
  const flush = (): void => {
    if (run.length > 0) out.push({ type: "send", bytes: run.length === 1 ? run[0]! : concatBytes(run) });
    run = [];
  };
  for (const effect of effects) {
    if (effect.type === "send") run.push(effect.bytes);
    else {
      flush();
      out.push(effect);
    }
  }
  flush();
  return out;
}
