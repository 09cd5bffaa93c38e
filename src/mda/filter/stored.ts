/** Scripts over mail that is there already: what they would say, and what of it can be done now. */
import { lowerAscii } from "../../base/ascii.ts";
import {
  type AccountId,
  ask,
  type DeliverySettings,
  type EmailRow,
  type Mailbox,
  type Program,
  type TraceId,
  type Uid,
} from "../../contract/mod.ts";
import { headerFields, unfold } from "../../message/header.ts";
import { type SieveAction, type SieveFiling, type SieveResult, sieveSentence } from "../../sieve/mod.ts";
import { filterFacts, type FilterOwner } from "./facts.ts";
import { FilterMessage } from "./message.ts";
import type { FilterPolicy, PolicyScript } from "./policy.ts";
import { runSafely } from "./run.ts";
import { mayAnswer, stepsOf } from "./scripts.ts";
import { accountWorld, roleOf } from "./world.ts";

/** Whose mail it is. */
export interface StoredOwner {
  readonly accountId: AccountId;
  readonly account: string;
  readonly settings: DeliverySettings;
}

/** What a script says of a stored message, as if it came now as it came then. Nothing counts as seen before. */
export function* replay(
  scripts: readonly PolicyScript[],
  owner: StoredOwner,
  row: EmailRow,
  policy: FilterPolicy,
): Program<SieveResult> {
  const message = new FilterMessage(row.blobId);
  const facts = replayOwner(owner, row);
  const request = { policy, traceId: row.emailId as string as TraceId, silent: null, remoteAddress: null };
  const world = accountWorld({ ...owner, now: row.internalDate, remembered: new Set() }, row.blobId, policy);
  const unseen = { ...world, seen: nothingSeen };
  const told = yield* filterFacts(facts, message, request, mayAnswer(scripts));
  return yield* runSafely(stepsOf(scripts, owner, told, unseen, policy), told, unseen, policy.limits);
}

/** For whom a stored message came, and from whom: its prefix says so. */
export function replayOwner(owner: StoredOwner, row: EmailRow): FilterOwner {
  const fields = headerFields(row.prefix);
  const valueOf = (name: string): string => {
    const field = fields.find((one) => one.name === name);
    return field ? unfold(field.raw).trim().replace(/^<|>$/g, "") : "";
  };
  const address = valueOf("delivered-to") || owner.account;
  return {
    ...owner,
    address,
    recipient: address,
    reversePath: valueOf("return-path"),
    prefix: row.prefix,
    flags: row.flags.filter((flag) => lowerAscii(flag) === "$junk"),
    now: row.internalDate,
  };
}

// deno-lint-ignore require-yield -- answers are programs
function* nothingSeen(): Program<boolean> {
  return false;
}

/** Where a message goes by a result, apart from which line says so: equal texts are equal fates. */
export function fateOf({ actions }: SieveResult): string {
  return actions.map((action) => sieveSentence({ ...action, at: null })).map((text) => text.replace(/, because.*/, ""))
    .sort().join("\n");
}

/** Does what can be done to a message that is in a mailbox. Says what was done. */
export function* applyStored(
  result: SieveResult,
  owner: StoredOwner,
  mailbox: Pick<Mailbox, "mailboxId" | "path">,
  uid: Uid,
  now: number,
): Program<readonly string[]> {
  const done: string[] = [];
  const stays = result.actions.some(({ kind }) => kind === "keep");
  const filings = result.actions.filter((action) => action.kind === "fileinto");
  const gone = !stays && result.actions.some(({ kind }) => kind === "discard") && filings.length === 0;
  const at = { accountId: owner.accountId, mailboxId: mailbox.mailboxId, ranges: [{ first: uid, last: uid }], now };
  const flags = keptFlags(result.actions);
  if (stays && flags.length > 0) {
    const { changed } = yield* ask("email.flags", { ...at, mode: "add", flags });
    if (changed.length > 0) done.push(`marked ${flags.join(" ")}`);
  }
  for (const [i, filing] of filings.entries()) {
    const last = i === filings.length - 1 && !stays;
    done.push(...yield* file(filing, at, mailbox, owner, last));
  }
  if (gone) {
    const trash = (yield* ask("mailbox.list", { accountId: owner.accountId })).find(({ role }) => role === "trash");
    if (trash && trash.mailboxId !== mailbox.mailboxId) {
      const moved = yield* ask("email.move", { ...at, path: trash.path });
      done.push("refused" in moved ? `not moved to ${trash.path}: ${moved.refused}` : `moved to ${trash.path}`);
    }
  }
  return done;
}

type At = {
  readonly accountId: AccountId;
  readonly mailboxId: Mailbox["mailboxId"];
  readonly ranges: readonly { readonly first: Uid; readonly last: Uid }[];
  readonly now: number;
};

function* file(
  filing: SieveFiling,
  at: At,
  mailbox: Pick<Mailbox, "path">,
  owner: StoredOwner,
  move: boolean,
): Program<readonly string[]> {
  const { mailbox: path, create, specialUse } = filing;
  if (path === mailbox.path) return [];
  const { accountId } = owner;
  if (!(yield* ask("mailbox.get", { accountId, path }))) {
    if (!create) return [`not filed into ${path}: there is no such mailbox`];
    const role = specialUse === null ? null : roleOf(specialUse);
    const made = yield* ask("mailbox.create", { accountId, path, role });
    if ("refused" in made) return [`not filed into ${path}: ${made.refused}`];
  }
  if (filing.flags.length > 0) yield* ask("email.flags", { ...at, mode: "add", flags: filing.flags });
  const answer = yield* ask(move ? "email.move" : "email.copy", { ...at, path });
  if ("refused" in answer) return [`not filed into ${path}: ${answer.refused}`];
  return [`${move ? "moved" : "copied"} to ${path}`];
}

function keptFlags(actions: readonly SieveAction[]): readonly string[] {
  return actions.flatMap((action) => action.kind === "keep" ? action.flags : []);
}
