import type { AccountView } from "../account.ts";
import type { Command } from "../command.ts";
import { choosePassword, PASSWORD_OPTIONS } from "../password.ts";
import { usage } from "../exit.ts";
import { chosenQuota, QUOTA_OPTIONS } from "../quota.ts";
import { printable } from "../table.ts";

const NO_PASSWORD = { password: "", generated: false };

export const accountAdd: Command = {
  words: ["account", "add"],
  operands: "ADDRESS",
  least: 1,
  most: 1,
  summary: "Add an account with its mailboxes",
  about: "Its domain must have been added before. The password is asked for, unless an option gives it.\n" +
    "Nobody logs in to a shared account: its mailboxes are for those to whom `palomar acl set` gives rights.",
  examples: [
    'palomar account add alice@example.org --name "Alice Liddell" --quota 5GB',
    "palomar account add bob@example.org --generate",
    "palomar account add info@example.org --shared",
    "pass show mail/bob | palomar account add bob@example.org --password-stdin",
  ],
  options: [...PASSWORD_OPTIONS, { name: "name", value: "NAME", help: "whose it is" }, {
    name: "shared",
    help: "an account for several people, without a password",
  }, ...QUOTA_OPTIONS],
  async run(invocation) {
    const { operands: [address = ""], options, io } = invocation;
    const quota = chosenQuota(options, { bytes: null, messages: null });
    const shared = options.has("shared");
    if (shared && (options.has("generate") || options.has("password-stdin"))) {
      throw usage("--shared excludes --generate and --password-stdin: a shared account has no password");
    }
    const { password, generated } = shared ? NO_PASSWORD : await choosePassword(invocation, address);
    const account = await (await invocation.admin()).request("POST", "/accounts", {
      address,
      ...(shared ? { shared } : { password }),
      ...(options.has("name") && { name: options.get("name") }),
      ...(quota !== undefined && { quota }),
    }) as AccountView;
    io.err(`${printable(account.address)} is added.\n`);
    if (generated) io.out(`${password}\n`);
  },
};
