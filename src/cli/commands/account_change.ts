import type { AccountView } from "../account.ts";
import { segment } from "../admin.ts";
import type { Command } from "../command.ts";
import { parseDuration } from "../../server/config/units.ts";
import { usage } from "../exit.ts";
import { chosenQuota, QUOTA_OPTIONS } from "../quota.ts";
import { printable } from "../table.ts";

export const accountChange: Command = {
  words: ["account", "change"],
  operands: "ADDRESS",
  least: 1,
  most: 1,
  summary: "Change the name, the quota or the state of an account",
  examples: [
    "palomar account change alice@example.org --quota 10GB",
    "palomar account change bob@example.org --disable",
    "palomar account change bob@example.org --subaddress-folders yes",
    "palomar account change bob@example.org --duplicates 7d",
  ],
  options: [
    { name: "name", value: "NAME", help: "whose it is" },
    ...QUOTA_OPTIONS,
    { name: "disable", help: "let nobody log in, and take no mail" },
    { name: "enable", help: "undo --disable" },
    { name: "duplicates", value: "TIME|no", help: "leave out what came before with its Message-ID, for 7d" },
    { name: "subaddress-folders", value: "yes|no", help: "mail for user+detail goes into the mailbox detail" },
  ],
  async run({ operands: [address = ""], options, admin, io }) {
    const [disable, enable] = [options.has("disable"), options.has("enable")];
    if (disable && enable) throw usage("--disable and --enable exclude each other");
    if (![...options.keys()].some((name) => name !== "config")) {
      throw usage(
        "say what to change: --name, --quota, --quota-messages, --disable, --enable, --duplicates or --subaddress-folders",
      );
    }
    const folders = options.get("subaddress-folders");
    if (folders !== undefined && folders !== "yes" && folders !== "no") {
      throw usage("--subaddress-folders takes yes or no");
    }
    const duplicates = duplicatesIn(options.get("duplicates"));
    const path = `/accounts/${segment(address)}`;
    chosenQuota(options, { bytes: null, messages: null }); // wrong words are told before anything is opened
    const server = await admin();
    const { quota: before } = await server.request("GET", path) as AccountView;
    const quota = chosenQuota(options, before);
    const account = await server.request("PATCH", path, {
      ...(options.has("name") && { name: options.get("name") }),
      ...(quota !== undefined && { quota }),
      ...((disable || enable) && { disabled: disable }),
    }) as AccountView;
    if (folders !== undefined || duplicates !== undefined) {
      await server.request("PATCH", `${path}/delivery`, {
        ...(folders !== undefined && { subaddressFolders: folders === "yes" }),
        ...(duplicates !== undefined && { duplicates }),
      });
    }
    io.out(`${printable(account.address)} is changed.\n`);
  },
};

/** Seconds; null: none are left out any more. */
function duplicatesIn(text: string | undefined): number | null | undefined {
  if (text === undefined || text === "no") return text === undefined ? undefined : null;
  const ms = parseDuration(text);
  if (ms === null || ms < 1000) throw usage("--duplicates takes a time, as 7d, or no");
  return Math.floor(ms / 1000);
}
