/** A JMAP client that knows an account by changes alone, and compares what it knows with what is asked for anew. */
import assert from "node:assert/strict";
import type { Answered, JmapClient } from "./client.ts";
import { ALL } from "./scene.ts";

type Known = Map<string, string>;

/** Queries that are kept by what changed. */
const QUERIES: readonly (readonly [type: "Email" | "Mailbox", args: (inbox: string) => object])[] = [
  ["Email", (inbox) => ({ filter: { inMailbox: inbox }, sort: [{ property: "receivedAt", isAscending: true }] })],
  ["Email", () => ({ collapseThreads: true })],
  ["Email", () => ({ filter: { hasKeyword: "$seen" }, sort: [{ property: "hasKeyword", keyword: "$flagged" }] })],
  [
    "Email",
    () => ({ filter: { someInThreadHaveKeyword: "$flagged" }, sort: [{ property: "subject" }], collapseThreads: true }),
  ],
  ["Email", () => ({ filter: { text: "s" }, sort: [{ property: "size" }] })],
  ["Mailbox", () => ({ filter: { hasAnyRole: true } })],
  ["Mailbox", () => ({ sort: [{ property: "name" }], sortAsTree: true })],
];

export class ModelClient {
  readonly #client: JmapClient;
  readonly #accountId: string;
  readonly #inbox: string;
  /** The account is another's: what is known of it ends when rights change. */
  readonly #isShared: boolean;
  readonly #states = new Map<string, string>();
  readonly #known = new Map<string, Known>();
  readonly #lists = new Map<number, { ids: string[]; state: string }>();

  constructor(client: JmapClient, accountId: string, inbox: string, isShared: boolean) {
    this.#client = client;
    this.#accountId = accountId;
    this.#inbox = inbox;
    this.#isShared = isShared;
  }

  /** Follows all types and queries, in parts of this size. */
  async follow(maxChanges: number): Promise<void> {
    for (const type of ["Email", "Mailbox", "Thread"]) await this.#followType(type, maxChanges);
    for (const i of QUERIES.keys()) await this.#followQuery(i);
  }

  /** While nothing changes: what is known is what is there. */
  async check(where: string): Promise<void> {
    for (const type of ["Email", "Mailbox", "Thread"]) {
      const answer = await this.#ask(`${type}/get`, { properties: PROPERTIES[type] });
      const there: Known = new Map((answer?.["list"] ?? []).map((one: Answered) => [one["id"], textOf(one)]));
      assert.deepEqual(sorted(this.#known.get(type) ?? new Map()), sorted(there), `${type} ${where}`);
    }
    for (const [i, [type, args]] of QUERIES.entries()) {
      const answer = await this.#ask(`${type}/query`, args(this.#inbox));
      assert.deepEqual(this.#lists.get(i)?.ids ?? [], answer?.["ids"] ?? [], `query ${i} ${where}`);
    }
  }

  /** Null: there is no such account any more; "lost": the changes are not known. */
  async #ask(name: string, args: object): Promise<Answered | null> {
    const all = { accountId: this.#accountId, ...args };
    const [[answered, result]] = await this.#client.calls([[name, all as never, "c"]], ALL) as never as [
      [string, Answered],
    ];
    if (answered !== "error") return result;
    if (this.#isShared && result["type"] === "accountNotFound") return null;
    if (this.#isShared && result["type"] === "cannotCalculateChanges") return { lost: true };
    throw new Error(`${name} ${JSON.stringify(args)}: ${JSON.stringify(result)}`);
  }

  async #fetch(type: string, ids: readonly string[] | null): Promise<Answered | null> {
    return await this.#ask(`${type}/get`, { ids, properties: PROPERTIES[type] });
  }

  async #followType(type: string, maxChanges: number): Promise<void> {
    const known: Known = this.#known.get(type) ?? new Map();
    this.#known.set(type, known);
    for (let more = true; more;) {
      const sinceState = this.#states.get(type);
      const changes = sinceState === undefined ? null : await this.#ask(`${type}/changes`, { sinceState, maxChanges });
      if (sinceState === undefined || changes === null || changes["lost"]) {
        const all = await this.#fetch(type, null);
        known.clear();
        for (const one of all?.["list"] ?? []) known.set(one.id, textOf(one));
        if (all) this.#states.set(type, all["state"]);
        else this.#states.delete(type);
        return;
      }
      const { created, updated, destroyed } = changes as Record<string, string[]>;
      assert.ok(created!.length + updated!.length + destroyed!.length <= maxChanges);
      // What came from where he may not look into his sight is told as changed.
      for (const id of updated!) assert.ok(this.#isShared || known.has(id), `${type} ${id} changed, and never came`);
      for (const id of destroyed!) known.delete(id);
      const got = await this.#fetch(type, [...created!, ...updated!]);
      for (const one of got?.["list"] ?? []) known.set(one.id, textOf(one));
      // What went meanwhile is told later; it may not be known then.
      for (const id of got?.["notFound"] ?? []) known.set(id, "gone");
      this.#states.set(type, changes["newState"]);
      more = changes["hasMoreChanges"];
    }
  }

  async #followQuery(i: number): Promise<void> {
    const [type, argsOf] = QUERIES[i]!;
    const args = argsOf(this.#inbox);
    const list = this.#lists.get(i);
    const changes = list ? await this.#ask(`${type}/queryChanges`, { ...args, sinceQueryState: list.state }) : null;
    if (!list || changes === null || changes["lost"]) {
      const answer = await this.#ask(`${type}/query`, args);
      if (answer) this.#lists.set(i, { ids: answer["ids"], state: answer["queryState"] });
      else this.#lists.delete(i);
      return;
    }
    list.ids = list.ids.filter((id) => !changes["removed"].includes(id));
    for (const { id, index } of changes["added"]) list.ids.splice(index, 0, id);
    list.state = changes["newQueryState"];
  }
}

const PROPERTIES: Readonly<Record<string, readonly string[] | null>> = {
  Email: ["keywords", "mailboxIds", "threadId"],
  Mailbox: null,
  Thread: null,
};

function textOf(one: Answered): string {
  return JSON.stringify(
    one,
    (_, value) =>
      value !== null && typeof value === "object" && !Array.isArray(value)
        ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => a < b ? -1 : 1))
        : value,
  );
}

function sorted(known: Known): [string, string][] {
  return [...known].sort(([a], [b]) => a < b ? -1 : 1);
}
