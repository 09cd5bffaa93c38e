/** The words of `reject` and `ereject` as a reply (RFC 5429 section 2). */
import { isAscii } from "../../base/ascii.ts";
import type { Refusal } from "../../contract/mod.ts";

/** Characters of a reply: it is one line of at most 512 octets (RFC 5321 section 4.5.3.1.5). */
const LONGEST = 400;
const NOTHING = "The recipient does not take this message";

/**
 * A reply is one line of ASCII: letters lose their accents, line ends become spaces. The words go along for reports, and
 * for replies to clients that take UTF-8. `reject` wants them told as they are, `ereject` wants a reply (section 2.3).
 */
export function rejection(reason: string, extended: boolean): Refusal {
  const plain = reason.slice(0, LONGEST * 4).normalize("NFKD").replace(/\p{Mn}+/gu, "").replace(/\u00df/g, "ss")
    .replace(/\s+/g, " ").replace(/[^\x20-\x7e]/g, "?").trim().slice(0, LONGEST);
  // RFC 3463 X.7.1: delivery not authorized, message refused.
  const text = /[A-Za-z0-9]/.test(plain) ? plain : NOTHING;
  const words = reason.trim();
  if (words === "" || words === text) return { code: 550, enhanced: "5.7.1", text };
  return { code: 550, enhanced: "5.7.1", text, words: { text: words, exactly: !extended && !isAscii(words) } };
}
