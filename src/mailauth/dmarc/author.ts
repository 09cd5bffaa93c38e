/**
 * Whose message it says it is: the domains of From (RFC 9989 section 5.3.1, RFC 7489 section 6.6.1). A person sees what
 * some other program makes of the same octets, so what can be read in two ways is not read at all.
 */
import { domainToAscii, parseDomain } from "../../base/address.ts";
import { parseAddressList } from "../../message/address.ts";
import { decodeWords } from "../../message/encoded_word.ts";
import { fieldText, type HeaderField } from "../../message/header.ts";
import type { EnvelopeAddress } from "../../message/model.ts";
import type { DmarcReason } from "./model.ts";

/** The domains of the authors, each once, in A-labels; address literals with their brackets. Or why there are none. */
export type Author =
  | { readonly kind: "domains"; readonly domains: readonly string[] }
  | {
    readonly kind: "unusable";
    readonly reason: Extract<
      DmarcReason,
      "noFrom" | "severalFrom" | "noAuthorDomain" | "unusableFrom" | "tooManyAuthors"
    >;
  };

/** Domains of one From that are evaluated, each of which costs questions to the DNS. */
const AUTHORS_LIMIT = 5;
/** Octets of a From field; honest ones have a hundred. */
const FROM_LIMIT = 64 * 1024;

/** `fields` are those of the whole header. */
export function authorOf(fields: readonly HeaderField[]): Author {
  const from = fields.filter((field) => field.name === "from");
  if (from.length === 0) return { kind: "unusable", reason: "noFrom" };
  // RFC 5322 section 3.6: a signature may cover one of them while a person sees the other.
  if (from.length > 1) return { kind: "unusable", reason: "severalFrom" };
  const { raw } = from[0]!;
  // deno-lint-ignore no-control-regex
  if (raw.length > FROM_LIMIT || /[\0-\x08\x0b\x0c\x0e-\x1f\x7f]|\r(?!\n)/.test(raw)) {
    return { kind: "unusable", reason: "unusableFrom" };
  }
  return domainsOf(fieldText(from[0]!));
}

function domainsOf(text: string): Author {
  const plain = withoutQuotes(text).toLowerCase();
  const domains = new Set<string>();
  const whole = new Set<string>(); // hosts that stand in the text as they are
  for (const entry of parseAddressList(text)) {
    const names = namesOf(entry, plain, whole);
    if (names === "unusable") return { kind: "unusable", reason: "unusableFrom" };
    for (const name of names) domains.add(name);
    if (domains.size > AUTHORS_LIMIT) return { kind: "unusable", reason: "tooManyAuthors" };
  }
  return domains.size === 0
    ? { kind: "unusable", reason: "noAuthorDomain" }
    : { kind: "domains", domains: [...domains] };
}

/**
 * The domains of one mailbox. `a@b@c` names two, as does `"a@b"@c`, which some programs show without quotes. Words
 * without an `@` name none: `Doe, Jane <jane@example.org>` has one, unless an `@` comes out of an encoded-word.
 */
function namesOf({ mailbox, host }: EnvelopeAddress, plain: string, whole: Set<string>): string[] | "unusable" {
  if (mailbox === null || host === null) return []; // the begin or the end of a group
  const shown = decodeWords(mailbox);
  if (host === "") return shown.includes("@") ? "unusable" : [];
  const names: string[] = [];
  for (const inner of shown.split("@").slice(1)) {
    const name = canonical(inner);
    if (name !== null) names.push(name);
  }
  const name = canonical(host);
  // RFC 5322 section 4.4 lets comments and spaces stand in a domain; others end the domain there.
  const written = host.toLowerCase();
  if (name === null || !(whole.has(written) || plain.includes(`@${written}`))) return "unusable";
  whole.add(written);
  names.push(name);
  return names;
}

/** A domain as DMARC compares it: A-labels, lower case, no dot at its end. Null where it cannot be one. */
export function canonical(domain: string): string | null {
  const parsed = parseDomain(domain.endsWith(".") ? domain.slice(0, -1) : domain);
  return parsed === null ? null : domainToAscii(parsed);
}

/** The text with quoted strings gone and a space for each comment. */
function withoutQuotes(text: string): string {
  let out = "";
  let depth = 0;
  let quoted = false;
  for (let i = 0; i < text.length; i++) {
    const char = text[i]!;
    if (char === "\\" && (quoted || depth > 0)) i++;
    else if (quoted) quoted = char !== '"';
    else if (char === "(") depth++;
    else if (depth > 0) {
      if (char === ")" && --depth === 0) out += " ";
    } else if (char === '"') quoted = true;
    else out += char;
  }
  return out;
}
