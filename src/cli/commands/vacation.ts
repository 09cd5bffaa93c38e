import { segment } from "../admin.ts";
import { type Command, JSON_OPTION } from "../command.ts";
import { EXIT, Exit } from "../exit.ts";
import { printable } from "../table.ts";

interface Vacation {
  readonly enabled: boolean;
  readonly from: string | null;
  readonly to: string | null;
  readonly subject: string | null;
  readonly text: string;
}

const LARGEST = 65_536;

export const vacationShow: Command = {
  words: ["vacation", "show"],
  operands: "ADDRESS",
  least: 1,
  most: 1,
  summary: "Show the answer that an account gives to whoever writes",
  examples: ["palomar vacation show alice@example.org"],
  options: [JSON_OPTION],
  async run({ operands: [address = ""], options, admin, io }) {
    const found = await (await admin()).request("GET", `/accounts/${segment(address)}/vacation`) as Vacation;
    if (options.has("json")) return io.out(JSON.stringify(found, null, 2) + "\n");
    const { enabled, from, to, subject, text } = found;
    if (!enabled) io.err("Nobody is answered.\n");
    const lines = [["From", from], ["Until", to], ["Subject", subject]] as const;
    for (const [name, value] of lines) if (value !== null) io.out(`${name.padEnd(9)}${printable(value)}\n`);
    io.out(text === "" ? "" : `\n${text.split(/\r?\n/).map(printable).join("\n")}\n`);
  },
};

export const vacationSet: Command = {
  words: ["vacation", "set"],
  operands: "ADDRESS",
  least: 1,
  most: 1,
  summary: "Answer whoever writes to an account; the text comes from stdin",
  about: "Each sender is answered once a week, never a list, a machine or who may be forged. No script is needed;\n" +
    "one that is active runs too.",
  examples: [
    "echo Away until Monday | palomar vacation set alice@example.org",
    'cat away.txt | palomar vacation set alice@example.org --subject "Away" --to 2027-01-31T00:00:00Z',
  ],
  options: [
    { name: "subject", value: "TEXT", help: "the subject (default: Auto: and that of the message)" },
    { name: "from", value: "TIME", help: "not before this time, as 2027-01-24T00:00:00Z" },
    { name: "to", value: "TIME", help: "not at this time or later" },
  ],
  async run({ operands: [address = ""], options, admin, io }) {
    const octets = await io.readAll(LARGEST);
    if (octets === null) throw new Exit(EXIT.refused, `the text has more than ${LARGEST} octets`);
    const [from, to, subject] = ["from", "to", "subject"].map((one) => options.get(one) ?? null);
    const body = { enabled: true, from, to, subject, text: new TextDecoder().decode(octets) };
    await (await admin()).request("PUT", `/accounts/${segment(address)}/vacation`, body);
    io.err(`${printable(address)} answers whoever writes.\n`);
  },
};

export const vacationOff: Command = {
  words: ["vacation", "off"],
  operands: "ADDRESS",
  least: 1,
  most: 1,
  summary: "Answer nobody any more; the text stays",
  examples: ["palomar vacation off alice@example.org"],
  options: [],
  async run({ operands: [address = ""], admin, io }) {
    const path = `/accounts/${segment(address)}/vacation`;
    const before = await (await admin()).request("GET", path) as Vacation;
    await (await admin()).request("PUT", path, { ...before, enabled: false });
    io.err(`${printable(address)} answers nobody.\n`);
  },
};
