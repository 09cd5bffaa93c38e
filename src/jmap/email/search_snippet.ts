import { ask, type EmailId, type Program } from "../../contract/mod.ts";
import { fold, headerFields, paramOf, previewPart, TextExtractor } from "../../message/mod.ts";
import type { Call } from "../call.ts";
import { MethodError } from "../error.ts";
import type { JsonObject } from "../json.ts";
import { type EmailFilter, readFilter } from "./filter.ts";
import { textValue } from "./header_form.ts";
import { readOctets } from "./octets.ts";

/** Octets of a text that are looked at, and characters that are shown. */
const LOOKED = 256 * 1024;
const SHOWN = 200;

/** SearchSnippet/get (RFC 8621 section 5.1): where the words stand that were looked for. */
export function* searchSnippetGet(call: Call): Program<JsonObject> {
  const account = call.account();
  const filter = readFilter(call.value("filter"));
  const emailIds = call.ids("emailIds") ?? [];
  call.done();
  if (emailIds.length > call.context.limits.maxObjectsInGet) throw new MethodError("requestTooLarge");
  const words = { subject: wordsOf(filter, "subject"), body: wordsOf(filter, "body") };
  const whose = call.whose(account);
  const found = new Map<string, JsonObject>();
  const fields = ["header", "structure"] as const;
  for (const email of yield* ask("email.objects", { ...whose, emailIds: emailIds as EmailId[], fields })) {
    const subject = headerFields(email.header!).findLast(({ name }) => name === "subject");
    const part = previewPart(email.structure!);
    let preview: string | null = null;
    if (part && words.body.length > 0) {
      const reader = { accountId: whose.accountId, blobId: email.blobId };
      const octets = yield* readOctets(reader, part.bodyStart, Math.min(part.bodyEnd, part.bodyStart + LOOKED));
      const text = new TextExtractor(part.encoding, paramOf(part.params, "charset") ?? "").push(octets);
      const plain = part.subtype === "html" ? text.replace(/<[^>]*>/g, " ") : text;
      preview = mark(plain.replace(/\s+/g, " "), words.body, true);
    }
    found.set(email.emailId, {
      emailId: email.emailId,
      subject: subject ? mark(textValue(subject), words.subject, false) : null,
      preview,
    });
  }
  const notFound = emailIds.filter((id) => !found.has(id));
  return {
    accountId: account.accountId,
    list: emailIds.flatMap((id) => found.get(id) ?? []),
    notFound: notFound.length > 0 ? notFound : null,
  };
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
  const ranges: [number, number][] = [];
  const folded = fold(text);
  // Where folding changes the length, places cannot be told apart: the words are looked for as they stand.
  const [haystack, needles] = folded.length === text.length
    ? [folded, words.map(fold)]
    : [text.toLowerCase(), words.map((word) => word.toLowerCase())];
  for (const needle of needles) {
    for (let at = haystack.indexOf(needle); needle !== "" && at >= 0 && ranges.length < 50;) {
      ranges.push([at, at + needle.length]);
      at = haystack.indexOf(needle, at + needle.length);
    }
  }
  if (ranges.length === 0) return null;
  ranges.sort(([a], [b]) => a - b);
  const start = isShort ? Math.max(0, ranges[0]![0] - 40) : 0;
  const end = isShort ? Math.min(text.length, start + SHOWN) : text.length;
  let out = "";
  let at = start;
  for (const [from, to] of ranges) {
    if (from < at || to > end) continue;
    out += `${escaped(text.slice(at, from))}<mark>${escaped(text.slice(from, to))}</mark>`;
    at = to;
  }
  return out + escaped(text.slice(at, end));
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
