import { basename } from "node:path";
import { isFilterName } from "../../contract/mod.ts";
import { segment } from "../admin.ts";
import { type Command, JSON_OPTION, type Option } from "../command.ts";
import { EXIT, usage } from "../exit.ts";
import { readScript } from "../sieve_file.ts";
import { printable, shortTime } from "../table.ts";

interface Report {
  readonly looked: number;
  readonly more: boolean;
  readonly messages: readonly {
    readonly mailbox: string;
    readonly uid: number;
    readonly from: string;
    readonly subject: string;
    readonly at: string;
    readonly actions: readonly string[];
    readonly before?: readonly string[];
    readonly done?: readonly string[];
    readonly failures: readonly string[];
  }[];
}

const WHICH: readonly Option[] = [
  { name: "script", value: "NAME", help: "a script of the account (default: the active one)" },
  { name: "file", value: "FILE", help: "in its place, a script that is a file; - is stdin" },
  { name: "mailbox", value: "NAME", help: "only this mailbox (default: all but Sent, Drafts and Trash)" },
];

export const sieveRun: Command = {
  words: ["sieve", "run"],
  operands: "ADDRESS",
  least: 1,
  most: 1,
  summary: "Run a Sieve script over mail that an account has",
  about: "Messages are filed and marked; discarded ones go into Trash. Nothing is sent, refused or changed in itself.",
  examples: [
    "palomar sieve run alice@example.org --mailbox INBOX --dry-run",
    "palomar sieve run alice@example.org --script tidy --days 90",
  ],
  options: [
    ...WHICH,
    { name: "days", value: "DAYS", help: "only what came in the last days (default: all)" },
    { name: "dry-run", help: "only say what would be done" },
    JSON_OPTION,
  ],
  async run({ operands: [address = ""], options, admin, io }) {
    const apply = !options.has("dry-run");
    const body = { ...await question(options, io), apply };
    const report = await (await admin()).request("POST", `/accounts/${segment(address)}/sieve-run`, body) as Report;
    if (options.has("json")) return io.out(JSON.stringify(report, null, 2) + "\n");
    for (const message of report.messages) {
      const lines = apply ? [...message.done ?? [], ...message.failures] : [...message.actions, ...message.failures];
      if (lines.length > 0) io.out(`${heading(message)}\n${lines.map((line) => `  ${printable(line)}\n`).join("")}`);
    }
    io.err(`${looked(report)}\n`);
    return report.messages.some(({ failures }) => failures.length > 0) ? EXIT.refused : EXIT.ok;
  },
};

export const sieveDiff: Command = {
  words: ["sieve", "diff"],
  operands: "ADDRESS",
  least: 1,
  most: 1,
  summary: "List which of the last messages would go elsewhere by another Sieve script",
  about: "The script is compared with the active one, over the messages of the last 30 days. Nothing is changed.",
  examples: [
    "palomar sieve diff alice@example.org --file new.sieve",
    "palomar sieve diff alice@example.org --script draft --days 7",
  ],
  options: [...WHICH, { name: "days", value: "DAYS", help: "how far back (default: 30)" }, JSON_OPTION],
  async run({ operands: [address = ""], options, admin, io }) {
    const body = await question(options, io);
    const report = await (await admin()).request("POST", `/accounts/${segment(address)}/sieve-diff`, body) as Report;
    if (options.has("json")) return io.out(JSON.stringify(report, null, 2) + "\n");
    for (const message of report.messages) {
      const lines = [
        ...(message.before ?? []).map((line) => `- ${line}`),
        ...[...message.actions, ...message.failures].map((line) => `+ ${line}`),
      ];
      io.out(`${heading(message)}\n${lines.map((line) => `  ${printable(line)}\n`).join("")}`);
    }
    io.err(`${looked(report)}\n`);
  },
};

async function question(options: ReadonlyMap<string, string>, io: Parameters<typeof readScript>[1]) {
  const [file, name, mailbox, days] = ["file", "script", "mailbox", "days"].map((one) => options.get(one));
  if (file !== undefined && name !== undefined) throw usage("--script and --file cannot stand together");
  const typed = file !== undefined && isFilterName(file) ? { name: basename(file) } : {};
  const count = days === undefined ? undefined : Number(days);
  if (count !== undefined && !(count > 0)) throw usage("--days takes a number of days");
  return {
    ...(file !== undefined && { ...typed, content: await readScript(file, io) }),
    ...(name !== undefined && { name }),
    ...(mailbox !== undefined && { mailbox }),
    ...(count !== undefined && { days: count }),
  };
}

function heading({ mailbox, uid, from, subject, at }: Report["messages"][number]): string {
  return printable(`${mailbox} ${uid}  ${shortTime(at)}  ${from}  ${subject}`);
}

function looked({ looked, more, messages }: Report): string {
  const rest = more ? "; there are more than are looked at in one go" : "";
  return `${messages.length} of ${looked} message(s)${rest}.`;
}
