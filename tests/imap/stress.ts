/**
 * Random commands from several sessions, each with a client that believes only what it is told, against a model of
 * the mailboxes that is built from tagged answers alone. After each step:
 *
 * - a session's picture never contradicts itself: numbers stay within it, a UID never moves, EXPUNGE comes only where
 *   RFC 9051 section 7.5.1 allows it;
 * - a UID means the same message for ever (by its Subject), in whatever session, and is never given twice;
 * - after NOOP the picture is the mailbox: the same UIDs, and the flags that the store has;
 * - no message is lost and none comes up that nobody put there;
 * - modseqs never fall, and a QRESYNC from any earlier state gives exactly what has changed since;
 * - results that are kept up to date (RFC 5267) are what the search finds when it is made again.
 */
import assert from "node:assert/strict";
import type { Storage } from "../../src/storage/storage.ts";
import { cuts } from "./cuts.ts";
import { type Client, House } from "./house.ts";

const MAILBOXES = ["INBOX", "Work", "Old/2025"];
const FLAGS = ["\\Seen", "\\Flagged", "\\Answered", "\\Draft", "$Work", "later"];

/** What the model knows of a mailbox: the subject of each UID that is there. */
interface Model {
  uidValidity: number;
  readonly messages: Map<number, string>;
  /** Every UID that ever was. */
  readonly ever: Map<number, string>;
}

interface Message {
  uid: number | null;
  flags: string | null;
}

/** `delayed` and `immediate` are told news between commands (RFC 5465); the second writes no sequence numbers. */
type Style = "rev1" | "rev2" | "condstore" | "qresync" | "delayed" | "immediate";

/** A search that is kept up to date, as its client has it: UIDs, or the messages that the numbers meant. */
interface Kept {
  readonly search: string;
  readonly byUid: boolean;
  list: (number | Message)[];
}

/** Where a difference stands: the log is replayed by its seed. */
export class Difference extends Error {
  override readonly name = "Difference";
}

/** Plays `steps` steps of a seed; throws `Difference`. `tcp`: through sockets. */
export async function stress(seed: number, steps: number, storage?: Storage, tcp = false): Promise<void> {
  const world = await World.build(seed, storage, tcp);
  try {
    for (let step = 0; step < steps; step++) await world.step();
    await world.settle();
    assert.deepEqual(world.house.bugs, []);
  } catch (error) {
    throw new Difference(
      `seed ${seed}: ${(error as Error).message}\n${
        world.log.slice(-Number(Deno.env.get("STRESS_LOG") ?? 40)).join("\n")
      }`,
      {
        cause: error,
      },
    );
  } finally {
    await world.house.close();
  }
}

class World {
  readonly house: House;
  readonly log: string[] = [];
  readonly models = new Map<string, Model>();
  readonly #next: () => number;
  readonly #sessions: Session[] = [];
  #subjects = 0;

  private constructor(house: House, seed: number) {
    this.house = house;
    this.#next = cuts(seed, 1 << 20);
  }

  static async build(seed: number, storage: Storage | undefined, tcp: boolean): Promise<World> {
    const world = new World(await House.build(storage), seed);
    const styles: Style[] = ["rev1", "qresync", "rev2", "condstore", "delayed", "immediate"];
    for (const style of styles) world.#sessions.push(await Session.open(world, style, tcp));
    const first = world.#sessions[0]!;
    for (const path of MAILBOXES.slice(1)) await first.command(`CREATE ${path}`);
    for (const path of MAILBOXES) {
      const status = await first.command(`STATUS ${path} (UIDVALIDITY)`);
      const uidValidity = Number(/UIDVALIDITY (\d+)/.exec(status)![1]);
      world.models.set(path, { uidValidity, messages: new Map(), ever: new Map() });
    }
    return world;
  }

  next(limit: number): number {
    return this.#next() % limit;
  }

  pick<T>(from: readonly T[]): T {
    return from[this.next(from.length)]!;
  }

  subject(): string {
    return `message ${++this.#subjects}`;
  }

  model(path: string): Model {
    return this.models.get(path)!;
  }

  /** A message has come into a mailbox. */
  came(path: string, uid: number, subject: string): void {
    const { ever, messages } = this.model(path);
    assert.ok(!ever.has(uid), `UID ${uid} of ${path} is given twice`);
    for (const known of ever.keys()) assert.ok(known < uid, `UID ${uid} of ${path} is not above ${known}`);
    ever.set(uid, subject);
    messages.set(uid, subject);
  }

  gone(path: string, uids: Iterable<number>): void {
    for (const uid of uids) this.model(path).messages.delete(uid);
  }

  async step(): Promise<void> {
    await this.pick(this.#sessions).act();
  }

  /** Every session knows all, and all know the same. */
  async settle(): Promise<void> {
    for (const session of this.#sessions) await session.verify();
  }

  /** UIDs and flags that the store has. */
  async truth(path: string): Promise<Map<number, string>> {
    const rows = await this.house.rows(path);
    return new Map(rows.map(({ uid, flags }) => [uid, sorted(flags)]));
  }
}

class Session {
  readonly #world: World;
  readonly #client: Client;
  readonly #style: Style;
  readonly #name: string;
  #path: string | null = null;
  #readOnly = false;
  #picture: Message[] = [];
  #modseq = 0;
  /** States that a QRESYNC may start from, by mailbox. */
  readonly #past = new Map<string, { modseq: number; uids: Set<number> }>();
  /** EXPUNGE would be a breach now. */
  #holds = false;
  #tag = 0;
  #expunged: number[] = [];
  #kept = new Map<string, Kept>();
  /** A kept search that is not answered yet. */
  #opening: Kept | null = null;

  private constructor(world: World, client: Client, style: Style) {
    this.#world = world;
    this.#client = client;
    this.#style = style;
    this.#name = style;
  }

  static async open(world: World, style: Style, tcp: boolean): Promise<Session> {
    const client = tcp ? await world.house.connectTcp() : world.house.connect();
    const session = new Session(world, client, style);
    await session.command("LOGIN user secret");
    if (style === "rev2") await session.command("ENABLE IMAP4rev2");
    if (style === "condstore") await session.command("ENABLE CONDSTORE");
    if (style === "qresync") await session.command("ENABLE QRESYNC IMAP4rev2");
    const events = "(MessageNew (UID FLAGS) MessageExpunge FlagChange)";
    if (style === "delayed") await session.command(`NOTIFY SET (selected-delayed ${events})`);
    if (style === "immediate") await session.command(`NOTIFY SET (selected ${events})`);
    return session;
  }

  /** Sends a command, takes in all that is told, and gives the whole answer. */
  async command(text: string, holds = false): Promise<string> {
    await this.#hear();
    const tag = `${this.#name}${++this.#tag}`;
    this.#world.log.push(`${tag} ${text.replaceAll("\r\n", "⏎")}`);
    this.#holds = holds;
    this.#expunged = [];
    this.#client.send(`${tag} ${text}\r\n`);
    const said = await this.#until(new RegExp(`^${tag} (OK|NO|BAD)`, "m"));
    for (const line of linesOf(said)) this.#read(line);
    assert.ok(!new RegExp(`^${tag} BAD`, "m").test(said), said);
    this.#holds = false;
    await this.#learn();
    return said;
  }

  /** All that comes, up to the end of what the pattern finds. */
  async #until(pattern: RegExp): Promise<string> {
    let said = "";
    for (let turn = 0; !pattern.test(said) || !said.endsWith("\r\n"); turn++) {
      said += await this.#client.receive();
      assert.ok(turn < 10_000, `${pattern} does not come: ${said}`);
    }
    return said;
  }

  /** What was told between commands. */
  async #hear(): Promise<void> {
    this.#holds = this.#style !== "immediate";
    for (const line of linesOf(await this.#client.receive())) this.#read(line);
  }

  /** Whoever is told VANISHED must know the UID of every message (RFC 7162 section 3.2.10). */
  async #learn(): Promise<void> {
    const first = this.#style === "qresync" ? this.#picture.findIndex(({ uid }) => uid === null) : -1;
    if (first >= 0) await this.command(`FETCH ${first + 1}:* (UID FLAGS)`, true);
  }

  #read(line: string): void {
    if (line === "") return;
    this.#world.log.push(`  ${line}`);
    // Up to here it was news of the mailbox before (RFC 9051 section 7.1).
    if (line.startsWith("* OK [CLOSED]")) return this.#forget();
    const vanished = /^\* VANISHED( \(EARLIER\))? ([0-9,:]+)$/.exec(line);
    if (vanished) {
      const uids = expand(vanished[2]!);
      if (vanished[1]) return;
      assert.ok(!this.#holds, `${line} where EXPUNGE may not be told`);
      const gone = new Set(uids);
      this.#expunged.push(...uids);
      this.#picture = this.#picture.filter(({ uid }) => uid === null || !gone.has(uid));
      return;
    }
    const opened = this.#opening && /^\* ESEARCH \(TAG "\w+"\)(?: UID)?(?: ALL ([0-9,:]+))?$/.exec(line);
    if (opened) {
      const kept = this.#opening!;
      this.#opening = null;
      kept.list = opened[1] === undefined ? [] : expand(opened[1]).map((number) => this.#result(kept, number));
      return;
    }
    const update = /^\* ESEARCH \(TAG "(\w+)"\) (UID )?(ADDTO|REMOVEFROM) \(([0-9,: ]+)\)$/.exec(line);
    if (update) return this.#update(update[1]!, update[3]!, update[4]!.split(" "));
    const news = /^\* (\d+) (EXISTS|EXPUNGE|FETCH)/.exec(line);
    if (!news) return;
    const number = Number(news[1]);
    if (news[2] === "EXISTS") {
      assert.ok(number >= this.#picture.length, `${line}: the client knows ${this.#picture.length}`);
      while (this.#picture.length < number) this.#picture.push({ uid: null, flags: null });
      return;
    }
    assert.ok(number >= 1 && number <= this.#picture.length, `${line}: the client knows ${this.#picture.length}`);
    if (news[2] === "EXPUNGE") {
      assert.ok(!this.#holds, `${line} where EXPUNGE may not be told`);
      const [message] = this.#picture.splice(number - 1, 1);
      if (message!.uid !== null) this.#expunged.push(message!.uid);
      return;
    }
    const known = this.#picture[number - 1]!;
    const uid = /[( ]UID (\d+)/.exec(line)?.[1];
    if (uid !== undefined) {
      assert.ok(known.uid === null || known.uid === Number(uid), `${line}: it was UID ${known.uid}`);
      known.uid = Number(uid);
    }
    const flags = /FLAGS \(([^)]*)\)/.exec(line)?.[1];
    if (flags !== undefined) known.flags = sorted(flags.split(" "));
    const modseq = /MODSEQ \((\d+)\)/.exec(line)?.[1];
    if (modseq !== undefined) this.#modseq = Math.max(this.#modseq, Number(modseq));
    const subject = /Subject: (message \d+)/.exec(line)?.[1];
    if (subject && known.uid !== null) this.#isStill(known.uid, subject);
  }

  #forget(): void {
    this.#picture = [];
    this.#kept.clear();
  }

  /** RFC 5267 sections 4.3.3 and 4.3.4, word for word. */
  #update(tag: string, item: string, pairs: readonly string[]): void {
    const kept = this.#kept.get(tag);
    assert.ok(kept, `no search ${tag} is kept`);
    for (let at = 0; at < pairs.length; at += 2) {
      const position = Number(pairs[at]);
      const results = expand(pairs[at + 1]!).map((number) => this.#result(kept, number));
      if (item === "ADDTO") {
        for (const one of results) assert.ok(!kept.list.includes(one), `${tag} has it already`);
        kept.list.splice(position === 0 ? kept.list.length : position - 1, 0, ...results);
        continue;
      }
      for (const one of results) {
        const where = kept.list.indexOf(one);
        assert.ok(where >= 0 && (position === 0 || where === position - 1), `${tag} does not have it there`);
        kept.list.splice(where, 1);
      }
    }
  }

  #result({ byUid }: Kept, number: number): number | Message {
    assert.ok(byUid || number >= 1 && number <= this.#picture.length, `${number} is not there`);
    return byUid ? number : this.#picture[number - 1]!;
  }

  /** Keeps a search, or makes those again that are kept. */
  async #keep(): Promise<void> {
    if (this.#kept.size >= 3) {
      const [tag] = this.#kept.keys();
      await this.command(`CANCELUPDATE "${tag}"`);
      this.#kept.delete(tag!);
      return;
    }
    const byUid = this.#style === "immediate" || this.#world.next(2) === 0;
    const key = this.#world.pick(["FLAGGED", "NOT DELETED", "KEYWORD later", "ALL", "UNSEEN"]);
    const order = this.#world.pick([null, null, "SUBJECT", "REVERSE SUBJECT", "ARRIVAL"]);
    const search = order === null ? key : `(${order}) UTF-8 ${key}`;
    const verb = order === null ? "SEARCH" : "SORT";
    await this.#hear();
    const kept: Kept = { search: `${verb} RETURN (ALL) ${search}`, byUid, list: [] };
    const tag = `${this.#name}${this.#tag + 1}`;
    this.#kept.set(tag, kept);
    // The answer comes before the news behind it: as the lines are read, so the list is made.
    this.#opening = kept;
    await this.command(`${byUid ? "UID " : ""}${verb} RETURN (ALL UPDATE) ${search}`, !byUid);
    assert.equal(this.#opening, null, `no answer to ${search}`);
  }

  /** What is kept is what is found. */
  async #compareKept(): Promise<void> {
    for (const [tag, { search, byUid, list }] of this.#kept) {
      const said = await this.command(`UID ${search}`);
      const set = / ALL ([0-9,:]+)/.exec(said)?.[1];
      const found = set === undefined ? [] : expand(set);
      let uids = list.map((one) => typeof one === "number" ? one : one.uid!);
      if (search.startsWith("SEARCH")) uids = uids.sort(byNumber);
      assert.deepEqual(uids, found, `${tag}, ${byUid ? "UID " : ""}${search}`);
    }
  }

  /** A UID means one message for ever. */
  #isStill(uid: number, subject: string): void {
    assert.equal(this.#world.model(this.#path!).ever.get(uid), subject, `UID ${uid} of ${this.#path}`);
  }

  async act(): Promise<void> {
    const world = this.#world;
    if (this.#path === null || world.next(12) === 0) return await this.#select();
    const acts = [
      () => this.#append(),
      () => this.#append(),
      () => this.#store(),
      () => this.#store(),
      () => this.#fetch(),
      () => this.#search(),
      () => this.#expunge(),
      () => this.#copy("COPY"),
      () => this.#copy("MOVE"),
      () => this.verify(),
      () => this.#idle(),
      () => this.#close(),
      () => this.#keep(),
    ];
    await world.pick(acts)();
  }

  async #select(): Promise<void> {
    const world = this.#world;
    const path = world.pick(MAILBOXES);
    const verb = world.next(6) === 0 ? "EXAMINE" : "SELECT";
    const past = this.#style === "qresync" ? this.#past.get(path) : undefined;
    const { uidValidity } = world.model(path);
    if (this.#path === null) this.#forget();
    this.#path = path;
    this.#readOnly = verb === "EXAMINE";
    const said = await this.command(`${verb} ${path}${past ? ` (QRESYNC (${uidValidity} ${past.modseq}))` : ""}`);
    assert.match(said, new RegExp(`UIDVALIDITY ${uidValidity}\\]`));
    const highest = Number(/HIGHESTMODSEQ (\d+)/.exec(said)![1]);
    if (past) {
      assert.ok(highest >= past.modseq, "the highest modseq fell");
      // What the client knew, less what vanished, more what is new: that is the mailbox.
      const now = new Set(past.uids);
      for (const [, set] of said.matchAll(/\* VANISHED \(EARLIER\) ([0-9,:]+)/g)) {
        for (const uid of expand(set!)) now.delete(uid);
      }
      for (const [, uid] of said.matchAll(/FETCH \(UID (\d+)/g)) now.add(Number(uid));
      assert.deepEqual([...now].sort(byNumber), [...world.model(path).messages.keys()].sort(byNumber), "after QRESYNC");
    }
    await this.verify();
    this.#past.set(path, { modseq: highest, uids: new Set(world.model(path).messages.keys()) });
  }

  async #append(): Promise<void> {
    const world = this.#world;
    const path = world.pick(MAILBOXES);
    const subjects = Array.from({ length: 1 + world.next(3) }, () => world.subject());
    const messages = subjects.map((subject) => {
      const text = `Subject: ${subject}\r\n\r\nx\r\n`;
      return `${world.next(3) === 0 ? "(\\Flagged $Work) " : ""}{${text.length}+}\r\n${text}`;
    });
    const said = await this.command(`APPEND ${path} ${messages.join(" ")}`);
    const [, validity, set] = /APPENDUID (\d+) ([0-9,:]+)/.exec(said)!;
    assert.equal(Number(validity), world.model(path).uidValidity);
    const uids = expand(set!);
    assert.equal(uids.length, subjects.length);
    uids.forEach((uid, i) => world.came(path, uid, subjects[i]!));
  }

  /** A set of what the client knows, and whether it is one of UIDs. */
  #some(): { set: string; byUid: boolean; uids: number[] } | null {
    if (this.#picture.length === 0) return null;
    const byUid = this.#style === "immediate" || this.#world.next(2) === 0;
    const from = this.#world.next(this.#picture.length);
    const to = Math.min(this.#picture.length - 1, from + this.#world.next(5));
    const chosen = this.#picture.slice(from, to + 1);
    if (byUid && chosen.some(({ uid }) => uid === null)) return null;
    const uids = chosen.map(({ uid }) => uid!);
    return { set: byUid ? uids.join(",") : `${from + 1}:${to + 1}`, byUid, uids };
  }

  async #store(): Promise<void> {
    const some = this.#some();
    if (some === null || this.#readOnly) return;
    const mode = this.#world.pick(["+", "-", ""]);
    const flags = this.#world.next(3) === 0 ? ["\\Deleted"] : [this.#world.pick(FLAGS), this.#world.pick(FLAGS)];
    const silent = this.#world.next(3) === 0 ? ".SILENT" : "";
    const verb = some.byUid ? "UID STORE" : "STORE";
    await this.command(`${verb} ${some.set} ${mode}FLAGS${silent} (${flags.join(" ")})`, !some.byUid);
    if (silent !== "") await this.#fetchFlags();
  }

  /** What a silent STORE did not tell. */
  async #fetchFlags(): Promise<void> {
    if (this.#picture.length > 0) await this.#fetchAll("(UID FLAGS)");
  }

  async #fetchAll(items: string): Promise<void> {
    if (this.#style === "immediate") await this.command(`UID FETCH 1:* ${items}`);
    else await this.command(`FETCH 1:* ${items}`, true);
  }

  async #fetch(): Promise<void> {
    const some = this.#some();
    if (some === null) return;
    const items = this.#world.pick([
      "(UID FLAGS)",
      "(UID BODY.PEEK[HEADER.FIELDS (SUBJECT)])",
      "(UID BODY[TEXT] FLAGS)",
      "(UID ENVELOPE)",
    ]);
    await this.command(`${some.byUid ? "UID FETCH" : "FETCH"} ${some.set} ${items}`, !some.byUid);
  }

  async #search(): Promise<void> {
    const byUid = this.#style === "immediate" || this.#world.next(2) === 0;
    const said = await this.command(`${byUid ? "UID " : ""}SEARCH RETURN (ALL COUNT) NOT DELETED`, !byUid);
    const count = Number(/COUNT (\d+)/.exec(said)![1]);
    const set = / ALL ([0-9,:]+)/.exec(said)?.[1];
    assert.equal(set === undefined ? 0 : expand(set).length, count);
    if (!byUid && set) { for (const seq of expand(set)) assert.ok(seq <= this.#picture.length, `${seq} is not there`); }
  }

  async #expunge(): Promise<void> {
    if (this.#readOnly || this.#path === null) return;
    const deleted = new Set(
      (await this.#world.house.rows(this.#path)).filter(isDeleted).map(({ uid }) => uid as number),
    );
    const some = this.#world.next(2) === 0 ? this.#some() : null;
    if (some !== null && some.byUid) {
      await this.command(`UID EXPUNGE ${some.set}`);
      this.#world.gone(this.#path, some.uids.filter((uid) => deleted.has(uid)));
    } else {
      await this.command("EXPUNGE");
      this.#world.gone(this.#path, deleted);
    }
    await this.verify();
  }

  async #copy(verb: "COPY" | "MOVE"): Promise<void> {
    const some = this.#some();
    if (some === null || (verb === "MOVE" && this.#readOnly)) return;
    const world = this.#world;
    const from = this.#path!;
    const to = world.pick(MAILBOXES);
    const said = await this.command(`${some.byUid ? "UID " : ""}${verb} ${some.set} ${to}`);
    const pairs = /COPYUID (\d+) ([0-9,:]+) ([0-9,:]+)/.exec(said);
    if (!pairs) return; // all of them were gone already
    assert.equal(Number(pairs[1]), world.model(to).uidValidity);
    const sources = expand(pairs[2]!);
    const targets = expand(pairs[3]!);
    assert.equal(sources.length, targets.length);
    const subjects = sources.map((uid) => world.model(from).messages.get(uid));
    if (verb === "MOVE") world.gone(from, sources);
    sources.forEach((uid, i) => {
      assert.ok(subjects[i] !== undefined, `UID ${uid} was not there to be copied`);
      world.came(to, targets[i]!, subjects[i]!);
    });
  }

  async #idle(): Promise<void> {
    await this.#hear();
    this.#client.send("i IDLE\r\n");
    this.#holds = false;
    let said = await this.#until(/^\+ idling/m);
    this.#client.send("DONE\r\n");
    said += await this.#until(/^i OK/m);
    this.#world.log.push(`${this.#name} IDLE`);
    for (const line of linesOf(said)) this.#read(line);
    assert.match(said, /^i OK/m);
    await this.#learn();
  }

  async #close(): Promise<void> {
    if (this.#path === null) return;
    const deleted = (await this.#world.house.rows(this.#path)).filter(isDeleted).map(({ uid }) => uid);
    const verb = this.#world.pick(["CLOSE", "UNSELECT"]);
    await this.command(verb);
    if (verb === "CLOSE" && !this.#readOnly) this.#world.gone(this.#path, deleted);
    this.#path = null;
    this.#forget();
  }

  /** After NOOP the client knows all: its picture, the model and the store are the same. */
  async verify(): Promise<void> {
    if (this.#path === null) return;
    await this.command("NOOP");
    if (this.#picture.some(({ uid, flags }) => uid === null || flags === null)) {
      await this.#fetchAll("(UID FLAGS BODY.PEEK[HEADER.FIELDS (SUBJECT)])");
    }
    const truth = await this.#world.truth(this.#path);
    const uids = this.#picture.map(({ uid }) => uid);
    assert.deepEqual(uids, [...truth.keys()], `UIDs of ${this.#path}`);
    assert.deepEqual(uids, [...this.#world.model(this.#path).messages.keys()].sort(byNumber), `model of ${this.#path}`);
    for (const { uid, flags } of this.#picture) assert.equal(flags, truth.get(uid!), `flags of UID ${uid}`);
    await this.#compareKept();
  }
}

/** Responses, each a line: what a literal holds stands in it with spaces for its line ends. */
function linesOf(said: string): string[] {
  let out = "";
  for (let at = 0;;) {
    const literal = /\{(\d+)\}\r\n/g;
    literal.lastIndex = at;
    const found = literal.exec(said);
    if (!found) return (out + said.slice(at)).split("\r\n");
    const end = literal.lastIndex + Number(found[1]);
    out += said.slice(at, found.index) + said.slice(literal.lastIndex, end).replaceAll("\r\n", " ");
    at = end;
  }
}

function isDeleted({ flags }: { readonly flags: readonly string[] }): boolean {
  return flags.includes("\\Deleted");
}

function expand(set: string): number[] {
  return set.split(",").flatMap((range) => {
    const [first, last = first] = range.split(":").map(Number) as [number, number?];
    return Array.from({ length: last! - first + 1 }, (_, i) => first + i);
  });
}

function sorted(flags: readonly string[]): string {
  return flags.filter((flag) => flag !== "").sort().join(" ");
}

function byNumber(a: number, b: number): number {
  return a - b;
}
