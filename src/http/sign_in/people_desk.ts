/** What the pages for people ask of the server. */
import type { Secret } from "../../base/secret.ts";
import type { LoginRefused, Program } from "../../contract/mod.ts";
import type { Person } from "../../oauth/mod.ts";

export interface PeopleDesk {
  /** Runs a program that asks the store, the clock and for random text. */
  run<R>(program: Program<R>): Promise<R>;
  /**
   * Whose password it is: the account's own, not an app password. Growing delays and bans are inside. What else is to be
   * shown (TOTP) is the caller's business.
   */
  signIn(login: string, password: Secret, address: string): Promise<Person | LoginRefused>;
  /** The account as it is now; null: gone or disabled. */
  person(address: string): Promise<Person | null>;
  /** Whether somebody at that address may show a second proof now. */
  mayTry(login: string, address: string): boolean;
  /** He failed; counts as a wrong password does. */
  failed(login: string, address: string): void;
  /** Key of this server for what pages carry and bring back; the same in each process on the store. */
  key(): Promise<Uint8Array>;
  /** For the log. */
  note(event: string, fields: Readonly<Record<string, string | number>>): void;
}
