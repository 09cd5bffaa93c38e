import { EXIT, Exit } from "../exit.ts";
import { type Command, JSON_OPTION, type Option } from "../command.ts";
import { readScript } from "../sieve_file.ts";
import { printable } from "../table.ts";

const ENVELOPE: readonly Option[] = [
  { name: "from", value: "ADDRESS", help: "who sends (default: Return-Path, or From)" },
  { name: "to", value: "ADDRESS", help: "whose script it is (default: Delivered-To)" },
];

export const sieveTest: Command = {
  words: ["sieve", "test"],
  operands: "FILE MESSAGE…",
  least: 2,
  most: 10_000,
  summary: "Say what a Sieve script would do with messages, and which line decides",
  about:
    "Each MESSAGE is a file, a folder of files or a Maildir. Nothing is stored or sent, and no server is asked:\n" +
    "every mailbox counts as there, and nothing as seen before.",
  examples: [
    "palomar sieve test filter.sieve message.eml",
    "palomar sieve test filter.sieve Maildir --to alice@example.org --json",
  ],
  options: [...ENVELOPE, JSON_OPTION],
  async run({ operands: [file = "", ...named], options, io }) {
    const { sieveSentence } = await import("../../sieve/mod.ts");
    const all: unknown[] = [];
    let failed = false;
    await each(file, named, options, io, (message, { actions, failures }) => {
      failed ||= failures.length > 0;
      const sentences = actions.map(sieveSentence);
      const troubles = failures.map(({ line, message: why }) => `failed at line ${line}: ${why}`);
      if (options.has("json")) return void all.push({ message, actions: sentences, failures: troubles });
      for (const text of [...sentences, ...troubles]) io.out(`${printable(`${message}: ${text}`)}\n`);
    });
    if (options.has("json")) io.out(JSON.stringify(all, null, 2) + "\n");
    return failed ? EXIT.refused : EXIT.ok;
  },
};

export const sieveTrace: Command = {
  words: ["sieve", "trace"],
  operands: "FILE MESSAGE",
  least: 2,
  most: 2,
  summary: "Show each test and action of a Sieve script over one message",
  about: "What sieve test says, step by step; palomar why tells the same of a message that was delivered.",
  examples: ["palomar sieve trace filter.sieve message.eml --from bob@example.net"],
  options: [...ENVELOPE, JSON_OPTION],
  async run({ operands: [file = "", message = ""], options, io }) {
    const { formatSieveLogLine, sieveSentence } = await import("../../sieve/mod.ts");
    let failed = false;
    await each(file, [message], options, io, (_, { actions, failures, log, steps }) => {
      failed ||= failures.length > 0;
      if (options.has("json")) return io.out(JSON.stringify({ actions, failures, log, steps }, null, 2) + "\n");
      for (const line of log) io.out(`${printable(formatSieveLogLine(line))}\n`);
      for (const action of actions) io.out(`= ${printable(sieveSentence(action))}\n`);
    });
    return failed ? EXIT.refused : EXIT.ok;
  },
};

type Result = Awaited<ReturnType<typeof import("../sieve_try.ts").trySieve>>;

async function each(
  file: string,
  named: readonly string[],
  options: ReadonlyMap<string, string>,
  io: Parameters<typeof readScript>[1],
  tell: (message: string, result: Result) => void,
): Promise<void> {
  const { formatSieveError, parseSieve } = await import("../../sieve/mod.ts");
  const { messageFiles, trySieve } = await import("../sieve_try.ts");
  const parsed = parseSieve(await readScript(file, io));
  if ("errors" in parsed) {
    const lines = parsed.errors.map((error) => `${printable(file)}:${printable(formatSieveError(error))}`);
    throw new Exit(EXIT.refused, lines.join("\n"));
  }
  const envelope = { from: options.get("from"), to: options.get("to") };
  for (const message of await messageFiles(named, io.cwd)) {
    tell(message, await trySieve(parsed.script, file, message, envelope));
  }
}
