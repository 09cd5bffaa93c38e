/**
 * Scripts of the server and of its domains that are in the store: records of kind `script`, by place and name. What of
 * them runs is held in memory; a record without a text says when they have changed, so that other servers on the same
 * store see it.
 */
import { textTag } from "../base/text_tag.ts";
import { utf8Bytes } from "../base/bytes.ts";
import { isFilterName, type LogEvent, type SieveExpected } from "../contract/mod.ts";
import type { ServerScript, ServerScriptDesk, ServerScriptRefused } from "../http/server_scripts.ts";
import type { ScriptError } from "../http/sieve_desk.ts";
import type { FilterPolicy, PolicyScript } from "../mda/mod.ts";
import { formatSieveError, type SieveScript } from "../sieve/mod.ts";
import type { Storage } from "../storage/storage.ts";
import { checkScript } from "./check_script.ts";
import type { RunFilter } from "./typed_filters/mod.ts";

/** What they are kept and run with. */
export interface ServerScriptParts {
  readonly storage: Storage;
  /** What the configuration has. */
  readonly filter: FilterPolicy;
  /** Left out: no filters in TypeScript run. */
  readonly runFilter?: RunFilter;
  readonly now: () => number;
  readonly log: (event: LogEvent) => void;
}

const KIND = "script";
/** The record whose version tells of changes: before all others. */
const MARK = "!changed";
const PLACES: ReadonlySet<string> = new Set(["before", "after", "global"]);
const NAME = /^[A-Za-z0-9._-]{1,64}$/;
/** Scripts of a place; a text, octets. */
const MOST = 100;
const LONGEST = 512 << 10;
const PAGE = 100;

interface Kept {
  readonly place: string;
  readonly name: string;
  readonly content: string;
  readonly version: number;
}

/** Scripts by place; `global` ones are there to be included. */
interface Running {
  readonly by: ReadonlyMap<string, readonly PolicyScript[]>;
  readonly globals: ReadonlyMap<string, SieveScript>;
}

/** One for a server. */
export class ServerScripts implements ServerScriptDesk {
  readonly #parts: ServerScriptParts;
  #running: Running = { by: new Map(), globals: new Map() };
  #version = 0;
  #loading: Promise<void> | null = null;

  constructor(parts: ServerScriptParts) {
    this.#parts = parts;
  }

  /** The configuration's filters with what is here behind them, whatever is here at the time. */
  get policy(): FilterPolicy {
    const { filter } = this.#parts;
    const running = () => this.#running;
    const both = (place: "before" | "after") => {
      const more = running().by.get(place);
      return more ? [...filter[place], ...more] : filter[place];
    };
    return {
      ...filter,
      get before() {
        return both("before");
      },
      get after() {
        return both("after");
      },
      domains: {
        get: (domain) => {
          const [own, more] = [filter.domains.get(domain), running().by.get(`@${domain}`)];
          return own && more ? [...own, ...more] : own ?? more;
        },
      },
      globals: { get: (name) => filter.globals.get(name) ?? running().globals.get(name) },
    };
  }

  /** Reads what has changed since it was read last. */
  async load(): Promise<void> {
    for (;;) {
      const mark = await this.#parts.storage.perform("record.get", { kind: KIND, key: MARK, now: this.#parts.now() });
      const version = mark?.version ?? 0;
      if (version === this.#version) return;
      // What is being read may have changed meanwhile: then it is read once more.
      await (this.#loading ??= this.#read(version).finally(() => this.#loading = null));
    }
  }

  async list(): Promise<readonly ServerScript[]> {
    return (await this.#all()).map((kept) => this.#describe(kept));
  }

  async get(place: string, name: string) {
    const found = await this.#kept(place, name);
    return found && { ...this.#describe(found), content: found.content };
  }

  async check(place: string, name: string, content: string): Promise<readonly ScriptError[]> {
    const { filter, runFilter } = this.#parts;
    if (place === "global" && isFilterName(name)) {
      return [{ line: 1, column: 1, reason: "only Sieve scripts can be included" }];
    }
    return await checkScript(name, content, { scripts: filter.scripts, typed: runFilter !== undefined, runFilter });
  }

  async put(
    place: string,
    name: string,
    content: string,
    expected?: SieveExpected,
  ): Promise<ServerScript | ServerScriptRefused> {
    const { storage, now } = this.#parts;
    if (!await this.#isPlace(place)) return { refused: "notFound" };
    if (!NAME.test(name) || utf8Bytes(content).length > LONGEST) return { refused: "invalid" };
    const before = await this.#kept(place, name);
    if (!isExpected(before, expected)) return { refused: "changed" };
    if (!before && (await this.#all(place)).length >= MOST) return { refused: "tooMany" };
    const ifVersion = before?.version ?? null;
    const value = JSON.stringify({ content });
    const put = await storage.perform("record.put", {
      kind: KIND,
      key: keyOf(place, name),
      value,
      now: now(),
      ifVersion,
    });
    if ("refused" in put) return { refused: put.refused === "changed" ? "changed" : "invalid" };
    await this.#changed();
    return this.#describe({ place, name, content, version: put.version });
  }

  async remove(place: string, name: string, expected?: SieveExpected) {
    const found = await this.#kept(place, name);
    if (found === null) return { refused: "notFound" } as const;
    if (!isExpected(found, expected)) return { refused: "changed" } as const;
    const args = { kind: KIND, key: keyOf(place, name), ifVersion: found.version } as const;
    if (!await this.#parts.storage.perform("record.remove", args)) return { refused: "changed" } as const;
    await this.#changed();
    return { removed: true } as const;
  }

  async forget(domain: string): Promise<void> {
    const all = await this.#all(domain);
    for (const { name } of all) {
      await this.#parts.storage.perform("record.remove", { kind: KIND, key: keyOf(domain, name) });
    }
    if (all.length > 0) await this.#changed();
  }

  async #isPlace(place: string): Promise<boolean> {
    if (PLACES.has(place)) return true;
    return (await this.#parts.storage.perform("domain.list", {})).some(({ name }) => name === place);
  }

  async #kept(place: string, name: string): Promise<Kept | null> {
    if (!NAME.test(name)) return null;
    const { storage, now } = this.#parts;
    const found = await storage.perform("record.get", { kind: KIND, key: keyOf(place, name), now: now() });
    return found && kept(found.key, found.value, found.version);
  }

  /** In the order in which they run. */
  async #all(place?: string): Promise<readonly Kept[]> {
    const { storage, now } = this.#parts;
    const prefix = place === undefined ? {} : { prefix: keyOf(place, "") };
    const all: Kept[] = [];
    let after: string | undefined;
    for (;;) {
      const page = await storage.perform("record.list", {
        kind: KIND,
        now: now(),
        limit: PAGE,
        ...prefix,
        ...(after !== undefined && { after }),
      });
      for (const { key, value, version } of page) {
        const one = kept(key, value, version);
        if (one !== null) all.push(one);
      }
      after = page.at(-1)?.key;
      if (page.length < PAGE) return all;
    }
  }

  async #changed(): Promise<void> {
    const { storage, now } = this.#parts;
    await storage.perform("record.put", { kind: KIND, key: MARK, value: "{}", now: now() });
    await this.load();
  }

  async #read(version: number): Promise<void> {
    const by = new Map<string, PolicyScript[]>();
    const globals = new Map<string, SieveScript>();
    for (const one of await this.#all()) {
      const script = this.#compiled(one);
      if ("wrong" in script) {
        const fields = { place: one.place, name: one.name, reason: script.wrong };
        this.#parts.log({ type: "log", level: "warn", event: "sieve.serverScript", fields });
      } else if (one.place !== "global") {
        const place = PLACES.has(one.place) ? one.place : `@${one.place}`;
        by.set(place, [...by.get(place) ?? [], script]);
      } else if ("script" in script) globals.set(one.name, script.script);
    }
    this.#running = { by, globals };
    this.#version = version;
  }

  #compiled({ place, name, content }: Kept): PolicyScript | { readonly wrong: string } {
    const { filter, runFilter } = this.#parts;
    const whole = place === "global" ? name : `${place}/${name}`;
    if (isFilterName(name)) {
      if (!runFilter || place === "global") return { wrong: "filters in TypeScript are off (sieve.typescript)" };
      return { name: whole, source: content, shared: true };
    }
    const parsed = filter.scripts.get(content);
    if ("script" in parsed) return { name: whole, script: parsed.script };
    return { wrong: parsed.errors[0] ? formatSieveError(parsed.errors[0]) : "it is wrong" };
  }

  #describe(one: Kept): ServerScript {
    const script = this.#compiled(one);
    const { place, name, content } = one;
    return { place, name, octets: utf8Bytes(content).length, problem: "wrong" in script ? script.wrong : null };
  }
}

/** A domain's begin with `@`: no name of a domain is one of the other places. */
function keyOf(place: string, name: string): string {
  return `${PLACES.has(place) ? place : `@${encodeURIComponent(place)}`}/${name}`;
}

function kept(key: string, value: string, version: number): Kept | null {
  const slash = key.indexOf("/");
  if (slash < 0) return null;
  const place = key.startsWith("@") ? decodeURIComponent(key.slice(1, slash)) : key.slice(0, slash);
  const { content } = JSON.parse(value) as { content: string };
  return { place, name: key.slice(slash + 1), content, version };
}

function isExpected(found: Kept | null, expected: SieveExpected | undefined): boolean {
  if (expected === undefined) return true;
  if (expected === "there") return found !== null;
  if (expected === "notThere") return found === null;
  return found !== null && expected.tags.includes(textTag(found.content));
}
