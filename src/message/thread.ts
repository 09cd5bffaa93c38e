/** The base subject (RFC 5256 section 2.1): by what SORT and threads compare subjects. */
import { decodeWords } from "./encoded_word.ts";

const LIMIT = 10_000; // characters that are looked at

/** A subject without what replies and forwards put around it (RFC 5256 section 2.1). */
export interface BaseSubject {
  /** As it was written; compare it by i;unicode-casemap. */
  readonly base: string;
  /** Something was taken off that says reply or forward. */
  readonly isReply: boolean;
}

/**
 * Takes off `Re:`, `Fwd:`, `[list]` before and `(fwd)` behind. `subject` is an unfolded value; encoded-words are
 * decoded here. Positions move inwards and are never scanned again, so it is linear.
 */
export function baseSubject(subject: string): BaseSubject {
  // Step 1: decoded, tabs and runs of white space are one space.
  const text = decodeWords(subject.slice(0, LIMIT)).replace(/[\t\r\n ]+/g, " ");
  const lower = text.toLowerCase().length === text.length ? text.toLowerCase() : text; // offsets must agree
  let start = 0;
  let end = text.length;
  let isReply = false;
  for (;;) {
    // Step 2: subj-trailer.
    for (;;) {
      if (end > start && text[end - 1] === " ") end--;
      else if (end - 5 >= start && lower.startsWith("(fwd)", end - 5)) {
        end -= 5;
        isReply = true;
      } else break;
    }
    let noLeaderBefore = start; // up to here a run of blobs is known to lead to no "re:"
    for (;;) {
      // Step 3: subj-leader.
      while (start < end && text[start] === " ") start++;
      if (start >= noLeaderBefore) {
        const blobs = skipBlobs(text, start, end);
        const after = skipRefwd(text, lower, blobs, end);
        if (after > 0) {
          start = after;
          isReply = true;
          continue;
        }
        noLeaderBefore = blobs;
      }
      // Step 4: a blob that leaves something.
      const blob = skipBlob(text, start, end);
      if (blob === start || blob >= end) break;
      start = blob;
    }
    // Step 6: "[fwd: … ]".
    if (!lower.startsWith("[fwd:", start) || text[end - 1] !== "]" || end - start < 6) break;
    start += 5;
    end--;
    isReply = true;
  }
  return { base: text.slice(start, end), isReply };
}

/** `subj-blob = "[" *BLOBCHAR "]" *WSP`; answers its end, or `at` where there is none. */
function skipBlob(text: string, at: number, end: number): number {
  if (text[at] !== "[") return at;
  let i = at + 1;
  while (i < end && text[i] !== "]" && text[i] !== "[") i++;
  if (i >= end || text[i] !== "]") return at;
  i++;
  while (i < end && text[i] === " ") i++;
  return i;
}

function skipBlobs(text: string, from: number, end: number): number {
  let at = from;
  for (;;) {
    const next = skipBlob(text, at, end);
    if (next === at) return at;
    at = next;
  }
}

/** `subj-refwd = ("re" / ("fw" ["d"])) *WSP [subj-blob] ":"`; answers its end, or -1. */
function skipRefwd(text: string, lower: string, at: number, end: number): number {
  let i = lower.startsWith("re", at)
    ? at + 2
    : lower.startsWith("fwd", at)
    ? at + 3
    : lower.startsWith("fw", at)
    ? at + 2
    : -1;
  if (i < 0 || i > end) return -1;
  while (i < end && text[i] === " ") i++;
  i = skipBlob(text, i, end);
  return i < end && text[i] === ":" ? i + 1 : -1;
}
