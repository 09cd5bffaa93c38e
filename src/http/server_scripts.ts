/** What the HTTP layer asks about the scripts of the server and of its domains, which run around those of accounts. */
import type { SieveExpected } from "../contract/mod.ts";
import type { ScriptError } from "./sieve_desk.ts";

/** A script that is not an account's. */
export interface ServerScript {
  /** `before` and `after` run for everybody, `global` may be included; else it is the domain for whose accounts it runs. */
  readonly place: string;
  readonly name: string;
  /** Of its text in UTF-8. */
  readonly octets: number;
  /** Why it does not run, or null. */
  readonly problem: string | null;
}

/** Why a change was not done. `notFound`: there is no such script, domain or place. */
export interface ServerScriptRefused {
  readonly refused: "notFound" | "changed" | "tooMany" | "invalid";
}

/** Scripts of the server that are in its store. Those of its configuration are not among them, and run before these. */
export interface ServerScriptDesk {
  /** By place and name: so they run too. */
  list(): Promise<readonly ServerScript[]>;
  get(place: string, name: string): Promise<(ServerScript & { readonly content: string }) | null>;
  check(place: string, name: string, content: string): Promise<readonly ScriptError[]>;
  put(
    place: string,
    name: string,
    content: string,
    expected?: SieveExpected,
  ): Promise<ServerScript | ServerScriptRefused>;
  remove(
    place: string,
    name: string,
    expected?: SieveExpected,
  ): Promise<{ readonly removed: true } | ServerScriptRefused>;
  /** The domain is gone: so are its scripts. */
  forget(domain: string): Promise<void>;
}
