import { utf8Bytes } from "../../base/bytes.ts";
import { ask, type EmailId, type Program } from "../../contract/mod.ts";
import { fold, headerFields, paramOf, type Part, plainText, TextExtractor } from "../../message/mod.ts";
import type { Call } from "../call.ts";
import { MethodError } from "../error.ts";
import type { JsonObject } from "../json.ts";
import { type EmailFilter, readFilter } from "./filter.ts";
import { textValue } from "./header_form.ts";
import { bodyLists } from "./body_parts.ts";
import { type BlobReader, readOctets } from "./octets.ts";

/** Octets of a text that are looked at, texts of an email, and octets that are shown (section 5: 255). */
const LOOKED = 256 * 1024;
const PARTS = 10;
const SHOWN = 255;

/** SearchSnippet/get (RFC 8621 section 5.1): where the words stand that were looked for. */
export function* searchSnippetGet(call: Call): Program<JsonObject> {
  const account = call.account();
  const filter = readFilter(call.value("filter"));
  const emailIds = [...new Set(call.requiredIds("emailIds"))];
  call.done();
  if (emailIds.length > call.context.limits.maxObjectsInGet) throw new MethodError("requestTooLarge");
  const words = { subject: wordsOf(filter, "subject"), body: wordsOf(filter, "body") };
  const whose = call.whose(account);
  const found = new Map<string, JsonObject>();
  const fields = ["header", "structure"] as const;
  for (const email of yield* ask("email.objects", { ...whose, emailIds: emailIds as EmailId[], fields })) {
    const subject = headerFields(email.header!).findLast(({ name }) => name === "subject");
    found.set(email.emailId, {
      emailId: email.emailId,
      subject: subject ? mark(textValue(subject), words.subject, false) : null,
      preview: yield* previewOf({ accountId: whose.accountId, blobId: email.blobId }, email.structure!, words.body),
    });
  }
  const notFound = emailIds.filter((id) => !found.has(id));
  return {
    accountId: account.accountId,
    list: emailIds.flatMap((id) => found.get(id) ?? []),
    notFound: notFound.length > 0 ? notFound : null,
  };
}

/** Of the texts that a client shows, the first that has one of the words. */
function* previewOf(reader: BlobReader, structure: Part, words: readonly string[]): Program<string | null> {
  if (words.length === 0) return null;
  const { textBody, htmlBody } = bodyLists(structure);
  const parts = new Set([...textBody, ...htmlBody].map(({ part }) => part).filter(({ type }) => type === "text"));
  for (const part of [...parts].slice(0, PARTS)) {
    const octets = yield* readOctets(reader, part.bodyStart, Math.min(part.bodyEnd, part.bodyStart + LOOKED));
    const extractor = new TextExtractor(part.encoding, paramOf(part.params, "charset") ?? "");
    const text = extractor.push(octets) + (octets.length < part.bodyEnd - part.bodyStart ? "" : extractor.end());
    const plain = part.subtype === "html" ? plainText(text) : text;
    const preview = mark(plain.replace(/\s+/g, " "), words, true);
    if (preview !== null) return preview;
  }
  return null;
}

/** Words that may stand in the subject or the body; what must not be there is not shown. */
function wordsOf(filter: EmailFilter | null, where: "subject" | "body"): readonly string[] {
  if (filter === null) return [];
  if ("operator" in filter) {
    return filter.operator === "NOT" ? [] : filter.conditions.flatMap((one) => wordsOf(one, where));
  }
  return filter.tests.flatMap((condition) => {
    if (condition.test !== "text") return [];
    const keys = condition.search.key === "and" ? condition.search.keys : [condition.search];
    return keys.flatMap((key) => {
      const fits = key.key === "text" || key.key === where || (key.key === "header" && key.name === where);
      return fits && "text" in key && key.text !== "" ? [key.text] : [];
    });
  });
}

/** With `<mark>` around the words; null: none of them is there. Everything else is text, not HTML. */
function mark(text: string, words: readonly string[], isShort: boolean): string | null {
  const ranges = rangesOf(text, words);
  if (ranges.length === 0) return null;
  let at = isShort ? Math.max(0, ranges[0]![0] - 40) : 0;
  if (at > 0 && text.codePointAt(at - 1)! > 0xffff) at--;
  let out = "";
  let left = isShort ? SHOWN : Infinity;
  const take = (piece: string): boolean => {
    left -= utf8Bytes(piece).length;
    if (left >= 0) out += piece;
    return left >= 0;
  };
  for (const [from, to] of [...ranges, [text.length, text.length] as const]) {
    if (from < at) continue;
    // A character by itself: what no longer fits is left out from there.
    for (const character of text.slice(at, from)) if (!take(escaped(character))) return out;
    if (to > from && !take(`<mark>${escaped(text.slice(from, to))}</mark>`)) return out;
    at = to;
  }
  return out;
}

/** Where the words stand, in their order. */
function rangesOf(text: string, words: readonly string[]): readonly (readonly [start: number, end: number])[] {
  const ranges: [number, number][] = [];
  const folded = fold(text);
  // Where folding changes the length, places cannot be told apart: the words are looked for as they stand.
  const [haystack, needles] = folded.length === text.length
    ? [folded, words.map(fold)]
    : [text.toLowerCase(), words.map((word) => word.toLowerCase())];
  if (haystack.length !== text.length) return [];
  for (const needle of needles) {
    // One that would fill the preview by itself cannot be shown.
    if (needle.length > SHOWN / 4) continue;
    for (let at = haystack.indexOf(needle); needle !== "" && at >= 0 && ranges.length < 50;) {
      ranges.push([at, at + needle.length]);
      at = haystack.indexOf(needle, at + needle.length);
    }
  }
  return ranges.sort(([a], [b]) => a - b);
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
