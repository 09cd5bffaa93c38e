import { segment } from "../admin.ts";
import type { Command } from "../command.ts";
import { choosePassword, PASSWORD_OPTIONS } from "../password.ts";
import { printable } from "../table.ts";

export const accountPassword: Command = {
  words: ["account", "password"],
  operands: "ADDRESS",
  least: 1,
  most: 1,
  summary: "Set the password of an account",
  examples: ["palomar account password alice@example.org", "palomar account password bob@example.org --generate"],
  options: PASSWORD_OPTIONS,
  async run(invocation) {
    const { operands: [address = ""], io } = invocation;
    const { password, generated } = await choosePassword(invocation, address);
    await (await invocation.admin()).request("PUT", `/accounts/${segment(address)}/password`, { password });
    io.err(`The password of ${printable(address)} is set.\n`);
    if (generated) io.out(`${password}\n`);
  },
};
