import { type Command, JSON_OPTION } from "../command.ts";
import { dkimPath } from "../dkim.ts";
import { EXIT } from "../exit.ts";
import { printable } from "../table.ts";

interface Activation {
  readonly activated: readonly string[];
  readonly lookups: readonly { readonly selector: string; readonly status: string; readonly detail: string }[];
}

export const dkimActivate: Command = {
  words: ["dkim", "activate"],
  operands: "DOMAIN",
  least: 1,
  most: 1,
  summary: "Let waiting keys sign, if the DNS has their records",
  about: "The keys that signed until now retire: remove their records after a week.",
  examples: ["palomar dkim activate example.org", "palomar dkim activate example.org --force"],
  options: [{ name: "force", help: "whatever the DNS says" }, JSON_OPTION],
  async run({ operands: [domain = ""], options, admin, io }) {
    const path = `${dkimPath(domain)}/activate`;
    const found = await (await admin()).request("POST", path, { force: options.has("force") }) as Activation;
    const { activated, lookups } = found;
    const code = activated.length > 0 ? EXIT.ok : EXIT.refused;
    if (options.has("json")) return (io.out(JSON.stringify(found, null, 2) + "\n"), code);
    if (activated.length > 0) io.out(`Signing for ${printable(domain)} now: ${activated.map(printable).join(", ")}\n`);
    else io.err("Nothing was changed:\n");
    for (const { status, detail } of lookups) if (status !== "ok") io.err(`  ${printable(detail)}\n`);
    return code;
  },
};
