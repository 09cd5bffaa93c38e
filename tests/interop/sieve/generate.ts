/** Scripts and messages by chance, over what Pigeonhole and Palomar both know. The same seed gives the same ones. */

/** Numbers from a seed (mulberry32). */
export class Chance {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  below(limit: number): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) % limit;
  }

  one<T>(from: readonly T[]): T {
    return from[this.below(from.length)]!;
  }

  /** Distinct ones. */
  some<T>(from: readonly T[], least: number, most: number): T[] {
    return [...new Set(Array.from({ length: least + this.below(most - least + 1) }, () => this.one(from)))];
  }

  in(times: number): boolean {
    return this.below(times) === 0;
  }
}

export const REQUIRED = [
  "fileinto",
  "imap4flags",
  "copy",
  "variables",
  "mailbox",
  "envelope",
  "reject",
  "vacation",
  "editheader",
  "relational",
  "comparator-i;ascii-numeric",
  "subaddress",
  "date",
  "index",
  "body",
  "regex",
  "encoded-character",
];

const quote = (text: string): string => `"${text.replace(/[\\"]/g, "\\$&")}"`;
const list = (texts: readonly string[]): string =>
  texts.length === 1 ? quote(texts[0]!) : `[${texts.map(quote).join(", ")}]`;

const FIELDS = [
  "Subject",
  "X-Number",
  "X-Twice",
  "From",
  "To",
  "X-None",
  "X-Empty",
  "Received",
  "Content-Type",
  "X-Utf8",
];
const ADDRESS_FIELDS = ["From", "To", "Cc", "Sender", "Reply-To"];
const KEYS = [
  "lunch",
  "Lunch",
  "Re: *",
  "*",
  "?",
  "",
  "l?nch",
  "[list]",
  "\\*",
  "a*b*c",
  "5",
  "10",
  "007",
  "abc",
  "example.org",
  "alice",
  "Bob",
  "bob+work@example.net",
  "work",
  "*@example.*",
  "${v1}",
  "${1}",
  "Grüße",
  "gr*",
];
const PATTERNS = [
  "l.nch",
  "^Re: (.*)$",
  "[0-9]+",
  "(a|b)*c",
  "^$",
  "([^@]+)@(.*)",
  "x{2,3}",
  ".*",
  "LUNCH",
  "\\[list\\]",
];
const VALUES = [
  "Lunch",
  "${1}",
  "${v1}x",
  "${v2}",
  "a*b?c\\",
  "héLLo",
  "",
  "${0}-${2}",
  "MiXed",
  "${nosuch}",
  "${unicode:e9}",
];
const MAILBOXES = ["Work", "Work.Sub", "Lists/${v1}", "In ${1}", "Ünïcode"];
const FLAGS = ["\\Seen", "\\Flagged", "$Work", "foo", "foo bar", "\\seen", "${v1}"];

/** The text of a script. */
export function makeScript(chance: Chance): string {
  const lines = [`require [${REQUIRED.map(quote).join(", ")}];`];
  for (let i = chance.below(3); i > 0; i--) lines.push(assignment(chance));
  for (let i = 1 + chance.below(4); i > 0; i--) lines.push(...statement(chance, 2));
  // What comes of two ways into one mailbox is left open by RFC 5228 section 2.10.3: each mailbox stands once.
  let mailboxes = 0;
  let keeps = 0;
  return lines.filter((line) => !line.startsWith("keep") || ++keeps === 1).join("\r\n")
    .replace(/#/g, () => `${++mailboxes}`) + "\r\n";
}

function statement(chance: Chance, depth: number): string[] {
  if (depth === 0 || chance.in(4)) return [action(chance)];
  const lines = [`if ${test(chance, 2)} {`, ...block(chance, depth), "}"];
  if (chance.in(3)) lines.push(`elsif ${test(chance, 2)} {`, ...block(chance, depth), "}");
  if (chance.in(3)) lines.push("else {", ...block(chance, depth), "}");
  return lines;
}

function block(chance: Chance, depth: number): string[] {
  return Array.from({ length: chance.below(3) }, () => statement(chance, depth - 1)).flat();
}

function action(chance: Chance): string {
  const flags = () => chance.in(3) ? `:flags ${list(chance.some(FLAGS, 1, 3))} ` : "";
  switch (chance.below(13)) {
    case 0:
    case 1:
    case 2:
      return `fileinto ${chance.in(3) ? ":copy " : ""}${flags()}${chance.in(4) ? ":create " : ""}${
        quote(`${chance.one(MAILBOXES)}.#`)
      };`;
    case 3:
      return `keep ${flags()};`;
    case 4:
      return "discard;";
    case 5:
      return chance.in(2) ? 'redirect :copy "x@example.com";' : 'redirect "y@example.com";';
    case 6:
      return chance.in(3) ? "stop;" : assignment(chance);
    case 7:
      return `addflag ${list(chance.some(FLAGS, 1, 2))};`;
    case 8:
      return `${chance.one(["setflag", "removeflag"])} ${list(chance.some(FLAGS, 1, 2))};`;
    case 9:
      return `addheader ${chance.in(2) ? ":last " : ""}"X-Twice" ${quote(chance.one(["three", "${v1}", "5"]))};`;
    case 10:
      return deletion(chance);
    default:
      return assignment(chance);
  }
}

function deletion(chance: Chance): string {
  const which = chance.in(2) ? `:index ${1 + chance.below(2)} ${chance.in(2) ? ":last " : ""}` : "";
  const value = chance.in(2) ? ` ${list(chance.some(["two", "one", "*o*"], 1, 2))}` : "";
  return `deleteheader ${which}${chance.one(["", ":contains "])}"X-Twice"${value};`;
}

const MODIFIERS = [":lower", ":upper"];
const FIRST = [":lowerfirst", ":upperfirst"];

function assignment(chance: Chance): string {
  const modifiers = [
    ...chance.in(3) ? [chance.one(MODIFIERS)] : [],
    ...chance.in(4) ? [chance.one(FIRST)] : [],
    ...chance.in(5) ? [":quotewildcard"] : [],
    ...chance.in(6) ? [":length"] : [],
  ];
  // What may be a flag has no wildcards in it: each leaves out other flags that are none (RFC 5232 section 2).
  const [name, values] = chance.in(2) ? ["v2", VALUES] : ["v1", VALUES.filter((value) => /^[ -)+-z]*$/.test(value))];
  if (name === "v1") {
    modifiers.splice(modifiers.indexOf(":quotewildcard"), modifiers.includes(":quotewildcard") ? 1 : 0);
  }
  return `set ${[...modifiers, quote(name), quote(chance.one(values))].join(" ")};`;
}

/** Tag of the match and its keys; a regular expression has keys of its own. */
function match(chance: Chance): { tags: string; keys: string } {
  const comparator = chance.in(4) ? `:comparator "${chance.one(["i;octet", "i;ascii-casemap"])}" ` : "";
  switch (chance.below(7)) {
    case 0:
    case 1:
      return { tags: `${comparator}:is`, keys: list(chance.some(KEYS, 1, 3)) };
    case 2:
      return { tags: `${comparator}:contains`, keys: list(chance.some(KEYS, 1, 3)) };
    case 3:
    case 4:
      return { tags: `${comparator}:matches`, keys: list(chance.some(KEYS, 1, 3)) };
    case 5:
      return { tags: `${comparator}:regex`, keys: list(chance.some(PATTERNS, 1, 2)) };
    default: {
      const relation = chance.one(["gt", "ge", "lt", "le", "eq", "ne"]);
      const kind = chance.one(["value", "count"]);
      return {
        tags: `:${kind} "${relation}" :comparator "i;ascii-numeric"`,
        keys: list(chance.some(["0", "1", "2", "5", "10", "007", "x"], 1, 2)),
      };
    }
  }
}

function test(chance: Chance, depth: number): string {
  if (depth > 0 && chance.in(4)) {
    const several = Array.from({ length: 1 + chance.below(3) }, () => test(chance, depth - 1)).join(", ");
    return chance.in(3) ? `not ${test(chance, depth - 1)}` : `${chance.one(["allof", "anyof"])} (${several})`;
  }
  const { tags, keys } = match(chance);
  switch (chance.below(12)) {
    case 0:
    case 1:
    case 2: {
      // What :last counts over several names is told apart in Pigeonhole (RFC 5260 section 6).
      // And it counts no field where :index chooses one, which leaves one to be counted.
      const isPlaced = chance.in(4) && !tags.includes(":count");
      const place = isPlaced ? `:index ${1 + chance.below(2)} ${chance.in(2) ? ":last " : ""}` : "";
      return `header ${place}${tags} ${list(chance.some(FIELDS, 1, isPlaced ? 1 : 2))} ${keys}`;
    }
    case 3:
    case 4: {
      const part = chance.one(["", ":all ", ":localpart ", ":domain ", ":user ", ":detail "]);
      return `address ${part}${tags} ${list(chance.some(ADDRESS_FIELDS, 1, 2))} ${keys}`;
    }
    case 5: {
      const part = chance.one(["", ":localpart ", ":domain ", ":user ", ":detail "]);
      return `envelope ${part}${tags} ${quote(chance.one(["from", "to"]))} ${keys}`;
    }
    case 6:
      return `exists ${list(chance.some(FIELDS, 1, 3))}`;
    case 7:
      return `size ${chance.one([":over", ":under"])} ${chance.one(["10", "100", "1K", "1M"])}`;
    case 8:
      // Without a comparator RFC 5228 section 2.7.3 says "i;ascii-casemap", and Pigeonhole takes "i;octet" here.
      return `string ${tags.includes(":comparator") ? tags : `:comparator "i;octet" ${tags}`} ${
        list(chance.some(VALUES, 1, 2))
      } ${keys}`;
    case 9:
      return `hasflag ${tags} ${keys}`;
    case 10: {
      const how = chance.one([":raw", ":text", ':content "text"', ':content "text/html"', ""]);
      return `body ${how} ${chance.one([":contains", ":is", ":matches"])} ${list(chance.some(KEYS, 1, 2))}`;
    }
    default: {
      const part = chance.one(["year", "month", "day", "hour", "minute", "weekday", "date", "zone", "julian", "time"]);
      const zone = chance.one(["", ":originalzone ", ':zone "+0530" ', ':zone "-0800" ']);
      return `date ${zone}${tags} "Date" ${quote(part)} ${keys.replace(/lunch/gi, "2026")}`;
    }
  }
}

const SUBJECTS = [
  "Lunch",
  "Re: Lunch at noon",
  "=?utf-8?q?Gr=C3=BC=C3=9Fe?= aus Wien",
  "[list] abc",
  "a 1 b 22 c",
  "Re: \r\n folded and long",
  "",
  "  padded  ",
];
const PEOPLE = [
  "alice@example.org",
  "Alice <alice@example.org>",
  '"Bob, Jr." <bob+work@example.net>',
  "Friends: a@example.com, b@example.org;",
  "x@example.com (a comment), Y <y+z@Example.ORG>",
  "=?utf-8?q?J=C3=BCrgen?= <j@example.org>",
];
const DATES = ["Tue, 24 Nov 2026 09:30:00 +0100", "Thu, 1 Jan 2026 00:05:59 -0800", "Sun, 29 Feb 2004 23:59:00 GMT"];

/** The text of a message, with CRLF. */
export function makeMessage(chance: Chance): string {
  const fields = [
    `From: ${chance.one(PEOPLE)}`,
    `To: ${chance.one(PEOPLE)}`,
    `Subject: ${chance.one(SUBJECTS)}`,
    `Date: ${chance.one(DATES)}`,
    "X-Twice: one",
    `X-Twice: ${chance.one(["two", "Two words"])}`,
    ...chance.in(2) ? [`Cc: ${chance.one(PEOPLE)}`] : [],
    ...chance.in(2) ? [`X-Number: ${chance.one(["5", "10", "007", "x", "12abc"])}`] : [],
    ...chance.in(3) ? ["X-Empty:"] : [],
    "MIME-Version: 1.0",
  ];
  const text = chance.one(["At noon?", "lunch abc", "Grüße", "", "line one\r\nline two\r\n\r\nRe: 5"]);
  if (chance.in(3)) {
    return [
      ...fields,
      'Content-Type: multipart/alternative; boundary="cut"',
      "",
      "--cut",
      "Content-Type: text/plain; charset=utf-8",
      "",
      text,
      "--cut",
      "Content-Type: text/html; charset=utf-8",
      "Content-Transfer-Encoding: quoted-printable",
      "",
      "<p>a=2Ab lunch</p>",
      "--cut--",
      "",
    ].join("\r\n");
  }
  return [...fields, "Content-Type: text/plain; charset=utf-8", "", text, ""].join("\r\n");
}
