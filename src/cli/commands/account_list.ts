import type { AccountView } from "../account.ts";
import { segment } from "../admin.ts";
import { allPages } from "../all_pages.ts";
import { type Command, JSON_OPTION } from "../command.ts";
import { usageText } from "../quota.ts";
import { table } from "../table.ts";

export const accountList: Command = {
  words: ["account", "list"],
  operands: "[DOMAIN]",
  least: 0,
  most: 1,
  summary: "List the accounts, or those of one domain",
  examples: ["palomar account list", "palomar account list example.org --json"],
  options: [JSON_OPTION],
  async run({ operands: [domain], options, admin, io }) {
    const query = domain === undefined ? "" : `?domain=${segment(domain)}`;
    const accounts = await allPages<AccountView>(await admin(), `/accounts${query}`, "accounts");
    if (options.has("json")) return io.out(JSON.stringify(accounts, null, 2) + "\n");
    if (accounts.length === 0) return io.err("There are no accounts. Add one: palomar account add alice@example.org\n");
    io.out(table(
      ["ADDRESS", "NAME", "MESSAGES", "SIZE", "STATE"],
      accounts.map((one) => [
        one.address,
        one.name || "-",
        String(one.usage.messages),
        usageText(one.usage, one.quota),
        one.disabled ? "disabled" : one.shared ? "shared" : "active",
      ]),
    ));
  },
};
