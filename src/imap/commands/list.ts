import { ask, type Mailbox, type Program } from "../../contract/mod.ts";
import { accountOf, AFTER_LOGIN, BAD_NAME, type Command } from "../command.ts";
import { matches, simplify } from "../list_pattern.ts";
import { metadataValues } from "../metadata_values.ts";
import { ok } from "../reply.ts";
import { formatMyRights } from "../rights.ts";
import { type CommandProgram, type ImapState, sendText } from "../session.ts";
import { attributeOf } from "../special_use.ts";
import { statusItem, statusResponse } from "../status_items.ts";
import type { Lexer } from "../wire/lexer.ts";
import { canonicalPath, decodeName, DELIMITER, formatMailbox } from "../wire/mailbox_name.ts";
import { formatEntry, metadataEntries } from "../wire/metadata.ts";

/** What a LIST asks (RFC 9051 section 6.3.9, RFC 5258, RFC 5819, RFC 6154). */
interface Request {
  readonly select: ReadonlySet<string>;
  readonly returns: ReadonlySet<string>;
  readonly statusItems: readonly string[];
  /** Annotations to tell (RFC 9590). */
  readonly metadata: readonly string[];
  /** Null: in no encoding that can be a name. */
  readonly reference: string | null;
  readonly patterns: readonly (string | null)[];
  /** The basic form answers an empty pattern with the delimiter. */
  readonly extended: boolean;
}

/** LIST */
export const list: Command = {
  states: AFTER_LOGIN,
  parse(lexer, state) {
    lexer.sp();
    const selecting = lexer.peek() === "(";
    const select = new Set(selecting ? lexer.list(() => selectOption(lexer), 0) : []);
    if (selecting) lexer.sp();
    // RFC 5258 section 3: RECURSIVEMATCH needs a base option.
    if (select.has("RECURSIVEMATCH") && !select.has("SUBSCRIBED") && !select.has("SPECIAL-USE")) {
      lexer.fail("RECURSIVEMATCH needs another selection option");
    }
    const reference = decodeName(lexer.astring(), state.utf8);
    lexer.sp();
    const several = lexer.peek() === "(";
    const pattern = (): string | null => decodeName(lexer.listMailbox(), state.utf8);
    const patterns = several ? lexer.list(pattern) : [pattern()];
    if (patterns.length > 100) lexer.fail("Too many patterns");
    const returns = new Set<string>();
    let statusItems: readonly string[] = [];
    let metadata: readonly string[] = [];
    const returning = lexer.tryChar(" ");
    if (returning) {
      if (!lexer.tryWord("RETURN")) lexer.fail("RETURN was expected");
      lexer.sp();
      lexer.list(() => {
        const option = returnOption(lexer);
        returns.add(option);
        if (option !== "STATUS" && option !== "METADATA") return;
        lexer.sp();
        if (option === "STATUS") statusItems = [...new Set(lexer.list(() => statusItem(lexer)))];
        else metadata = metadataEntries(lexer);
      }, 0);
    }
    lexer.end();
    return run(state, {
      select,
      returns,
      statusItems,
      metadata,
      reference,
      patterns,
      extended: selecting || several || returning,
    });
  },
};

function selectOption(lexer: Lexer): string {
  const option = lexer.word();
  const known = ["SUBSCRIBED", "REMOTE", "RECURSIVEMATCH", "SPECIAL-USE"];
  return known.includes(option) ? option : lexer.fail("No such selection option");
}

function returnOption(lexer: Lexer): string {
  const option = lexer.word();
  const known = ["SUBSCRIBED", "CHILDREN", "SPECIAL-USE", "STATUS", "METADATA", "MYRIGHTS"];
  return known.includes(option) ? option : lexer.fail("No such return option");
}

function* run(state: ImapState, request: Request): CommandProgram {
  const { reference, patterns } = request;
  if (reference === null || patterns.includes(null)) return BAD_NAME;
  // RFC 9051 section 6.3.9: an empty pattern asks for the delimiter and the root.
  if (!request.extended && patterns[0] === "") {
    yield sendText('* LIST (\\Noselect) "/" ""\r\n');
    return ok("Listed");
  }
  const accountId = accountOf(state);
  const mailboxes = yield* ask("mailbox.list", { accountId });
  const names = request.select.has("SUBSCRIBED") ? yield* ask("mailbox.subscriptions", { accountId }) : [];
  const tree = new Tree(mailboxes, names);
  const full = patterns.map((pattern) => simplify(reference + pattern!));
  let out = "";
  for (const path of tree.paths()) {
    if (!full.some((pattern) => matches(pattern, path))) continue;
    const listed = describe(state, request, tree, path) ?? level(state, request, tree, path, full);
    if (listed === null) continue;
    out += listed.line;
    if (listed.mailbox === null) continue;
    const { rights } = listed.mailbox;
    if (request.returns.has("MYRIGHTS")) out += formatMyRights(path, rights, state.utf8); // RFC 8440 section 3
    // RFC 5819 section 2: no STATUS where it would be refused.
    if (request.statusItems.length > 0 && rights.includes("r")) {
      out += yield* statusResponse(state, listed.mailbox, request.statusItems);
    }
    if (request.metadata.length > 0) out += yield* metadataResponse(state, listed.mailbox, request.metadata);
  }
  if (out !== "") yield sendText(out);
  return ok("Listed");
}

/** RFC 9590 section 3: the entries behind the LIST response of their mailbox. */
function* metadataResponse(state: ImapState, mailbox: Mailbox, entries: readonly string[]): Program<string> {
  const values = yield* metadataValues(state, mailbox, entries, 0);
  if ("refused" in values) return ""; // it went meanwhile, or may be seen but not read
  return `* METADATA ${formatMailbox(mailbox.path, state.utf8)} (${values.map(formatEntry).join(" ")})\r\n`;
}

/** The mailboxes with what hangs below them, and subscribed names that are no mailboxes. */
class Tree {
  readonly mailboxes: ReadonlyMap<string, Mailbox>;
  readonly #subscribed: ReadonlySet<string>;
  readonly #parents = new Set<string>();
  readonly #matchedBelow = new Map<string, Set<string>>();

  constructor(mailboxes: readonly Mailbox[], subscriptions: readonly string[]) {
    this.mailboxes = new Map(mailboxes.map((mailbox) => [mailbox.path, mailbox]));
    this.#subscribed = new Set([
      ...subscriptions,
      ...mailboxes.filter((mailbox) => mailbox.subscribed).map((mailbox) => mailbox.path),
    ]);
    for (const { path, role } of mailboxes) {
      for (const parent of ancestors(path)) {
        this.#parents.add(parent);
        if (attributeOf(role) !== null) this.#note(parent, "SPECIAL-USE");
      }
    }
    for (const path of this.#subscribed) for (const parent of ancestors(path)) this.#note(parent, "SUBSCRIBED");
  }

  /** Every name that can be listed, in order. */
  paths(): string[] {
    const all = new Set([
      ...this.mailboxes.keys(),
      ...this.#subscribed,
      ...this.#matchedBelow.keys(),
      ...this.#parents,
    ]);
    return [...all].sort((a, b) => (a === "INBOX" ? -1 : b === "INBOX" ? 1 : a < b ? -1 : 1));
  }

  isSubscribed(path: string): boolean {
    return this.#subscribed.has(path);
  }

  hasChildren(path: string): boolean {
    return this.#parents.has(path);
  }

  /** Selection options that a name below this one meets. */
  below(path: string): ReadonlySet<string> {
    return this.#matchedBelow.get(path) ?? new Set();
  }

  #note(parent: string, option: string): void {
    const noted = this.#matchedBelow.get(parent);
    if (noted) noted.add(option);
    else this.#matchedBelow.set(parent, new Set([option]));
  }
}

function ancestors(path: string): string[] {
  const out: string[] = [];
  for (let at = path.indexOf(DELIMITER); at >= 0; at = path.indexOf(DELIMITER, at + 1)) out.push(path.slice(0, at));
  return out;
}

/** RFC 9051 section 6.3.9: a level that is no mailbox is told to whoever asks level by level, by a "%" at the end. */
function level(
  state: ImapState,
  request: Request,
  tree: Tree,
  path: string,
  patterns: readonly string[],
): { readonly line: string; readonly mailbox: null } | null {
  if (request.select.size > 0 || tree.mailboxes.has(path) || !tree.hasChildren(path)) return null;
  if (!patterns.some((pattern) => pattern.endsWith("%") && matches(pattern, path))) return null;
  const name = formatMailbox(path, state.utf8);
  return { line: `* LIST (\\NonExistent \\Noselect \\HasChildren) "/" ${name}\r\n`, mailbox: null };
}

/** One LIST response, and whose STATUS follows it; null where the selection options leave the name out. */
function describe(
  state: ImapState,
  request: Request,
  tree: Tree,
  path: string,
): { readonly line: string; readonly mailbox: Mailbox | null } | null {
  const mailbox = tree.mailboxes.get(path);
  const use = attributeOf(mailbox?.role ?? null);
  const subscribed = tree.isSubscribed(path);
  const meets = (option: string): boolean => option === "SUBSCRIBED" ? subscribed : use !== null;
  const options = ["SUBSCRIBED", "SPECIAL-USE"].filter((option) => request.select.has(option));
  const selected = options.every(meets) && (options.length > 0 || mailbox !== undefined);
  // RFC 5258 section 3.5: CHILDINFO tells of names below that meet what this name was asked for.
  const below = request.select.has("RECURSIVEMATCH") ? options.filter((option) => tree.below(path).has(option)) : [];
  if (!selected && below.length === 0) return null;
  const flags: string[] = [];
  if (mailbox === undefined) flags.push("\\NonExistent");
  if (subscribed && (request.select.has("SUBSCRIBED") || request.returns.has("SUBSCRIBED"))) flags.push("\\Subscribed");
  flags.push(tree.hasChildren(path) ? "\\HasChildren" : "\\HasNoChildren");
  if (use !== null) flags.push(use);
  const info = below.length === 0 ? "" : ` ("CHILDINFO" (${below.map((option) => `"${option}"`).join(" ")}))`;
  const line = `* LIST (${flags.join(" ")}) "/" ${formatMailbox(canonicalPath(path), state.utf8)}${info}\r\n`;
  return { line, mailbox: selected ? mailbox ?? null : null };
}
