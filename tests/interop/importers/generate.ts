/** Recipes of procmail, filters of maildrop, and messages by chance. The same seed gives the same ones. */
import type { Chance } from "../sieve/generate.ts";

const WORDS = ["lunch", "Sale", "report", "dev", "build failed", "[list]", "100%", "a.b", "x*y"];
const PEOPLE = [
  "ann@example.org",
  "bob@example.net",
  "root@host.example",
  "mailer-daemon@example.org",
  "dev-request@lists.example",
];
const LISTS = ["dev@lists.example", "news@lists.example", "me@home.example"];
export const FOLDERS = ["box/", "lists/", "old/deep/", ".Dotted.one/", "work/", "file"];
const ADDRESSES = ["one@elsewhere.example", "two@elsewhere.example"];

/** With its mailbox file's From line, and lines that end in LF. */
export function makeMail(chance: Chance): string {
  const from = chance.one(PEOPLE);
  const bounce = chance.in(6);
  const lines = [
    `From ${bounce ? "MAILER-DAEMON" : from} Mon Jan  1 00:00:00 2024`,
    `From: ${chance.one(["", "Ann B. "])}<${from}>`,
    `To: ${chance.some(LISTS, 1, 2).join(", ")}`,
  ];
  if (bounce) lines.splice(1, 0, "Return-Path: <>");
  if (chance.in(3)) lines.push(`Cc: "List" <${chance.one(LISTS)}>`);
  const words = chance.some(WORDS, 1, 3);
  lines.push(`Subject: ${chance.in(3) ? "Re: " : ""}${words.join(chance.in(3) ? "\n " : " ")}`);
  if (chance.in(3)) lines.push(`List-Id: Devs <${chance.one(["dev", "news"])}.lists.example>`);
  if (chance.in(4)) lines.push(`Precedence: ${chance.one(["bulk", "list", "first-class"])}`);
  if (chance.in(4)) {
    lines.push(`X-Spam-Flag: ${chance.one(["YES", "NO"])}`, `X-Spam-Level: ${"*".repeat(chance.below(8))}`);
  }
  lines.push("Message-ID: <1@example.org>", "Date: Mon, 1 Jan 2024 00:00:00 +0000", "");
  for (let i = 0; i < 1 + chance.below(3); i++) {
    lines.push(`${chance.one(["Hello", "Buy now", "  unsubscribe"])} ${chance.one(WORDS)}`);
  }
  if (chance.in(5)) lines.push(..."x".repeat(40).split("").map((x) => x.repeat(76)));
  return lines.join("\n") + "\n";
}

const escaped = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");

/** Without the signs in which procmail and maildrop differ. */
function headerPattern(chance: Chance): string {
  const word = escaped(chance.one(WORDS));
  switch (chance.below(12)) {
    case 0:
      return `^Subject: ${word}`;
    case 1:
      return `^Subject:.*${word}$`;
    case 2:
      return `^(From|Sender):.*${escaped(chance.one(PEOPLE))}`;
    case 3:
      return `^List-Id:.*<(dev|news)\\.lists`;
    case 4:
      return "^X-Spam-Flag: YES";
    case 5:
      return "^X-Spam-Level: \\*\\*\\*\\*";
    case 6:
      return `^(To|Cc):.*${escaped(chance.one(LISTS))}`;
    case 7:
      return "^Subject: (Re: )?[a-z]+";
    case 8:
      return `^Subject:.*${word}|^List-Id:.*news`;
    case 9:
      return chance.one([
        "^Precedence:",
        "^X-Spam-Flag:.*",
        "^Subject:.*(sale|lunch).*(dev|report)",
        "^Subject:.*[0-9]+%",
      ]);
    default:
      return `^Subject:.*${word}`;
  }
}

const bodyPattern = (chance: Chance): string =>
  chance.one([
    "buy now",
    "^hello",
    "unsubscribe.*sale",
    "now (sale|lunch)$",
    "^ +unsubscribe",
    escaped(chance.one(WORDS)),
  ]);

/** A `.procmailrc`. */
export function makeProcmailrc(chance: Chance): string {
  return Array.from({ length: 1 + chance.below(4) }, () => recipe(chance, 0)).join("\n");
}

function recipe(chance: Chance, depth: number): string {
  const conditions = Array.from({ length: chance.below(3) + (depth === 0 ? 1 : 0) }, () => {
    const not = chance.in(4) ? "! " : "";
    switch (chance.below(10)) {
      case 0:
        return `* ${not}${chance.one(["<", ">"])} 1500`;
      case 1:
        return `* ${not}B ?? ${bodyPattern(chance)}`;
      case 2:
        return `* ${not}^TO_?${escaped(chance.one(LISTS))}`.replace("TO_?", chance.one(["TO", "TO_"]));
      case 3:
        return `* ${not}${chance.one(["^FROM_DAEMON", "^FROM_MAILER"])}`;
      case 4:
        return `* ${not}^From ${chance.one(["", ".*"])}${escaped(chance.one(PEOPLE))}`;
      case 5:
        return `* ${not}^Subject:.*\\<${chance.one(["lunch", "dev", "lis", "fail"])}\\>`;
      default:
        return `* ${not}${headerPattern(chance)}`;
    }
  });
  const flags = [chance.in(6) ? "D" : "", chance.in(6) ? chance.one(["B", "HB"]) : ""].join("");
  const head = (more: string) => `:0 ${flags}${more}\n${conditions.join("\n")}${conditions.length > 0 ? "\n" : ""}`;
  switch (chance.below(8)) {
    case 0:
      return `${head("c")}${place(chance)}\n`;
    case 1:
      return `${head("c")}! ${chance.some(ADDRESSES, 1, 2).join(" ")}\n`;
    case 2:
      return `${head("")}! ${chance.one(ADDRESSES)}\n`;
    case 3:
      return depth > 1
        ? `${head("")}${place(chance)}\n`
        : `${head("")}{\n${recipe(chance, depth + 1)}\n${recipe(chance, depth + 1)}}\n`;
    case 4:
      return `${head("c")}${place(chance)}\n\n:0 A\n* ${headerPattern(chance)}\n${place(chance)}\n`;
    case 5:
      return depth > 1
        ? `${head("")}${place(chance)}\n`
        : `${head("")}{\n${recipe(chance, depth + 1)}}\n\n:0 E\n${chance.in(2) ? `* ${headerPattern(chance)}\n` : ""}${
          place(chance)
        }\n`;
    case 6:
      return `${head("")}${chance.one(["/dev/null", "$DEFAULT"])}\n`;
    default:
      return `${head("")}${place(chance)}\n`;
  }
}

const place = (chance: Chance): string => chance.one(FOLDERS);

/** A filter of maildrop. */
export function makeMailfilter(chance: Chance): string {
  return Array.from({ length: 1 + chance.below(4) }, () => statement(chance, 0)).join("");
}

function statement(chance: Chance, depth: number): string {
  const pad = "  ".repeat(depth);
  if (depth > 0 && chance.in(2)) return `${pad}${delivery(chance)}\n`;
  const then = `${pad}{\n${chance.in(4) ? `${pad}  ${delivery(chance, "cc")}\n` : ""}${
    depth > 1 || !chance.in(4) ? `${pad}  ${delivery(chance)}\n` : statement(chance, depth + 1)
  }${pad}}\n`;
  const more = chance.in(4)
    ? `${pad}elsif (${condition(chance)})\n${pad}{\n${pad}  ${delivery(chance)}\n${pad}}\n`
    : "";
  const other = chance.in(4)
    ? `${pad}else\n${pad}{\n${pad}  ${delivery(chance, chance.one(["cc", "to"]))}\n${pad}}\n`
    : "";
  return `${pad}if (${condition(chance)})\n${then}${more}${other}`;
}

function condition(chance: Chance): string {
  const one = (): string => {
    const not = chance.in(4) ? "! " : "";
    switch (chance.below(7)) {
      case 0:
        return `$SIZE ${chance.one(["<", ">"])} 1500`;
      case 1:
        return `${not}/${bodyPattern(chance)}/:b`;
      case 2:
        return `${not}hasaddr("${chance.one(LISTS)}")`;
      case 3:
        return `${not}/${headerPattern(chance)}/${chance.one(["", ":D", ":h"])}`;
      default:
        return `${not}/${headerPattern(chance)}/`;
    }
  };
  return chance.in(3) ? `${one()} ${chance.one(["&&", "||"])} ${one()}` : one();
}

function delivery(chance: Chance, word = "to"): string {
  const where = chance.one(["box", "lists", "work", ".Dotted.one"]);
  if (chance.in(4)) return `${word} "!${chance.one(ADDRESSES)}"`;
  if (chance.in(8) && word === "to") return "exit";
  return `${word} "$HOME/Maildir/${where}"`;
}
