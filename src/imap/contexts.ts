/**
 * Searches whose results are kept up to date (RFC 5267 section 4.3): what changed since is told as ADDTO and
 * REMOVEFROM. They belong to a view and end with it.
 */
import {
  type AccountId,
  ask,
  type MailboxId,
  type Program,
  type SearchKey,
  type SortCriterion,
  type Uid,
} from "../contract/mod.ts";
import { rangesOf } from "./range_cursor.ts";
import type { FetchItem } from "./wire/fetch_items.ts";
import { formatSet } from "./wire/sequence_set.ts";
import { string } from "./wire/strings.ts";

/** One search that is kept. */
export interface UpdateContext {
  readonly tag: string;
  readonly byUid: boolean;
  /** Behind the tag in its responses: of a search in several mailboxes (RFC 7377). */
  readonly correlator: string;
  readonly search: SearchKey;
  /** Null: in mailbox order. */
  readonly order: readonly SortCriterion[] | null;
  /** What is fetched of a new message among the results (RFC 5465 section 7). */
  readonly items: readonly FetchItem[];
  /** As the client knows them by now. */
  results: readonly Uid[];
}

/** What of a view they need. */
export interface Numbered {
  readonly accountId: AccountId;
  readonly mailboxId: MailboxId;
  readonly contexts: Contexts | null;
  /** The sequence number, or 0 where the client does not know the UID. */
  seqOf(uid: number): number;
}

const CONTEXTS_LIMIT = 16;
/** Results of all contexts of a view. */
const RESULTS_LIMIT = 200_000;
/** Up to so many results are sorted anew as a whole. */
const SORTED_AT_ONCE = 1_000;

export class Contexts {
  readonly #byTag = new Map<string, UpdateContext>();
  readonly #touched = new Set<number>();

  get size(): number {
    return this.#byTag.size;
  }

  has(tag: string): boolean {
    return this.#byTag.has(tag);
  }

  all(): readonly UpdateContext[] {
    return [...this.#byTag.values()];
  }

  /** False: there are too many already. */
  keep(context: UpdateContext): boolean {
    const kept = this.all().reduce((sum, { results }) => sum + results.length, 0);
    if (this.size >= CONTEXTS_LIMIT || kept + context.results.length > RESULTS_LIMIT) return false;
    this.#byTag.set(context.tag, context);
    return true;
  }

  cancel(tag: string): void {
    this.#byTag.delete(tag);
    if (this.size === 0) this.#touched.clear();
  }

  /** The message is new or has other flags: it may belong to other results now. */
  touch(uid: number): void {
    if (this.size > 0) this.#touched.add(uid);
  }

  /** What was touched and is known to the client, ascending; the rest stays. */
  takeTouched(view: Numbered): Uid[] {
    const known = [...this.#touched].filter((uid) => view.seqOf(uid) > 0).sort((a, b) => a - b);
    for (const uid of known) this.#touched.delete(uid);
    return known as Uid[];
  }

  /** Section 4.3.4: REMOVEFROM of messages that go, to be told before their EXPUNGE. */
  drop(view: Numbered, uids: Iterable<number>): string {
    const gone = new Set(uids);
    let out = "";
    for (const uid of gone) this.#touched.delete(uid);
    for (const context of this.#byTag.values()) out += removeFrom(view, context, gone);
    return out;
  }
}

/** What became of the results: lines, and for whose sake a new message is fetched. */
export interface ContextNews {
  readonly text: string;
  readonly added: ReadonlyMap<number, readonly UpdateContext[]>;
}

/** Looks which of the touched messages belong to which results now. */
export function* contextNews(view: Numbered): Program<ContextNews> {
  const added = new Map<number, UpdateContext[]>();
  const { contexts } = view;
  const touched = contexts?.takeTouched(view) ?? [];
  if (contexts === null || touched.length === 0) return { text: "", added };
  let text = "";
  for (const context of contexts.all()) {
    const found = yield* matching(view, context, touched);
    const had = new Set<number>(context.results);
    text += removeFrom(view, context, new Set(touched.filter((uid) => had.has(uid) && !found.has(uid))));
    const fresh = touched.filter((uid) => found.has(uid) && !had.has(uid));
    if (fresh.length === 0) continue;
    text += yield* addTo(view, context, fresh);
    for (const uid of fresh) added.set(uid, [...added.get(uid) ?? [], context]);
  }
  return { text, added };
}

function* matching(view: Numbered, { search }: UpdateContext, touched: readonly Uid[]): Program<ReadonlySet<number>> {
  const { accountId, mailboxId } = view;
  const among: SearchKey = { key: "and", keys: [{ key: "uid", ranges: rangesOf(touched) }, search] };
  const { uids } = yield* ask("email.search", { accountId, mailboxId, search: among });
  return new Set<number>(uids);
}

/** Section 4.3.4: each is removed where it stands when those before it are gone. */
function removeFrom(view: Numbered, context: UpdateContext, gone: ReadonlySet<number>): string {
  if (gone.size === 0) return "";
  const pairs = new Pairs(context);
  const rest: Uid[] = [];
  for (const uid of context.results) {
    if (gone.has(uid)) pairs.put(rest.length + 1, uid, 0);
    else rest.push(uid);
  }
  if (rest.length === context.results.length) return "";
  context.results = rest;
  return pairs.line(view, "REMOVEFROM");
}

/** Section 4.3.3: each is put where it stands when those before it are there. */
function* addTo(view: Numbered, context: UpdateContext, fresh: readonly Uid[]): Program<string> {
  const merged = yield* withAdded(view, context, fresh);
  const isFresh = new Set<number>(fresh);
  const pairs = new Pairs(context);
  merged.forEach((uid, index) => isFresh.has(uid) && pairs.put(index + 1, uid, 1));
  context.results = merged;
  return pairs.line(view, "ADDTO");
}

/** `context-position SP sequence-set`, several; in mailbox order the position is 0, and one set holds all. */
class Pairs {
  readonly #context: UpdateContext;
  readonly #pairs: { readonly position: number; readonly uids: number[] }[] = [];

  constructor(context: UpdateContext) {
    this.#context = context;
  }

  /** `step`: by how much one result moves the place of the next. */
  put(position: number, uid: number, step: 0 | 1): void {
    const open = this.#pairs[this.#pairs.length - 1];
    const ordered = this.#context.order !== null;
    if (open && (!ordered || position === open.position + step * open.uids.length)) open.uids.push(uid);
    else this.#pairs.push({ position: ordered ? position : 0, uids: [uid] });
  }

  line(view: Numbered, item: "ADDTO" | "REMOVEFROM"): string {
    const { tag, byUid, correlator } = this.#context;
    const sets = this.#pairs.map(({ position, uids }) =>
      `${position} ${formatSet(byUid ? uids : uids.map((uid) => view.seqOf(uid)))}`
    );
    return `* ESEARCH (TAG ${string(tag)}${correlator})${byUid ? " UID" : ""} ${item} (${sets.join(" ")})\r\n`;
  }
}

/** The results with the new ones at their places. */
function* withAdded(view: Numbered, { order, results }: UpdateContext, fresh: readonly Uid[]): Program<Uid[]> {
  if (order === null) return [...results, ...fresh].sort((a, b) => a - b);
  const { accountId, mailboxId } = view;
  const sorted = function* (uids: readonly Uid[]): Program<readonly Uid[]> {
    const ranges = rangesOf([...uids].sort((a, b) => a - b));
    return (yield* ask("email.sort", { accountId, mailboxId, search: { key: "uid", ranges }, order })).uids;
  };
  const near = results.length <= SORTED_AT_ONCE ? results : neighbours(
    results,
    fresh,
    yield* sorted([...results.filter((_, index) => index % stepOf(results) === 0), ...fresh]),
  );
  const isFresh = new Set<number>(fresh);
  const behind = new Map<Uid | null, Uid[]>();
  let before: Uid | null = null;
  for (const uid of yield* sorted([...near, ...fresh])) {
    if (!isFresh.has(uid)) before = uid;
    else behind.set(before, [...behind.get(before) ?? [], uid]);
  }
  return [...behind.get(null) ?? [], ...results.flatMap((uid) => [uid, ...behind.get(uid) ?? []])];
}

/** Of a long list, the stretches in which new results belong: found among every so manyth of it. */
function neighbours(results: readonly Uid[], fresh: readonly Uid[], sorted: readonly Uid[]): Uid[] {
  const step = stepOf(results);
  const isFresh = new Set<number>(fresh);
  const stretches = new Set<number>();
  let passed = 0;
  for (const uid of sorted) {
    if (isFresh.has(uid)) stretches.add(Math.max(0, passed - 1));
    else passed++;
  }
  return [...stretches].flatMap((stretch) => results.slice(stretch * step, (stretch + 1) * step + 1));
}

function stepOf(results: readonly Uid[]): number {
  return Math.ceil(Math.sqrt(results.length));
}
