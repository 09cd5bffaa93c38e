import type { AccountView } from "../account.ts";
import type { Command } from "../command.ts";
import { choosePassword, PASSWORD_OPTIONS } from "../password.ts";
import { chosenQuota, QUOTA_OPTIONS } from "../quota.ts";
import { printable } from "../table.ts";

export const accountAdd: Command = {
  words: ["account", "add"],
  operands: "ADDRESS",
  least: 1,
  most: 1,
  summary: "Add an account with its mailboxes",
  about: "Its domain must have been added before. The password is asked for, unless an option gives it.",
  examples: [
    'palomar account add alice@example.org --name "Alice Liddell" --quota 5GB',
    "palomar account add bob@example.org --generate",
    "pass show mail/bob | palomar account add bob@example.org --password-stdin",
  ],
  options: [...PASSWORD_OPTIONS, { name: "name", value: "NAME", help: "whose it is" }, ...QUOTA_OPTIONS],
  async run(invocation) {
    const { operands: [address = ""], options, io } = invocation;
    const quota = chosenQuota(options, { bytes: null, messages: null });
    const { password, generated } = await choosePassword(invocation, address);
    const account = await (await invocation.admin()).request("POST", "/accounts", {
      address,
      password,
      ...(options.has("name") && { name: options.get("name") }),
      ...(quota !== undefined && { quota }),
    }) as AccountView;
    io.err(`${printable(account.address)} is added.\n`);
    if (generated) io.out(`${password}\n`);
  },
};
