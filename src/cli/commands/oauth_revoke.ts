import { segment } from "../admin.ts";
import type { Command } from "../command.ts";
import { usage } from "../exit.ts";
import { printable } from "../table.ts";

export const oauthRevoke: Command = {
  words: ["oauth", "revoke"],
  operands: "ADDRESS [ID]",
  least: 1,
  most: 2,
  summary: "Disconnect a program that somebody has let in, or all of them",
  examples: [
    "palomar oauth revoke alice@example.org 0123456789abcdef01234567",
    "palomar oauth revoke alice@example.org --all",
  ],
  options: [{ name: "all", help: "every program of the account" }],
  async run({ operands: [address = "", id], options, admin, io }) {
    if ((id !== undefined) === options.has("all")) throw usage("say which: an ID of `palomar oauth grants`, or --all");
    const path = `/accounts/${segment(address)}/grants`;
    const server = await admin();
    if (id !== undefined) {
      await server.request("DELETE", `${path}/${segment(id)}`);
      return io.out(`${printable(id)} of ${printable(address)} is disconnected.\n`);
    }
    const { removed } = await server.request("DELETE", path) as { removed: number };
    io.out(`${removed} programs of ${printable(address)} are disconnected.\n`);
  },
};
