import { EXIT } from "../exit.ts";
import { segment } from "../admin.ts";
import type { Command, Option } from "../command.ts";
import { putImported, readOld } from "../imported_script.ts";
import { readScript } from "../sieve_file.ts";

const OPTIONS: readonly Option[] = [
  { name: "name", value: "NAME", help: "of the script (default: procmail, or maildrop)" },
  { name: "activate", help: "make it the active one, where all of it is translated" },
  { name: "partly", help: "with --activate: also where something of it is not" },
  { name: "dry-run", help: "print the script, and change nothing" },
];
const ABOUT =
  "What has no counterpart in Sieve is told with its line, and stands in the script as comments. A script that\n" +
  "is partly translated is kept, but not made active; sieve test and sieve diff show what it does. The file - is stdin.";

function importing(
  language: "procmail" | "maildrop",
  word: string,
  file: string,
  summary: string,
): Command {
  return {
    words: ["import", word],
    operands: "ADDRESS FILE",
    least: 2,
    most: 2,
    summary,
    about: ABOUT,
    examples: [
      `palomar import ${word} alice@example.org /home/alice/${file} --dry-run`,
      `palomar import ${word} alice@example.org /home/alice/${file} --activate`,
    ],
    options: OPTIONS,
    async run({ operands: [address = "", path = ""], options, admin, io }) {
      const { importMaildrop, importProcmail } = await import("../../sieve/import/mod.ts");
      const text = await readScript(path, io, readOld);
      const made = language === "procmail" ? importProcmail(text) : importMaildrop(text);
      const name = options.get("name") ?? language;
      const active = options.has("activate") && (made.untranslated.length === 0 || options.has("partly"));
      const put = options.has("dry-run") ? null : async (content: string) => {
        const at = `/accounts/${segment(address)}/sieve/${segment(name)}`;
        await (await admin()).request("PUT", at, { content, activate: active });
      };
      await putImported({ address, name, active }, made, put, io);
      return made.untranslated.length === 0 ? EXIT.ok : EXIT.refused;
    },
  };
}

export const importProcmailrc: Command = importing(
  "procmail",
  "procmailrc",
  ".procmailrc",
  "Make a Sieve script out of a .procmailrc",
);

export const importMaildropFilter: Command = importing(
  "maildrop",
  "maildrop",
  ".mailfilter",
  "Make a Sieve script out of a filter of maildrop",
);
