/** Words of `scope` (RFC 6749 section 3.3): which doors they open, and what a person is told of them. */
import { type Scope, SCOPES } from "../contract/mod.ts";

/** A scope as it was granted. */
export interface GrantedScope {
  /** Words that we know, each once. */
  readonly words: readonly string[];
  readonly doors: readonly Scope[];
  /** It goes on without the person: a refresh token. */
  readonly offline: boolean;
}

const MAIL: readonly Scope[] = ["imap", "pop3", "submission", "sieve", "jmap"];
/** Names that the drafts for mail clients have for the same things, besides our own words. */
const URNS: Readonly<Record<string, readonly Scope[]>> = {
  mail: MAIL,
  imap: ["imap"],
  pop: ["pop3"],
  pop3: ["pop3"],
  smtp: ["submission"],
  submission: ["submission"],
  sieve: ["sieve"],
  managesieve: ["sieve"],
  jmap: ["jmap"],
};
const DOORS = new Map<string, readonly Scope[]>([
  ["mail", MAIL],
  ...MAIL.map((door) => [door, [door]] as const),
  ["offline_access", []],
  ...Object.entries(URNS).map(([name, doors]) => [`urn:ietf:params:oauth:scope:${name}`, doors] as const),
  ...["core", "mail", "submission", "vacationresponse"].map((name) =>
    [`urn:ietf:params:jmap:${name}`, ["jmap"] as const] as const
  ),
]);

/** Words that clients may ask for, for the metadata: the short ones, and the one of the draft. */
export const SCOPE_WORDS: readonly string[] = ["mail", ...MAIL, "offline_access", "urn:ietf:params:oauth:scope:mail"];

/** What a client that names nothing asks for. */
const DEFAULT = "mail";

/** Reads `scope`; words that are none of ours are left out, as section 3.3 allows. Null: nothing is left. */
export function readScope(text: string | null): GrantedScope | null {
  const words = [...new Set((text ?? DEFAULT).split(" "))].filter((word) => DOORS.has(word));
  const doors = SCOPES.filter((door) => words.some((word) => DOORS.get(word)?.includes(door)));
  return doors.length === 0 ? null : { words, doors, offline: words.includes("offline_access") };
}

/** Whether `part` asks for nothing that is not in `whole` (RFC 6749 section 6). */
export function isWithin(part: GrantedScope, whole: GrantedScope): boolean {
  return part.doors.every((door) => whole.doors.includes(door)) && (!part.offline || whole.offline);
}

const TOLD: Readonly<Record<Scope, string>> = {
  imap: "Read, move and delete your mail (IMAP)",
  pop3: "Fetch and delete your mail (POP3)",
  submission: "Send mail in your name",
  sieve: "Change your mail filters",
  jmap: "Read, move, delete and send your mail (JMAP)",
  admin: "Administer the server",
};

/** What a scope means, for the person who is asked; a sentence each. */
export function describeScope({ doors, offline }: GrantedScope): readonly string[] {
  const told = MAIL.every((door) => doors.includes(door))
    ? ["Read, move and delete all your mail", TOLD.submission, TOLD.sieve]
    : doors.map((door) => TOLD[door]);
  return offline ? [...told, "Stay connected until you disconnect it"] : told;
}
