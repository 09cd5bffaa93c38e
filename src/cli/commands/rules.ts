import { segment } from "../admin.ts";
import { type Command } from "../command.ts";
import { EXIT, Exit } from "../exit.ts";
import { readScript } from "../sieve_file.ts";
import { printable } from "../table.ts";

interface Rules {
  readonly script: string;
  readonly active: boolean;
  readonly rules: readonly unknown[];
}

const SCRIPT = { name: "script", value: "NAME", help: "the Sieve script that holds them (default: rules)" } as const;

function pathOf(address: string, options: ReadonlyMap<string, string>): string {
  const script = options.get("script");
  return `/accounts/${segment(address)}/rules${script === undefined ? "" : `?script=${encodeURIComponent(script)}`}`;
}

export const rulesShow: Command = {
  words: ["rules", "show"],
  operands: "ADDRESS",
  least: 1,
  most: 1,
  summary: "Print the filter rules of an account as JSON, as rules set takes it",
  about: "What in the script is no rule comes as its text.",
  examples: [
    "palomar rules show alice@example.org",
    "palomar rules show alice@example.org --script roundcube",
  ],
  options: [SCRIPT],
  async run({ operands: [address = ""], options, admin, io }) {
    const { script, active, rules } = await (await admin()).request("GET", pathOf(address, options)) as Rules;
    if (!active) io.err(`The script ${printable(script)} is not active.\n`);
    io.out(JSON.stringify({ rules }, null, 2) + "\n");
  },
};

export const rulesSet: Command = {
  words: ["rules", "set"],
  operands: "ADDRESS [FILE]",
  least: 1,
  most: 2,
  summary: "Replace the filter rules of an account; JSON from a file or stdin",
  about: "They become a Sieve script, which ManageSieve shows, too. For example:\n" +
    '{"rules": [{"name": "News", "conditions": [{"test": "list", "match": "is", "values": ["news.example.org"]}],\n' +
    '  "actions": [{"do": "move", "mailbox": "News", "create": true}]}]}',
  examples: [
    "palomar rules set alice@example.org rules.json --activate",
    "palomar rules set alice@example.org --activate",
  ],
  options: [{ name: "activate", help: "make it the active script" }, SCRIPT],
  async run({ operands: [address = "", file = "-"], options, admin, io }) {
    const rules = rulesIn(await readScript(file, io));
    const body = { rules, ...(options.has("activate") && { active: true }) };
    const { active, script } = await (await admin()).request("PUT", pathOf(address, options), body) as Rules;
    const state = active ? "active" : `not active: palomar sieve activate ${printable(address)} ${printable(script)}`;
    io.err(`${printable(address)} has ${rules.length} ${rules.length === 1 ? "rule" : "rules"}, ${state}.\n`);
  },
};

function rulesIn(text: string): readonly unknown[] {
  try {
    const found = JSON.parse(text) as unknown;
    const rules = Array.isArray(found) ? found : (found as { rules?: unknown } | null)?.rules;
    if (Array.isArray(rules)) return rules;
  } catch {
    // said below
  }
  throw new Exit(EXIT.refused, 'this is no JSON with "rules", a list');
}
