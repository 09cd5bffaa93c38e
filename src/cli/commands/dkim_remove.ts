import { segment } from "../admin.ts";
import type { Command } from "../command.ts";
import { dkimPath } from "../dkim.ts";
import { printable } from "../table.ts";

export const dkimRemove: Command = {
  words: ["dkim", "remove"],
  operands: "DOMAIN SELECTOR",
  least: 2,
  most: 2,
  summary: "Remove a key",
  about: "Remove its record from the DNS too. A key that signs is removed only with --force: without another, mail\n" +
    "leaves unsigned.",
  examples: ["palomar dkim remove example.org rsa-20260131"],
  options: [{ name: "force", help: "even where the key signs" }],
  async run({ operands: [domain = "", selector = ""], options, admin, io }) {
    const force = options.has("force") ? "?force=true" : "";
    await (await admin()).request("DELETE", `${dkimPath(domain)}/${segment(selector)}${force}`);
    io.out(
      `${printable(selector)} is removed; its record may go: ${printable(selector)}._domainkey.${printable(domain)}\n`,
    );
  },
};
