/** What commands and tests look like: their tags, their arguments, and which extension each one needs. */

/** `strings` takes a single string too (RFC 5228 section 2.4.2.1). */
export type ValueKind = "string" | "strings" | "number";

/** Rules for strings that are known before the script runs, by name; `values.ts` has them. */
export type ValueRule =
  | "headerName"
  | "addressHeader"
  | "envelopePart"
  | "datePart"
  | "zone"
  | "relation"
  | "comparator"
  | "variable"
  | "globalVariable"
  | "flags"
  | "mailbox"
  | "address"
  | "importance"
  | "notifyMethod"
  | "specialUse"
  | "plain";

/** A tagged argument. */
export interface TagSpec {
  readonly name: string;
  readonly takes?: ValueKind;
  readonly needs?: string;
  /** Of the tags with one group only one may stand. */
  readonly group?: string;
  /** A tag that has no meaning without this other one. */
  readonly with?: string;
  readonly rule?: ValueRule;
}

/** A positional argument. */
export interface PositionalSpec {
  readonly name: string;
  readonly kind: ValueKind;
  readonly optional?: boolean;
  readonly rule?: ValueRule;
}

/** A command or a test. */
export interface Spec {
  readonly name: string;
  /** One of these must be required. */
  readonly needs?: readonly string[];
  readonly tags: readonly TagSpec[];
  readonly args: readonly PositionalSpec[];
  readonly tests: 0 | 1 | "many";
  readonly block: boolean;
}

/** The parts of a spec that are not empty. */
type Given = Partial<Omit<Spec, "name">>;

/** A spec by its name and what it has. */
export function spec(name: string, given: Given = {}): Spec {
  return { name, tags: [], args: [], tests: 0, block: false, ...given };
}

/** A positional argument. */
export function arg(name: string, kind: ValueKind, rule?: ValueRule): PositionalSpec {
  return rule === undefined ? { name, kind } : { name, kind, rule };
}

/** A positional argument that may be left out. */
export function optional(name: string, kind: ValueKind, rule?: ValueRule): PositionalSpec {
  return { ...arg(name, kind, rule), optional: true };
}

/** A tag that stands alone. */
export function flag(name: string, needs?: string, group?: string): TagSpec {
  return { name, ...(needs !== undefined && { needs }), ...(group !== undefined && { group }) };
}

/** A tag with a value. */
export function valued(name: string, takes: ValueKind, more: Omit<TagSpec, "name" | "takes"> = {}): TagSpec {
  return { name, takes, ...more };
}

const MATCH = "the match type";

/** Match type and comparator: RFC 5228 section 2.7, RFC 5231, RFC 6134, the regex draft. */
export const MATCHING: readonly TagSpec[] = [
  flag("is", undefined, MATCH),
  flag("contains", undefined, MATCH),
  flag("matches", undefined, MATCH),
  flag("regex", "regex", MATCH),
  valued("count", "string", { needs: "relational", group: MATCH, rule: "relation" }),
  valued("value", "string", { needs: "relational", group: MATCH, rule: "relation" }),
  flag("list", "extlists", MATCH),
  valued("comparator", "string", { rule: "comparator" }),
];

/** RFC 5228 section 2.7.4, RFC 5233. */
export const ADDRESS_PART: readonly TagSpec[] = [
  flag("all", undefined, "the address part"),
  flag("localpart", undefined, "the address part"),
  flag("domain", undefined, "the address part"),
  flag("user", "subaddress", "the address part"),
  flag("detail", "subaddress", "the address part"),
];

/** RFC 5260 section 6. */
export const INDEX: readonly TagSpec[] = [
  valued("index", "number", { needs: "index" }),
  { name: "last", needs: "index", with: "index" },
];

/** RFC 5703 section 4: which parts a test looks at. */
export const MIME: readonly TagSpec[] = [
  flag("mime", "mime"),
  { name: "anychild", needs: "mime", with: "mime" },
];

/** RFC 5703 section 4.1: what of a field a test looks at. */
export const MIME_OPTIONS: readonly TagSpec[] = [
  { name: "type", needs: "mime", group: "the MIME option", with: "mime" },
  { name: "subtype", needs: "mime", group: "the MIME option", with: "mime" },
  { name: "contenttype", needs: "mime", group: "the MIME option", with: "mime" },
  { name: "param", takes: "strings", needs: "mime", group: "the MIME option", with: "mime" },
];

/** RFC 5490 section 3.2, RFC 8579 section 4, RFC 9042 section 4, RFC 5232 section 5: where and how a copy is filed. */
export const FILING: readonly TagSpec[] = [
  flag("create", "mailbox"),
  valued("flags", "strings", { needs: "imap4flags", rule: "flags" }),
  valued("specialuse", "string", { needs: "special-use", rule: "specialUse" }),
  valued("mailboxid", "string", { needs: "mailboxid" }),
];

/** RFC 8580: a copy of what is sent. */
export const FCC: readonly TagSpec[] = [
  valued("fcc", "string", { needs: "fcc", rule: "mailbox" }),
  ...FILING.map((tag) => ({ ...tag, with: "fcc" })),
];

/** RFC 5229 section 4.1, RFC 5435 section 6, the regex draft: modifiers, in groups of one precedence. */
export const MODIFIERS: readonly TagSpec[] = [
  flag("lower", undefined, ":lower and :upper"),
  flag("upper", undefined, ":lower and :upper"),
  flag("lowerfirst", undefined, ":lowerfirst and :upperfirst"),
  flag("upperfirst", undefined, ":lowerfirst and :upperfirst"),
  flag("quotewildcard", undefined, ":quotewildcard and :quoteregex"),
  flag("quoteregex", "regex", ":quotewildcard and :quoteregex"),
  flag("encodeurl", "enotify"),
  flag("length"),
];
