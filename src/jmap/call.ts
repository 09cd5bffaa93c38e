/** One method call: its arguments, read with their types, and what calls of one request share. */
import type { AccountId } from "../contract/mod.ts";
import type { JmapAccount, JmapUser } from "./account.ts";
import { supports } from "./capabilities.ts";
import { MethodError } from "./error.ts";
import { isObject, type Json, type JsonObject, member, octetsOf, shortened } from "./json.ts";
import type { JmapLimits } from "./limits.ts";
import type { Room } from "./room.ts";

/** What calls of one request share. */
export interface RequestContext {
  readonly user: JmapUser;
  /** What he logged in with: a name of it that says nothing of the secret. Push subscriptions belong to it. */
  readonly credential: string;
  readonly limits: JmapLimits;
  readonly using: ReadonlySet<string>;
  /** Ids of what was made in this request, by their creation ids. */
  readonly createdIds: Map<string, string>;
  /** What result references may still give, and what answers may still hold. */
  readonly referred: Room;
  readonly answered: Room;
}

const LARGEST = 2 ** 53 - 1;

/** Reads the arguments of a call; what is not as it must be ends the method with `invalidArguments`. */
export class Call {
  readonly context: RequestContext;
  readonly name: string;
  readonly args: JsonObject;
  /** The capability that the method belongs to; null: it is not asked whether the account has it. */
  readonly uri: string | null;
  /** Calls that are made behind this one where it went well (RFC 8620 section 5.4), with the same call id. */
  readonly next: (readonly [name: string, args: JsonObject])[] = [];
  /** Something was changed already: an error would hide it (RFC 8620 section 3.6.2, serverPartialFail). */
  hasChanged = false;
  readonly #read = new Set<string>();

  constructor(context: RequestContext, name: string, args: JsonObject, uri: string | null = null) {
    this.context = context;
    this.name = name;
    this.args = args;
    this.uri = uri;
  }

  /** The account of the call; `write`: where something is to change. */
  account(write = false, name = "accountId"): JmapAccount {
    const id = this.string(name);
    const account = this.context.user.accounts.find(({ accountId }) => accountId === id);
    const isFrom = name !== "accountId";
    if (!account) throw new MethodError(isFrom ? "fromAccountNotFound" : "accountNotFound");
    if (this.uri !== null && !supports(account, this.uri, this.context.limits)) {
      throw new MethodError(isFrom ? "fromAccountNotSupportedByMethod" : "accountNotSupportedByMethod");
    }
    if (write && account.isReadOnly) throw new MethodError("accountReadOnly");
    return account;
  }

  /** Whose data an operation is about, as operations of the store want it. */
  whose(account: JmapAccount): { readonly accountId: AccountId; readonly ownerId: AccountId } {
    return { accountId: this.context.user.accountId, ownerId: account.accountId };
  }

  value(name: string): Json | undefined {
    this.#read.add(name);
    return member(this.args, name);
  }

  string(name: string): string {
    const value = this.value(name);
    if (typeof value !== "string") throw this.wrong(name, "a string");
    return value;
  }

  optionalString(name: string): string | null {
    const value = this.value(name) ?? null;
    if (value !== null && typeof value !== "string") throw this.wrong(name, "a string or null");
    return value;
  }

  boolean(name: string, otherwise: boolean): boolean {
    const value = this.value(name) ?? otherwise;
    if (typeof value !== "boolean") throw this.wrong(name, "true or false");
    return value;
  }

  /** RFC 8620 section 1.3: a whole number from 0. */
  unsigned(name: string): number | null {
    const value = this.value(name) ?? null;
    if (value === null) return null;
    if (typeof value !== "number" || !Number.isInteger(value) || value < 0 || value > LARGEST) {
      throw this.wrong(name, "a whole number that is not negative");
    }
    return value;
  }

  integer(name: string, otherwise: number): number {
    const value = this.value(name) ?? otherwise;
    if (typeof value !== "number" || !Number.isInteger(value) || Math.abs(value) > LARGEST) {
      throw this.wrong(name, "a whole number");
    }
    return value;
  }

  strings(name: string): readonly string[] | null {
    const value = this.value(name) ?? null;
    if (value === null) return null;
    if (!Array.isArray(value) || !value.every((item) => typeof item === "string")) {
      throw this.wrong(name, "a list of strings or null");
    }
    return value as string[];
  }

  /** Ids, those of objects that this request made among them (`#` and the creation id). An unknown one is no id of anything. */
  ids(name: string): readonly string[] | null {
    return this.strings(name)?.map((id) => this.resolve(id)) ?? null;
  }

  /** A list that must be there. */
  requiredIds(name: string): readonly string[] {
    const ids = this.ids(name);
    if (ids === null) throw this.wrong(name, "a list of ids");
    return ids;
  }

  /** An object that must be there. */
  requiredObject(name: string): JsonObject {
    const value = this.object(name);
    if (value === null) throw this.wrong(name, "an object");
    return value;
  }

  object(name: string): JsonObject | null {
    const value = this.value(name) ?? null;
    if (value !== null && !isObject(value)) throw this.wrong(name, "an object or null");
    return value as JsonObject | null;
  }

  /** An id, or that of an object which this request made. */
  resolve(id: string): string {
    return id[0] === "#" ? this.context.createdIds.get(id.slice(1)) ?? id : id;
  }

  /** Behind all arguments that are known: RFC 8620 section 3.6.2, a name that is none is an error. */
  done(): void {
    for (const name of Object.keys(this.args)) {
      if (!this.#read.has(name)) {
        throw new MethodError("invalidArguments", `${quoted(name)} is no argument of ${this.name}`);
      }
    }
  }

  /** RFC 8620 section 8.5: what one request is answered with has an end. */
  hold(answer: JsonObject): JsonObject {
    const { answered } = this.context;
    if (answered.take(octetsOf(answer, answered.left))) return answer;
    throw new MethodError("requestTooLarge", "this is more than one request is answered with; ask for less at a time");
  }

  wrong(name: string, wanted: string): MethodError {
    return new MethodError("invalidArguments", `${quoted(name)} must be ${wanted}`);
  }
}

/** A name of the client's in a text for people: short, and of no harm. */
export function quoted(name: string): string {
  return JSON.stringify(name.length > 60 ? shortened(name, 60) + "…" : name);
}
