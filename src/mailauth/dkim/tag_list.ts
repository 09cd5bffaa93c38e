/**
 * Tag-value lists (RFC 6376 section 3.2): what signatures and key records are written in. Text is latin1, one character
 * an octet; octets above 127 pass, as RFC 8616 wants it.
 */

/** One tag as it stands in its list. */
export interface Tag {
  /** Without the white space around it; folds inside are unfolded, other white space is kept. */
  readonly value: string;
  /** Offsets of the whole value in the list, the white space around it with it. */
  readonly start: number;
  readonly end: number;
}

/** Tags by their name (case matters), in order. */
export type TagList = ReadonlyMap<string, Tag>;

const NAME = /^[A-Za-z][A-Za-z0-9_]*$/;

/** The tags, or what is wrong with the list, for people. Work grows with the length only: the caller bounds that. */
export function parseTagList(text: string): TagList | { readonly malformed: string } {
  const tags = new Map<string, Tag>();
  for (let at = 0; at <= text.length;) {
    const semicolon = text.indexOf(";", at);
    const end = semicolon < 0 ? text.length : semicolon;
    const equals = text.indexOf("=", at);
    if (equals < 0 || equals > end) {
      // A list may end with a semicolon; elsewhere nothing is no tag.
      const last = semicolon < 0 && tags.size > 0;
      if (last && trimFws(text.slice(at, end)) === "") return tags;
      return { malformed: "a tag has no value" };
    }
    const name = trimFws(text.slice(at, equals));
    if (!NAME.test(name)) return { malformed: "the name of a tag is malformed" };
    // RFC 6376 section 3.2: if a name occurs more than once, the entire list is invalid.
    if (tags.has(name)) return { malformed: `the tag ${shown(name)} occurs twice` };
    const value = unfoldValue(text.slice(equals + 1, end));
    if (value === null) return { malformed: `the tag ${shown(name)} has a control character` };
    tags.set(name, { value, start: equals + 1, end });
    if (semicolon < 0) return tags;
    at = end + 1;
  }
  return tags;
}

/** The parts of a colon-separated value, white space around them gone. */
export function colonList(value: string): string[] {
  return value.split(":").map(trimFws);
}

/** The value without any white space: Base64 may be folded anywhere. */
export function withoutFws(value: string): string {
  return /[ \t\r\n]/.test(value) ? value.replace(/[ \t\r\n]+/g, "") : value;
}

/** White space and line ends at both ends gone. */
export function trimFws(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isFws(text.charCodeAt(start))) start++;
  while (end > start && isFws(text.charCodeAt(end - 1))) end--;
  return text.slice(start, end);
}

function isFws(code: number): boolean {
  return code === 32 || code === 9 || code === 13 || code === 10;
}

function unfoldValue(raw: string): string | null {
  const text = trimFws(raw);
  const unfolded = text.includes("\n") ? text.replace(/\r?\n(?=[ \t])/g, "") : text;
  // deno-lint-ignore no-control-regex -- these are what must not be there
  return /[\x00-\x08\x0a-\x1f\x7f]/.test(unfolded) ? null : unfolded;
}

/** Names are of a stranger's choosing: only a short piece goes into a reason. */
function shown(name: string): string {
  return name.length > 20 ? name.slice(0, 20) + "…" : name;
}
