/**
 * Where a filter runs, within the process that is for it: a realm of JavaScript that has nothing of the world, made anew
 * for each run, so that what one leaves behind no other finds.
 *
 * Rules: between the realm and what is around it pass only strings. An object of ours in a filter's hands would lead it
 * to our functions, and there is more to be had there.
 */
import * as nodeModule from "node:module";
import * as nodeVm from "node:vm";
import { FILTER_LIMITS } from "../../contract/filter.ts";

/** A filter, and the JSON of its arguments; null: it is only read. */
export interface FilterJob {
  readonly source: string;
  readonly input: string | null;
}

/** What it says, as JSON, or why it says nothing. */
export type FilterAnswer = { readonly said: string } | { readonly failed: string };

/** What is spoken to in a realm. */
interface Realm {
  /** Calls a filter with the JSON of its arguments; what it says comes as JSON. */
  call(filter: unknown, input: string): unknown;
  /** An error as one line. */
  describe(error: unknown): unknown;
  /** A promise that fails is nobody's business. */
  hush(promise: unknown): void;
}

/** Node's own types are of an older version. */
const vm = nodeVm as unknown as {
  createContext(sandbox: object, options: object): object;
  runInContext(code: string, context: object): unknown;
  SourceTextModule: new (source: string, options: object) => {
    readonly status: string;
    readonly error: unknown;
    readonly namespace: { readonly default?: unknown };
    link(linker: (specifier: string) => never): Promise<void>;
    evaluate(): unknown;
  };
};
const { stripTypeScriptTypes } = nodeModule as unknown as { stripTypeScriptTypes(source: string): string };

/** Reads a filter and calls it once. */
export async function runInRealm({ source, input }: FilterJob): Promise<FilterAnswer> {
  let script: string;
  try {
    // Types become spaces, so that lines and columns stay what they are.
    script = stripTypeScriptTypes(source);
  } catch (error) {
    return {
      failed: `it is no TypeScript that is only types more than JavaScript: ${plain((error as Error).message)}`,
    };
  }
  const context = vm.createContext(Object.create(null), { codeGeneration: { strings: false, wasm: false } });
  const { call, describe, hush } = vm.runInContext(`(${prologue})()`, context) as Realm;
  try {
    const module = new vm.SourceTextModule(script, { context, identifier: "filter.ts" });
    await module.link((specifier) => {
      throw new Error(`it imports ${specifier.slice(0, 60)}, and may import nothing but types (import type)`);
    });
    hush(module.evaluate());
    if (module.status === "errored") return { failed: plain(describe(module.error)) };
    if (module.status !== "evaluated") return { failed: "it waits for something before it exports a filter" };
    const filter = module.namespace.default;
    if (typeof filter !== "function") return { failed: "its default export is no function" };
    if (input === null) return { said: "[]" };
    const said = call(filter, input);
    if (typeof said !== "string") return { failed: "its answer is no list of actions" };
    return said.length > FILTER_LIMITS.answer ? { failed: "its answer is too long" } : { said };
  } catch (error) {
    return { failed: plain(describe(error)) };
  }
}

function plain(text: unknown): string {
  return typeof text === "string" ? text.replace(/[\p{Cc}\s]+/gu, " ").trim().slice(0, 300) : "it failed";
}

/**
 * The first script of a realm, as text: it uses nothing from outside of itself. It takes away what has memory outside of
 * the heap, which no limit bounds.
 */
function prologue(): Realm {
  const { parse, stringify } = JSON;
  const { apply, ownKeys, deleteProperty } = Reflect;
  const { then } = Promise.prototype;
  const stays = new Set<PropertyKey>(
    ("Object Function Array Number parseFloat parseInt Infinity NaN undefined Boolean String Symbol Date Promise RegExp " +
      "Error AggregateError EvalError RangeError ReferenceError SyntaxError TypeError URIError globalThis JSON Math Map " +
      "BigInt Set Iterator WeakMap WeakSet WeakRef Proxy Reflect decodeURI decodeURIComponent encodeURI " +
      "encodeURIComponent isFinite isNaN").split(" "),
  );
  for (const key of ownKeys(globalThis)) if (!stays.has(key)) deleteProperty(globalThis, key);
  return {
    call(filter, input) {
      if (typeof filter !== "function") throw new TypeError("its default export is no function");
      const said = apply(filter, undefined, parse(input));
      if (typeof said?.then === "function") throw new TypeError("it answers with a promise, and should answer at once");
      return stringify(said);
    },
    describe(error) {
      if (typeof error !== "object" || error === null) return `it threw ${String(error)}`;
      try {
        const { name, message, stack } = error as Error;
        const line = /filter\.ts:(\d{1,7})/.exec(`${stack}`)?.[1];
        return `${name}: ${message}${line === undefined ? "" : ` (line ${line})`}`;
      } catch {
        return "it threw what is no error";
      }
    },
    hush(promise) {
      apply(then, promise, [undefined, () => {}]);
    },
  };
}
