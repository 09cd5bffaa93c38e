/** Scripts and messages by chance that go through parts, answer, include others and look at dates. */
import { Chance } from "./generate.ts";

/** Scripts that may be included. Those of Pigeonhole lie in a folder, ours in a map. */
export const INNER: Readonly<Record<string, string>> = {
  files: 'require ["fileinto", "include"];\r\nfileinto "inner";\r\nreturn;\r\nfileinto "no";\r\n',
  sets: 'require ["include", "variables"];\r\nglobal "g";\r\nset "g" "${g}!";\r\nset "v" "lost";\r\n',
  stops: "stop;\r\n",
  nests: 'require ["include"];\r\ninclude "sets";\r\ninclude :once "files";\r\n',
};

const REQUIRED = [
  ...["fileinto", "variables", "foreverypart", "mime", "extracttext", "vacation", "include", "date", "editheader"],
  ...["relational", "comparator-i;ascii-numeric", "index", "envelope", "imap4flags"],
];

/** The text of a script. */
export function makePartsScript(chance: Chance): string {
  const lines = [`require [${REQUIRED.map((name) => `"${name}"`).join(", ")}];`, 'global "g";'];
  if (chance.in(3)) lines.push(vacation(chance));
  for (let i = 1 + chance.below(4); i > 0; i--) lines.push(...statement(chance, 2, false));
  lines.push('fileinto "end ${v} ${g}";');
  let mailboxes = 0;
  return lines.join("\r\n").replace(/#/g, () => `${++mailboxes}`) + "\r\n";
}

function statement(chance: Chance, depth: number, inLoop: boolean): string[] {
  if (depth > 0 && !inLoop && chance.in(3)) { // in a loop in a loop Pigeonhole 0.5.19 calls its own binary corrupt
    const name = chance.in(2) ? ':name "outer" ' : "";
    return [`foreverypart ${name}{`, ...block(chance, depth, true, name !== ""), "}"];
  }
  if (depth > 0 && chance.in(2)) return [`if ${test(chance, inLoop)} {`, ...block(chance, depth, inLoop, false), "}"];
  return [action(chance, inLoop)];
}

function block(chance: Chance, depth: number, inLoop: boolean, isNamed: boolean): string[] {
  const lines = Array.from({ length: 1 + chance.below(2) }, () => statement(chance, depth - 1, inLoop)).flat();
  if (inLoop && chance.in(4)) lines.push(`if ${test(chance, inLoop)} { break${isNamed ? ' :name "outer"' : ""}; }`);
  return lines;
}

function action(chance: Chance, inLoop: boolean): string {
  switch (chance.below(8)) {
    case 0:
      return 'fileinto "box # ${v}";';
    case 1:
      return 'set "v" "${v}.";';
    case 2:
      return `set "v" "${chance.one(["a", "B", "${g}"])}";`;
    case 3:
      // Of what is no text Pigeonhole takes the octets (RFC 5703 section 7).
      return inLoop
        ? `if header :mime :type "Content-Type" "text" { extracttext ${chance.one(["", ":upper "])}:first ${
          1 + chance.below(9)
        } "v"; }`
        : 'set "v" "";';
    case 4:
      return `include ${chance.one(["", ":once ", ":personal "])}"${chance.one(["files", "sets", "sets", "nests"])}";`;
    case 5:
      return chance.in(4) ? 'include "stops";' : 'include :optional "nobody";';
    case 6:
      // Another field than those that :mime looks at: there Pigeonhole sees the header as it came (RFC 5293 section 6).
      return `addheader "X-B" "${chance.one(["one", "two"])}";`;
    default:
      return `if ${test(chance, inLoop)} { fileinto "yes #"; }`;
  }
}

function vacation(chance: Chance): string {
  const tags = [
    ...chance.in(3) ? [`:days ${1 + chance.below(20)}`] : [],
    ...chance.in(2) ? [`:subject "${chance.one(["Away", "Grüße", "${v} gone"])}"`] : [],
    ...chance.in(3) ? [':from "Bob <bob@example.net>"'] : [],
    ...chance.in(2) ? [':addresses ["team@example.net", "Other <o@example.net>"]'] : [],
    ...chance.in(3) ? [':handle "h"'] : [],
  ];
  return `vacation ${tags.join(" ")} "${chance.one(["I am away.", "Bin weg: ${v}"])}";`;
}

const FIELDS = ["Content-Type", "Content-Disposition", "Subject", "X-A"];

function test(chance: Chance, inLoop: boolean): string {
  // In a loop Pigeonhole takes parts that come behind for children (RFC 5703 section 4).
  const any = chance.in(2) && !inLoop ? ":anychild " : "";
  const kind = chance.one([":is", ":contains", ":matches"]);
  switch (chance.below(8)) {
    case 0:
      return `header :mime ${any}:type ${kind} "Content-Type" "${chance.one(["text", "TEXT", "image", "m*", "x"])}"`;
    case 1:
      return `header :mime ${any}:subtype ${kind} "Content-Type" "${chance.one(["plain", "html", "*ed", "png"])}"`;
    case 2:
      return `header :mime ${any}:contenttype ${kind} "Content-Type" "${
        chance.one(["text/plain", "text/*", "image/png"])
      }"`;
    case 3:
      // A parameter that is not there is the empty text in Pigeonhole, and no value by RFC 5703 section 4.1.
      return `header :mime ${any}:param "${chance.one(["charset", "name", "filename"])}" ${kind} "${
        chance.one(["Content-Type", "Content-Disposition"])
      }" "${chance.one(["utf-8", "a.txt", "*.png"])}"`;
    case 4:
      return `exists :mime ${any}"${chance.one(FIELDS)}"`;
    case 5:
      return `header :mime ${any}${kind} "${chance.one(FIELDS)}" "${chance.one(["*", "attachment", "inner", "one"])}"`;
    case 6: {
      const zone = chance.one(["", ":originalzone ", ':zone "+0530" ', ':zone "-0930" ']);
      const part = chance.one([
        "year",
        "day",
        "hour",
        "minute",
        "weekday",
        "date",
        "zone",
        "julian",
        "time",
        "std11",
        "iso8601",
      ]);
      return `date ${zone}:matches "date" "${part}" "${chance.one(["*0*", "*1*", "2*", "Tue*", "*+0*"])}"`;
    }
    default:
      return `header ${kind} "X-B" "${chance.one(["one", "two", "*"])}"`;
  }
}

const DATES = [
  "Tue, 24 Nov 2026 09:30:00 +0100",
  "1 Jan 2000 00:00:59 -1130",
  "Sun, 29 Feb 2004 23:59:00 GMT",
  "Mon, 31 Dec 2029 18:31:02 -0530",
  "Wed, 1 Jul 2026 12:00 +0000",
  "Fri, 03 Apr 2026 04:05:06 +0545",
];

const leaf = (chance: Chance): string[] =>
  chance.one([
    [
      "Content-Type: text/plain; charset=utf-8",
      'Content-Disposition: attachment; filename="a.txt"',
      "",
      "plain words here",
    ],
    ["Content-Type: text/plain", "", "other words here"],
    [
      "Content-Type: TEXT/HTML; charset=UTF-8",
      "Content-Transfer-Encoding: quoted-printable",
      "",
      "a=3Db and more words",
    ],
    ["Content-Type: image/png; name=b.png", "Content-Transfer-Encoding: base64", "", "iVBORw0KGgo="],
    ["Content-Type: text/x-note", "X-A: two", "", "note of somebody"],
  ]);

function parted(chance: Chance, depth: number): string[] {
  // No messages in messages: Pigeonhole does not go into them (RFC 5703 section 3).
  if (depth === 0 || chance.in(2)) return leaf(chance);
  const cut = `cut${depth}`;
  const parts = Array.from({ length: 1 + chance.below(3) }, () => ["--" + cut, ...parted(chance, depth - 1)]).flat();
  return [
    `Content-Type: multipart/${chance.one(["mixed", "alternative"])}; boundary=${cut}`,
    "",
    ...parts,
    `--${cut}--`,
  ];
}

/** The text of a message, with CRLF. */
export function makePartsMessage(chance: Chance): string {
  return [
    "From: Alice <alice@example.org>",
    "To: bob+work@example.net", // sieve-test says that it answers before it looks whether it may
    ...chance.in(2) ? ["Subject: Lunch"] : [],
    `Date: ${chance.one(DATES)}`,
    "MIME-Version: 1.0",
    ...parted(chance, 2),
    "",
  ].join("\r\n");
}
