/** Tests that ask the world, and those about the server: mailboxes, annotations, lists, duplicates, spam. */
import { lowerAscii } from "../../base/ascii.ts";
import { encodeBase64 } from "../../base/base64.ts";
import { utf8Bytes } from "../../base/bytes.ts";
import { digest } from "../../base/hash.ts";
import type { Program } from "../../contract/program.ts";
import { type CheckedNode, given, numberOf, textOf, textsOf } from "../script.ts";
import { parseMailto } from "./mailto.ts";
import { matchAny } from "./matching.ts";
import type { Run } from "./run.ts";

/** RFC 5490 section 3.1: all of them. */
export function* testMailboxExists(run: Run, node: CheckedNode): Program<boolean> {
  return yield* every(run.all(textsOf(node, "mailboxes")), (name) => run.ask().mailboxExists(name));
}

/** RFC 9042 section 4.2. */
export function* testMailboxIdExists(run: Run, node: CheckedNode): Program<boolean> {
  return yield* every(run.all(textsOf(node, "ids")), function* (id) {
    return (yield* run.ask().mailboxById(id)) !== null;
  });
}

/** RFC 8579 section 3: somewhere, or at the mailbox that is named. */
export function* testSpecialUseExists(run: Run, node: CheckedNode): Program<boolean> {
  const mailbox = textOf(node, "mailbox");
  const among = mailbox === null ? null : run.text(mailbox);
  return yield* every(run.all(textsOf(node, "uses")), function* (use) {
    return (yield* run.ask().mailboxByUse(use, among)) !== null;
  });
}

/** RFC 5490 section 3.3. */
export function* testMetadata(run: Run, node: CheckedNode): Program<boolean> {
  const mailbox = run.text(textOf(node, "mailbox"));
  const value = yield* run.ask().mailboxMetadata(mailbox, run.text(textOf(node, "annotation")));
  return yield* matchAny(run, node.match, value === null ? [] : [value], run.all(textsOf(node, "keys")));
}

/** RFC 5490 section 3.4. */
export function* testMetadataExists(run: Run, node: CheckedNode): Program<boolean> {
  const mailbox = run.text(textOf(node, "mailbox"));
  return yield* every(run.all(textsOf(node, "annotations")), function* (entry) {
    return (yield* run.ask().mailboxMetadata(mailbox, entry)) !== null;
  });
}

/** RFC 5490 section 4.1. */
export function* testServerMetadata(run: Run, node: CheckedNode): Program<boolean> {
  const value = yield* run.ask().serverMetadata(run.text(textOf(node, "annotation")));
  return yield* matchAny(run, node.match, value === null ? [] : [value], run.all(textsOf(node, "keys")));
}

/** RFC 5490 section 4.2. */
export function* testServerMetadataExists(run: Run, node: CheckedNode): Program<boolean> {
  return yield* every(run.all(textsOf(node, "annotations")), function* (entry) {
    return (yield* run.ask().serverMetadata(entry)) !== null;
  });
}

/** RFC 6134 section 2.3. */
export function* testValidExtList(run: Run, node: CheckedNode): Program<boolean> {
  return yield* every(run.all(textsOf(node, "lists")), (list) => run.ask().listKnown(list));
}

/** RFC 5183 section 4: what is not known matches nothing. */
export function* testEnvironment(run: Run, node: CheckedNode): Program<boolean> {
  const items = run.facts.environment ?? {};
  const name = lowerAscii(run.text(textOf(node, "name")));
  // RFC 6785 section 4: the items of IMAP are empty during a delivery.
  const value = Object.hasOwn(items, name) ? items[name] : name.startsWith("imap.") ? "" : undefined;
  return yield* matchAny(run, node.match, value === undefined ? [] : [value], run.all(textsOf(node, "keys")));
}

/** RFC 5235 section 3.2: 0 untested, 1 to 10; with `:percent` 0 to 100, and then untested has no value to count. */
export function* testSpam(run: Run, node: CheckedNode): Program<boolean> {
  const percent = run.facts.spamPercent ?? null;
  const key = [run.text(textOf(node, "value"))];
  const count = percent === null ? 0 : 1;
  const bounded = Math.min(100, Math.max(0, percent ?? 0));
  const value = given(node, ":percent")
    ? Math.round(bounded)
    : percent === null
    ? 0
    : 1 + Math.round(bounded * 9 / 100);
  return yield* matchAny(run, node.match, [String(value)], key, { count });
}

/** RFC 5235 section 3.3. */
export function* testVirus(run: Run, node: CheckedNode): Program<boolean> {
  const virus = run.facts.virus ?? null;
  const count = virus === null ? 0 : 1;
  return yield* matchAny(run, node.match, [String(virus ?? 0)], [run.text(textOf(node, "value"))], { count });
}

/** RFC 7352: what was seen in earlier runs; this one is remembered once it has ended well. */
export function* testDuplicate(run: Run, node: CheckedNode): Program<boolean> {
  const id = uniqueId(run, node);
  if (id === null || id === "") return false; // section 3.1: without an identifier nothing is remembered
  const key = hashedKey("duplicate", run.text(textOf(node, ":handle")), id);
  const seen = yield* run.ask().seen(key);
  const { max, default: usual } = run.limits.duplicateSeconds;
  const seconds = Math.min(max, numberOf(node, ":seconds") ?? usual);
  // Section 3.3: with `:last` the time runs from the last message, else from the first.
  if (!seen || given(node, ":last")) run.remember(key, seconds);
  return seen;
}

function uniqueId(run: Run, node: CheckedNode): string | null {
  const given = textOf(node, ":uniqueid");
  if (given !== null) return run.text(given);
  const header = textOf(node, ":header");
  const name = header === null ? "message-id" : lowerAscii(run.text(header));
  const field = run.named(name)[0];
  return field === undefined ? null : run.reading.decoded(field);
}

/** A short key that says nothing to whoever reads the store. */
export function hashedKey(...words: readonly string[]): string {
  return encodeBase64(digest("sha256", utf8Bytes(words.map((word) => `${word.length}:${word}`).join(""))));
}

/** RFC 5435 section 4: all of them. */
// deno-lint-ignore require-yield -- tests are programs
export function* testValidNotifyMethod(run: Run, node: CheckedNode): Program<boolean> {
  return run.all(textsOf(node, "uris")).every((uri) => parseMailto(uri) !== null);
}

/** RFC 5435 section 5: whether somebody is online is known of nobody by mail (RFC 5436 section 2.1). */
export function* testNotifyCapability(run: Run, node: CheckedNode): Program<boolean> {
  if (parseMailto(run.text(textOf(node, "uri"))) === null) return false;
  const online = lowerAscii(run.text(textOf(node, "capability"))) === "online";
  return yield* matchAny(run, node.match, online ? ["maybe"] : [], run.all(textsOf(node, "keys")));
}

function* every(names: readonly string[], holds: (name: string) => Program<boolean>): Program<boolean> {
  for (const name of names) if (!(yield* holds(name))) return false;
  return true;
}
