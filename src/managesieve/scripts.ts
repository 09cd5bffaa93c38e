/** The commands on scripts (RFC 5804 sections 2.5 to 2.12): programs that ask the store. */
import { utf8Strict } from "../base/bytes.ts";
import {
  ask,
  type DirectoryRefused,
  isFilterName,
  logEvent,
  type Program,
  sendLine,
  SIEVE_STORE_LIMITS,
} from "../contract/mod.ts";
import { formatSieveError, parseSieve, sieveWarnings } from "../sieve/mod.ts";
import type { Word } from "./wire/reader.ts";
import { response, wireLiteral, wireString } from "./wire/response.ts";

/** Whose scripts, and what they may require. */
export interface Shelf {
  readonly address: string;
  readonly extensions: readonly string[] | undefined;
}

/** Section 2.5. Says what PUTSCRIPT would say of name, size and number. */
export function* haveSpace(shelf: Shelf, name: string, octets: number): Program<void> {
  if (isFilterName(name)) return yield* otherLanguage();
  if (octets > SIEVE_STORE_LIMITS.octets) return yield* tooLarge(octets);
  const scripts = yield* ask("sieve.list", { address: shelf.address });
  if ("refused" in scripts) return yield* refused(scripts);
  if (scripts.length >= SIEVE_STORE_LIMITS.scripts && !scripts.some((one) => one.name === name)) {
    yield response("NO", `There are ${scripts.length} scripts, and more are not allowed`, "QUOTA/MAXSCRIPTS");
    return;
  }
  yield response("OK", "There is room");
}

/** Section 2.6. */
export function* putScript(shelf: Shelf, name: string, script: Word): Program<void> {
  if (isFilterName(name)) return yield* otherLanguage();
  const checked = yield* check(shelf, script);
  if (checked === null) return;
  const stored = yield* ask("sieve.put", { address: shelf.address, name, content: checked.content });
  if ("refused" in stored) return yield* refused(stored, stored.refused === "inUse" ? "QUOTA/MAXSCRIPTS" : "");
  yield logEvent("info", "sieve.put", { login: shelf.address, name, octets: stored.octets });
  yield fine("The script is stored", checked.warnings);
}

/** Section 2.12. */
export function* checkScript(shelf: Shelf, script: Word): Program<void> {
  const checked = yield* check(shelf, script);
  if (checked !== null) yield fine("The script is right", checked.warnings);
}

function fine(text: string, warnings: readonly string[]) {
  return warnings.length === 0 ? response("OK", text) : response("OK", warnings.join("\r\n"), "WARNINGS");
}

/** The text of a script that can run; where it cannot, all that is wrong with it was said, and the answer is null. */
function* check(
  { extensions }: Shelf,
  script: Word,
): Generator<ReturnType<typeof response>, { content: string; warnings: readonly string[] } | null> {
  if (script.kind === "oversize") return yield* tooLarge(script.octets), null;
  if (script.kind !== "string") return null;
  if (script.bytes.length > SIEVE_STORE_LIMITS.octets) return yield* tooLarge(script.bytes.length), null;
  const content = utf8Strict(script.bytes);
  if (content === null) {
    yield response("NO", "A script is text in UTF-8, and this one is not");
    return null;
  }
  const parsed = parseSieve(content, extensions === undefined ? {} : { extensions });
  if ("errors" in parsed) {
    yield response("NO", parsed.errors.map(formatSieveError).join("\r\n"));
    return null;
  }
  return { content, warnings: sieveWarnings(parsed.script).map(formatSieveError) };
}

/** Section 2.7. */
export function* listScripts(shelf: Shelf): Program<void> {
  const scripts = yield* ask("sieve.list", { address: shelf.address });
  if ("refused" in scripts) return yield* refused(scripts);
  for (const { name, active } of scripts) {
    if (!isFilterName(name)) yield sendLine(wireString(name) + (active ? " ACTIVE" : ""));
  }
  yield response("OK", "");
}

/** Section 2.8; the empty name: none is active. A script that cannot run any more does not become active. */
export function* setActive(shelf: Shelf, name: string): Program<void> {
  const { address } = shelf;
  if (isFilterName(name)) return yield* otherLanguage();
  if (name !== "") {
    const stored = yield* ask("sieve.get", { address, name });
    if ("refused" in stored) return yield* refused(stored);
    const parsed = parseSieve(stored.content, shelf.extensions === undefined ? {} : { extensions: shelf.extensions });
    if ("errors" in parsed) {
      yield response("NO", parsed.errors.map(formatSieveError).join("\r\n"));
      return;
    }
  }
  const changed = yield* ask("sieve.activate", { address, name: name === "" ? null : name });
  if ("refused" in changed) return yield* refused(changed);
  yield logEvent("info", "sieve.active", { login: address, name: name === "" ? null : name });
  yield response("OK", name === "" ? "No script is active" : "The script is active");
}

/** Section 2.9: the same octets that were put. */
export function* getScript({ address }: Shelf, name: string): Program<void> {
  if (isFilterName(name)) return yield* otherLanguage();
  const stored = yield* ask("sieve.get", { address, name });
  if ("refused" in stored) return yield* refused(stored);
  yield sendLine(wireLiteral(stored.content));
  yield response("OK", "");
}

/** Section 2.10: the active one stays. */
export function* deleteScript({ address }: Shelf, name: string): Program<void> {
  if (isFilterName(name)) return yield* otherLanguage();
  const removed = yield* ask("sieve.remove", { address, name });
  if ("refused" in removed) return yield* refused(removed, removed.refused === "inUse" ? "ACTIVE" : "");
  yield logEvent("info", "sieve.removed", { login: address, name });
  yield response("OK", "The script is gone");
}

/** Section 2.11. */
export function* renameScript({ address }: Shelf, name: string, newName: string): Program<void> {
  if (isFilterName(name) || isFilterName(newName)) return yield* otherLanguage();
  const renamed = yield* ask("sieve.rename", { address, name, newName });
  if ("refused" in renamed) return yield* refused(renamed);
  yield response("OK", "The script has its new name");
}

/** Filters in TypeScript are of the same store, and none of a Sieve editor's business. */
function* otherLanguage(): Generator<ReturnType<typeof response>, void> {
  yield response("NO", "Names that end in .ts or .js are not of Sieve scripts");
}

function* tooLarge(octets: number): Generator<ReturnType<typeof response>, void> {
  const text = `A script has at most ${SIEVE_STORE_LIMITS.octets} octets; this one has ${octets}`;
  yield response("NO", text, "QUOTA/MAXSIZE");
}

const CODES: Partial<Record<DirectoryRefused["refused"], string>> = {
  notFound: "NONEXISTENT",
  exists: "ALREADYEXISTS",
};

function* refused({ refused, text }: DirectoryRefused, code: string = ""): Program<void> {
  yield response("NO", text, code !== "" ? code : CODES[refused] ?? "");
}
