/** The commands (RFC 5804 section 2): where each may stand, its arguments, and what it does. */
import { utf8String } from "../base/bytes.ts";
import { ask, type Effect, type Program } from "../contract/mod.ts";
import { authenticate } from "./authenticate.ts";
import { capability, offersStartTls } from "./capability.ts";
import {
  checkScript,
  deleteScript,
  getScript,
  haveSpace,
  listScripts,
  putScript,
  renameScript,
  setActive,
  type Shelf,
} from "./scripts.ts";
import type { ManageSieveOptions, ManageSieveState, Then } from "./state.ts";
import type { Word } from "./wire/reader.ts";
import { response, wireString } from "./wire/response.ts";

/** What a command is run with. */
export interface Scene {
  readonly state: ManageSieveState;
  readonly options: ManageSieveOptions;
  readonly args: readonly Word[];
  readonly out: Effect[];
}

interface Command {
  /** Where it may stand; `out`: before somebody has logged in. */
  readonly when: "any" | "out" | "in";
  /** Its arguments; a `?` behind those that may be left out. */
  readonly args: readonly ("string" | "string?" | "number" | "script")[];
  readonly run: (scene: Scene) => Then;
}

export const COMMANDS: Readonly<Record<string, Command>> = {
  AUTHENTICATE: {
    when: "out",
    args: ["string", "string?"],
    run: ({ state, options, args: [name, initial], out }) =>
      authenticate(state, octetsOf(name!), initial === undefined ? null : octetsOf(initial), options, out),
  },
  CAPABILITY: { when: "any", args: [], run: ({ state, options, out }) => capability(state, options, "", out) },
  CHECKSCRIPT: { when: "in", args: ["script"], run: (scene) => ({ run: checkScript(shelf(scene), scene.args[0]!) }) },
  DELETESCRIPT: { when: "in", args: ["string"], run: (scene) => ({ run: deleteScript(shelf(scene), text(scene, 0)) }) },
  GETSCRIPT: { when: "in", args: ["string"], run: (scene) => ({ run: getScript(shelf(scene), text(scene, 0)) }) },
  HAVESPACE: { when: "in", args: ["string", "number"], run: space },
  LISTSCRIPTS: { when: "in", args: [], run: (scene) => ({ run: listScripts(shelf(scene)) }) },
  LOGOUT: { when: "any", args: [], run: logout },
  NOOP: { when: "any", args: ["string?"], run: noop },
  PUTSCRIPT: {
    when: "in",
    args: ["string", "script"],
    run: (scene) => ({ run: putScript(shelf(scene), text(scene, 0), scene.args[1]!) }),
  },
  RENAMESCRIPT: {
    when: "in",
    args: ["string", "string"],
    run: (scene) => ({ run: renameScript(shelf(scene), text(scene, 0), text(scene, 1)) }),
  },
  SETACTIVE: { when: "in", args: ["string"], run: (scene) => ({ run: setActive(shelf(scene), text(scene, 0)) }) },
  STARTTLS: { when: "any", args: [], run: startTls },
  UNAUTHENTICATE: { when: "in", args: [], run: ({ state }) => ({ run: unauthenticate(state) }) },
};

/** Why the arguments are not those of the command; null where they are. */
export function argumentProblem({ args: wanted }: Command, given: readonly Word[]): string | null {
  const least = wanted.filter((one) => !one.endsWith("?")).length;
  if (given.length < least || given.length > wanted.length) {
    return wanted.length === 0 ? "It takes no arguments" : `Its arguments are: ${wanted.join(", ")}`;
  }
  const wrong = given.some((word, i) => {
    const want = wanted[i]!.replace("?", "");
    return want === "script" ? word.kind !== "string" && word.kind !== "oversize" : word.kind !== want;
  });
  return wrong ? `Its arguments are: ${wanted.join(", ")}` : null;
}

/** Commands on scripts stand behind a login. */
function shelf({ state, options }: Scene): Shelf {
  return { address: state.login!.login, extensions: options.extensions };
}

function octetsOf(word: Word): Uint8Array {
  return word.kind === "string" ? word.bytes : new Uint8Array(0);
}

function text({ args }: Scene, at: number): string {
  return utf8String(octetsOf(args[at]!));
}

function space(scene: Scene): Then {
  const octets = scene.args[1];
  return { run: haveSpace(shelf(scene), text(scene, 0), octets?.kind === "number" ? octets.value : 0) };
}

/** Section 2.13: a tag comes back, so that a client knows how far the server has come. */
function noop({ args: [tag], out }: Scene): void {
  if (tag === undefined) out.push(response("OK", "Done"));
  else out.push(response("OK", "Done", `TAG ${wireString(utf8String(octetsOf(tag)))}`));
}

/** Section 2.3. */
function logout({ state, out }: Scene): void {
  state.phase = "closed";
  out.push(response("OK", "Goodbye"), { type: "close" });
}

/** Section 2.2. */
function startTls({ state, options, out }: Scene): Then {
  if (!offersStartTls(state, options)) return void out.push(response("NO", "STARTTLS is not possible now"));
  out.push(response("OK", "Begin TLS negotiation now"));
  return "startTls";
}

/** Section 2.14.1. */
function* unauthenticate(state: ManageSieveState): Program<void> {
  yield* ask("auth.forget", {});
  state.login = null;
  yield response("OK", "Nobody is logged in now");
}

/** The command of this name in any case; null where there is none. */
export function commandNamed(name: string): Command | null {
  return Object.hasOwn(COMMANDS, name) ? COMMANDS[name]! : null;
}

/** The name of the command for a log or an answer, or "" where it is none. */
export function verbOf(words: readonly Word[]): string {
  const [first] = words;
  return first?.kind === "atom" ? first.text.toUpperCase() : "";
}
