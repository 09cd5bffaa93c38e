import { isFilterName } from "../../contract/mod.ts";
import type { SieveError } from "../../sieve/mod.ts";
import { EXIT } from "../exit.ts";
import { type Command, JSON_OPTION } from "../command.ts";
import { readScript } from "../sieve_file.ts";
import { printable } from "../table.ts";

export const sieveCheck: Command = {
  words: ["sieve", "check"],
  operands: "FILE",
  least: 1,
  most: 1,
  summary: "Check a Sieve script, and say all that is wrong with it",
  about: "Nothing is stored and no server is asked. Each error is a line: FILE, line and column, what is wrong.\n" +
    "The file - is what comes from stdin. A FILE in .ts or .js is a filter in TypeScript; its types are not checked:\n" +
    "that is what an editor and deno check do.",
  examples: ["palomar sieve check vacation.sieve", "palomar sieve check filter.ts", "palomar sieve check - --json"],
  options: [JSON_OPTION],
  async run({ operands: [file = ""], options, io }) {
    const { checkSieve, formatSieveError } = await import("../../sieve/mod.ts");
    const text = await readScript(file, io);
    const errors = isFilterName(file) ? await checkFilter(text) : checkSieve(text);
    if (options.has("json")) io.out(JSON.stringify(errors, null, 2) + "\n");
    else for (const error of errors) io.out(`${printable(file)}:${printable(formatSieveError(error))}\n`);
    if (errors.length > 0) return EXIT.refused;
    io.err(`${printable(file)} can run.\n`);
  },
};

async function checkFilter(text: string): Promise<readonly SieveError[]> {
  const { runInRealm } = await import("../../server/typed_filters/mod.ts");
  const answer = await runInRealm({ source: text, input: null });
  if (!("failed" in answer)) return [];
  const line = Number(/\(line (\d+)\)$/.exec(answer.failed)?.[1] ?? 1);
  return [{ line, column: 1, message: answer.failed, found: "", expected: "" }];
}
