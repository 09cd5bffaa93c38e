import type { AccountView } from "../account.ts";
import { segment } from "../admin.ts";
import type { Command } from "../command.ts";
import { EXIT, Exit } from "../exit.ts";
import { printable } from "../table.ts";

export const accountRemove: Command = {
  words: ["account", "remove"],
  operands: "ADDRESS",
  least: 1,
  most: 1,
  summary: "Remove an account with all its mail",
  about: "On a terminal it asks before; in a script it does not.",
  examples: ["palomar account remove bob@example.org", "palomar account remove bob@example.org --yes"],
  options: [{ name: "yes", help: "do not ask" }],
  async run({ operands: [address = ""], options, admin, io }) {
    const server = await admin();
    const path = `/accounts/${segment(address)}`;
    if (io.interactive && !options.has("yes")) {
      const { usage } = await server.request("GET", path) as AccountView;
      const answer = await io.ask(
        `This deletes ${printable(address)} and its ${usage.messages} messages for ever. Type the address to go on: `,
      );
      if (answer !== address) throw new Exit(EXIT.refused, "not the same address; nothing was removed");
    }
    await server.request("DELETE", path);
    io.out(`${printable(address)} is removed.\n`);
  },
};
