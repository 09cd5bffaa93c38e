/** What pages for people ask: who somebody is, OAuth's programs, a key for forms. */
import { randomBytes } from "node:crypto";
import type { Args, LogEvent, Op, StorageOp } from "../contract/mod.ts";
import type { PeopleDesk } from "../http/sign_in/people_desk.ts";
import { credentialsPrint } from "../oauth/mod.ts";
import type { Storage } from "../storage/storage.ts";
import type { Guard } from "./abuse/guard.ts";
import type { Auth } from "./auth.ts";
import type { Clock } from "./clock.ts";
import { type Perform, runProgram } from "./run_program.ts";

export interface PeopleParts {
  readonly storage: Storage;
  readonly auth: Auth;
  readonly guard: Guard;
  readonly clock: Clock;
  readonly log: (event: LogEvent) => void;
}

export function createPeopleDesk({ storage, auth, guard, clock, log }: PeopleParts): PeopleDesk {
  let key: Promise<Uint8Array> | null = null;
  const perform = (<K extends Op>(op: K, args: Args<K>) => {
    if (op === "clock.now") return clock.wall();
    if (op === "text.random") return randomBytes(18).toString("hex");
    return storage.perform(op as StorageOp, args as never);
  }) as Perform;
  return {
    run: (program) => runProgram(program, perform, log),

    async signIn(name, password, address) {
      if (guard.isBanned(address)) return { refused: "tooMany" };
      const answer = await auth.person({ login: name, password }, address);
      const login = "refused" in answer ? answer : { accountId: answer.accountId, login: answer.address, scopes: null };
      guard.loginEnded(login, address);
      return answer;
    },

    async person(address) {
      const found = await storage.perform("account.credentials", { login: address });
      if (found === null || found.disabled) return null;
      return { accountId: found.accountId, address: found.address, print: credentialsPrint(found.credentials) };
    },

    mayTry: (login, address) => !guard.isBanned(address) && auth.mayTry(login, address),

    failed(login, address) {
      auth.failed(login, address);
      guard.loginEnded({ refused: "credentials" }, address);
    },

    async key() {
      key ??= storage.perform("setting.init", { name: "web.key", value: randomBytes(32).toString("hex") })
        .then((text) => Uint8Array.fromHex(text));
      try {
        return await key;
      } catch (error) {
        key = null;
        throw error;
      }
    },

    note: (event, fields) => log({ type: "log", level: "info", event, fields }),
  };
}
