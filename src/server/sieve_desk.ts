/** Scripts at work for whoever administers the server: over mail that is stored, by the programs of delivery. */
import {
  type AccountId,
  type EmailRow,
  type LogEvent,
  type Mailbox,
  type Program,
  type SearchKey,
  type UidRange,
} from "../contract/mod.ts";
import type { ScriptedMessage, ScriptQuestion, ScriptReport, SieveDesk, TriedScript } from "../http/sieve_desk.ts";
import {
  accountScript,
  applyStored,
  around,
  fateOf,
  type FilterPolicy,
  type PolicyScript,
  replay,
  type StoredOwner,
  triedMessage,
  tryMessage,
} from "../mda/mod.ts";
import { decodeWords } from "../message/mod.ts";
import {
  formatSieveLogLine,
  readRules,
  sievePlace,
  type SieveResult,
  sieveSentence,
  writeRules,
} from "../sieve/mod.ts";
import type { Storage } from "../storage/storage.ts";
import { checkScript } from "./check_script.ts";
import { type Perform, runProgram } from "./run_program.ts";
import { NO_FILTERS, type RunFilter } from "./typed_filters/mod.ts";

/** What the desk works with. */
export interface SieveDeskParts {
  readonly storage: Storage;
  readonly filter: FilterPolicy;
  /** Left out: no filters in TypeScript run. */
  readonly runFilter?: RunFilter;
  readonly now: () => number;
}

const PAGE = 50;
/** Not what came in: nobody filters it anew. */
const LEFT_OUT: ReadonlySet<string> = new Set(["sent", "drafts", "trash"]);

export function createSieveDesk(parts: SieveDeskParts): SieveDesk {
  const { filter } = parts;
  return {
    check: (name, content) =>
      checkScript(name, content, { scripts: filter.scripts, typed: filter.typed, runFilter: parts.runFilter }),
    readRules,
    writeRules,
    diff: (question) => diff(question, parts),
    run: (question) => run(question, parts),
    tryOn: (question) => tryOn(question, parts),
  };
}

async function diff(question: ScriptQuestion, parts: SieveDeskParts): Promise<ScriptReport | null> {
  const owner = await ownerOf(question.address, parts);
  if (owner === null) return null;
  const { script } = await parts.storage.perform("delivery.read", { accountId: owner.accountId });
  const old = script === null ? [] : namedScript(script.name, script.content, parts.filter);
  const fresh = namedScript(question.name, question.content, parts.filter);
  return await look(question, owner, parts, async (row) => {
    const before = await perform(replay(around(old, owner.account, parts.filter), owner, row, parts.filter), parts);
    const after = await perform(replay(around(fresh, owner.account, parts.filter), owner, row, parts.filter), parts);
    if (fateOf(before) === fateOf(after)) return null;
    return { ...said(after), before: before.actions.map(sieveSentence) };
  });
}

async function run(
  question: ScriptQuestion & { readonly apply: boolean },
  parts: SieveDeskParts,
): Promise<ScriptReport | null> {
  const owner = await ownerOf(question.address, parts);
  if (owner === null) return null;
  const script = namedScript(question.name, question.content, parts.filter);
  return await look(question, owner, parts, async (row, mailbox) => {
    const result = await perform(replay(script, owner, row, parts.filter), parts);
    // A script that failed says nothing.
    if (!question.apply || result.failures.length > 0) return { ...said(result), done: [] };
    const done = await perform(applyStored(result, owner, mailbox, row.uid, parts.now()), parts);
    return { ...said(result), done };
  });
}

async function tryOn(
  { address, content, name, message, from, to }: Parameters<SieveDesk["tryOn"]>[0],
  parts: SieveDeskParts,
): Promise<TriedScript | null> {
  const owner = await ownerOf(address, parts);
  if (owner === null) return null;
  const [script] = namedScript(name, content, parts.filter);
  if (script === undefined) return { actions: [], failures: ["the script cannot run"], log: [] };
  const tried = triedMessage(message, { from, to }, owner.account);
  const result = await perform(tryMessage(script, owner, tried, parts.filter, parts.now()), parts);
  return { ...said(result), log: result.log.map(formatSieveLogLine) };
}

function said(result: SieveResult): Pick<ScriptedMessage, "actions" | "failures"> {
  return {
    actions: result.actions.map(sieveSentence),
    failures: result.failures.map((failure) => `${sievePlace(failure)}: ${failure.message}`),
  };
}

/** None where it cannot run: then it says nothing at delivery either. */
function namedScript(name: string, content: string, filter: FilterPolicy): readonly PolicyScript[] {
  const found = accountScript(name, content, filter);
  return "script" in found ? [found.script] : [];
}

async function ownerOf(address: string, { storage }: SieveDeskParts): Promise<StoredOwner | null> {
  const account = await storage.perform("account.get", { address });
  if (account === null) return null;
  const { accountId } = account;
  const { settings } = await storage.perform("delivery.read", { accountId });
  return { accountId, account: account.address, settings };
}

type Looked = Pick<ScriptedMessage, "actions" | "before" | "done" | "failures">;

/** Looks at messages, the newest mailbox's first by their names; null: there is no such mailbox. */
async function look(
  question: ScriptQuestion,
  owner: StoredOwner,
  parts: SieveDeskParts,
  each: (row: EmailRow, mailbox: Mailbox) => Promise<Looked | null>,
): Promise<ScriptReport | null> {
  const { accountId } = owner;
  const mailboxes = (await parts.storage.perform("mailbox.list", { accountId })).filter(({ ownerId, role, path }) =>
    ownerId === accountId && (question.mailbox === null ? !LEFT_OUT.has(role ?? "") : path === question.mailbox)
  );
  if (question.mailbox !== null && mailboxes.length === 0) return null;
  // What is moved into a mailbox that comes later must not be looked at twice: all is chosen first.
  const chosen: { readonly mailbox: Mailbox; readonly ranges: readonly UidRange[] }[] = [];
  const met = new Set<string>();
  let room = question.limit;
  let more = false;
  for (const mailbox of mailboxes) {
    const uids = await uidsSince(accountId, mailbox, question.since, parts);
    more ||= uids.length > room;
    const some = uids.slice(-room || uids.length);
    if (room > 0) chosen.push({ mailbox, ranges: some.map((uid) => ({ first: uid, last: uid })) });
    room = Math.max(0, room - some.length);
  }
  const messages: ScriptedMessage[] = [];
  let looked = 0;
  for (const { mailbox, ranges } of chosen) {
    for (let at = 0; at < ranges.length; at += PAGE) {
      const { rows } = await parts.storage.perform("email.read", {
        accountId,
        mailboxId: mailbox.mailboxId,
        ranges: ranges.slice(at, at + PAGE),
        fields: ["envelope"],
        limit: PAGE,
      });
      for (const row of rows) {
        if (met.has(row.emailId)) continue; // in another mailbox too
        met.add(row.emailId);
        looked++;
        const found = await each(row, mailbox);
        if (found !== null) messages.push({ ...about(row, mailbox), ...found });
      }
    }
  }
  return { looked, more, messages };
}

async function uidsSince(accountId: AccountId, { mailboxId }: Mailbox, since: number | null, parts: SieveDeskParts) {
  const search: SearchKey = since === null ? { key: "all" } : { key: "internalDate", from: since, before: null };
  return (await parts.storage.perform("email.search", { accountId, mailboxId, search })).uids;
}

function about(row: EmailRow, { path }: Mailbox): Omit<ScriptedMessage, "actions" | "failures"> {
  const author = row.envelope?.from[0];
  return {
    mailbox: path,
    uid: row.uid,
    from: author ? `${author.mailbox ?? ""}@${author.host ?? ""}` : "",
    subject: decodeWords(row.envelope?.subject ?? ""),
    at: row.internalDate,
  };
}

function perform<R>(program: Program<R>, { storage, runFilter }: SieveDeskParts): Promise<R> {
  const answer =
    ((op: string, args: never) =>
      op === "filter.run" ? runFilter?.(args) ?? NO_FILTERS : storage.perform(op as never, args)) as Perform;
  return runProgram(program, answer, (_event: LogEvent) => {});
}
