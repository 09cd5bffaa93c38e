/**
 * Plays `tests/transcripts/managesieve/*` against the ManageSieve server: each whole, octet by octet and in random cuts.
 * Settings: `secure` (no passwords in the clear), `plain` (no STARTTLS), `small` (two scripts of 100 octets at most).
 */
import type { AccountId, DirectoryRefused, Login, LoginRefused, StoredSieve } from "../../src/contract/mod.ts";
import { manageSieveSession } from "../../src/managesieve/mod.ts";
import { type Answers, Player } from "../support/run_machine.ts";
import { WorldFails } from "../support/run_program.ts";
import { scramKeys } from "../support/scram_example.ts";
import { type Dialogue, dialogues, playHoweverCut, type Stage, titleOf } from "../support/transcript.ts";

for (const dialogue of dialogues("managesieve")) {
  Deno.test(`ManageSieve ${titleOf(dialogue)}`, () => playHoweverCut(dialogue, stage));
}

function stage({ settings }: Dialogue): Stage {
  const has = (name: string) => settings.some((one) => one.name === name);
  const taken: string[] = [];
  const session = manageSieveSession({
    implementation: "Palomar test",
    startTls: !has("plain"),
    allowPlaintext: !has("secure"),
    extensions: ["fileinto", "enotify"],
    redirects: 5,
  });
  return { player: new Player(session, world(taken, has("full"))), taken: () => taken.splice(0) };
}

/** A shelf with the scripts `day`, which is active, and `night`. */
function world(taken: string[], full: boolean): Answers {
  const scripts = new Map([["day", "keep;\r\n"], ["night", 'discard; # "\\\r\n']]);
  let active: string | null = "day";
  const print = (name: string): StoredSieve => ({
    name,
    octets: scripts.get(name)!.length,
    active: name === active,
  });
  const missing = (name: string): DirectoryRefused => ({ refused: "notFound", text: `there is no script ${name}` });
  return {
    "auth.password": ({ login, password }) => logIn(login, password.reveal() === "pass word"),
    "auth.scram": scramKeys,
    "auth.scramDone": ({ login, proven }) => logIn(login, proven),
    "auth.forget": () => true,
    "sieve.list": () => [...scripts.keys()].sort().map(print),
    "sieve.get": ({ name }) =>
      name !== null && scripts.has(name) ? { ...print(name), content: scripts.get(name)! } : missing(name ?? ""),
    "sieve.put": ({ name, content }) => {
      if (name === "down") throw new WorldFails();
      if (full && !scripts.has(name)) return { refused: "inUse", text: "too many scripts" };
      scripts.set(name, content);
      taken.push(`put ${name}: ${content.trim()}`);
      return print(name);
    },
    "sieve.activate": ({ name }) => {
      active = name;
      taken.push(`active ${name}`);
      return { changed: true };
    },
    "sieve.rename": ({ name, newName }) => {
      if (!scripts.has(name)) return missing(name);
      if (scripts.has(newName)) return { refused: "exists", text: `there is a script ${newName}` };
      scripts.set(newName, scripts.get(name)!);
      scripts.delete(name);
      return print(newName);
    },
    "sieve.remove": ({ name }) => {
      if (!scripts.has(name)) return missing(name);
      if (name === active) return { refused: "inUse", text: "the script is active" };
      scripts.delete(name);
      return { removed: true };
    },
  };
}

function logIn(login: string, right: boolean): Login | LoginRefused {
  if (login === "down") throw new WorldFails();
  if (login === "many") return { refused: "tooMany" };
  if (login === "gone") return { refused: "disabled" };
  return right && login === "user" ? { accountId: "a1" as AccountId, login, scopes: null } : { refused: "credentials" };
}
