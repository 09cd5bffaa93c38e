import type { AccountView } from "../account.ts";
import { segment } from "../admin.ts";
import { type Command, JSON_OPTION } from "../command.ts";
import { usageText } from "../quota.ts";
import { printable, shortTime } from "../table.ts";

export const accountShow: Command = {
  words: ["account", "show"],
  operands: "ADDRESS",
  least: 1,
  most: 1,
  summary: "Show one account",
  examples: ["palomar account show alice@example.org"],
  options: [JSON_OPTION],
  async run({ operands: [address = ""], options, admin, io }) {
    const account = await (await admin()).request("GET", `/accounts/${segment(address)}`) as AccountView;
    if (options.has("json")) return io.out(JSON.stringify(account, null, 2) + "\n");
    const { usage, quota } = account;
    const lines = [
      ["Address", account.address],
      ["Name", account.name || "-"],
      ["State", account.disabled ? "disabled: no login, no mail" : account.shared ? "shared: no login" : "active"],
      ["Mail", usageText(usage, quota)],
      ["Messages", quota.messages === null ? `${usage.messages}` : `${usage.messages} of ${quota.messages}`],
      ["Created", `${shortTime(account.createdAt)} UTC`],
      ["Id", account.accountId],
    ];
    io.out(lines.map(([name = "", value = ""]) => `${name.padEnd(10)}${printable(value)}\n`).join(""));
  },
};
