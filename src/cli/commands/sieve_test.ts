import { isFilterName } from "../../contract/mod.ts";
import { EXIT, Exit } from "../exit.ts";
import { type Command, JSON_OPTION, type Option } from "../command.ts";
import { encodeBase64 } from "../../base/base64.ts";
import { type Admin, segment } from "../admin.ts";
import { readScript } from "../sieve_file.ts";
import { printable } from "../table.ts";

const ENVELOPE: readonly Option[] = [
  { name: "from", value: "ADDRESS", help: "who sends (default: Return-Path, or From)" },
  { name: "to", value: "ADDRESS", help: "whose script it is (default: Delivered-To, or the account)" },
  { name: "account", value: "ADDRESS", help: "with the mailboxes, annotations and lists of this account" },
];

export const sieveTest: Command = {
  words: ["sieve", "test"],
  operands: "FILE MESSAGE…",
  least: 2,
  most: 10_000,
  summary: "Say what a Sieve script would do with messages, and which line decides",
  about:
    "Each MESSAGE is a file, a folder of files or a Maildir. Nothing is stored or sent, and no server is asked:\n" +
    "every mailbox counts as there, and nothing as seen before. With --account the server answers for the account.\n" +
    "A FILE in .ts or .js is a filter in TypeScript.",
  examples: [
    "palomar sieve test filter.sieve message.eml",
    "palomar sieve test filter.ts Maildir",
    "palomar sieve test filter.sieve Maildir --to alice@example.org --json",
    "palomar sieve test filter.sieve message.eml --account alice@example.org",
  ],
  options: [...ENVELOPE, JSON_OPTION],
  async run({ operands: [file = "", ...named], options, io, admin }) {
    if (options.has("account")) return await testForAccount(file, named, options, io, await admin(), false);
    const { sieveSentence } = await import("../../sieve/mod.ts");
    const all: unknown[] = [];
    let failed = false;
    await each(file, named, options, io, (message, { actions, failures }) => {
      failed ||= failures.length > 0;
      const sentences = actions.map(sieveSentence);
      const troubles = failures.map(({ line, message: why }) =>
        line === 0 ? `failed: ${why}` : `failed at line ${line}: ${why}`
      );
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
  async run({ operands: [file = "", message = ""], options, io, admin }) {
    if (options.has("account")) return await testForAccount(file, [message], options, io, await admin(), true);
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

/** The largest message that goes to the server, octets: it is part of a JSON text. */
const LARGEST = 600 << 10;

/** The same, asked of the server. */
async function testForAccount(
  file: string,
  named: readonly string[],
  options: ReadonlyMap<string, string>,
  io: Parameters<typeof readScript>[1],
  admin: Admin,
  whole: boolean,
): Promise<number> {
  const { messageFiles, unlessLarger } = await import("../sieve_try.ts");
  const content = await readScript(file, io);
  const all: unknown[] = [];
  let failed = false;
  for (const message of await messageFiles(named, io.cwd)) {
    await unlessLarger(message, LARGEST);
    const found = await admin.request("POST", `/accounts/${segment(options.get("account")!)}/sieve-test`, {
      ...(isFilterName(file) && { name: "filter.ts" }),
      content,
      message: encodeBase64(await Deno.readFile(message)),
      from: options.get("from") ?? null,
      to: options.get("to") ?? null,
    }) as {
      readonly actions: readonly string[];
      readonly failures: readonly string[];
      readonly log: readonly string[];
    };
    const { log, ...rest } = found;
    failed ||= found.failures.length > 0;
    if (options.has("json")) all.push({ message, ...rest, ...(whole && { log }) });
    else if (whole) {
      for (const line of [...log, ...found.actions.map((action) => `= ${action}`)]) io.out(printable(line) + "\n");
    } else for (const line of [...found.actions, ...found.failures]) io.out(printable(`${message}: ${line}`) + "\n");
  }
  if (options.has("json")) io.out(JSON.stringify(whole ? all[0] : all, null, 2) + "\n");
  return failed ? EXIT.refused : EXIT.ok;
}

type Result = Awaited<ReturnType<typeof import("../sieve_try.ts").trySieve>>;

async function each(
  file: string,
  named: readonly string[],
  options: ReadonlyMap<string, string>,
  io: Parameters<typeof readScript>[1],
  tell: (message: string, result: Result) => void,
): Promise<void> {
  const { messageFiles, trySieve } = await import("../sieve_try.ts");
  const text = await readScript(file, io);
  const script = isFilterName(file) ? { source: text } : await parsedScript(file, text);
  const envelope = { from: options.get("from"), to: options.get("to") };
  for (const message of await messageFiles(named, io.cwd)) {
    tell(message, await trySieve(script, file, message, envelope));
  }
}

async function parsedScript(file: string, text: string) {
  const { formatSieveError, parseSieve } = await import("../../sieve/mod.ts");
  const parsed = parseSieve(text);
  if ("script" in parsed) return parsed.script;
  const lines = parsed.errors.map((error) => `${printable(file)}:${printable(formatSieveError(error))}`);
  throw new Exit(EXIT.refused, lines.join("\n"));
}
