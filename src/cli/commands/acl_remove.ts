import { segment } from "../admin.ts";
import type { Command } from "../command.ts";
import { printable } from "../table.ts";

export const aclRemove: Command = {
  words: ["acl", "remove"],
  operands: "ADDRESS MAILBOX WHO",
  least: 3,
  most: 3,
  summary: "Take somebody's rights in a mailbox away",
  examples: ["palomar acl remove alice@example.org Projects bob@example.org"],
  options: [],
  async run({ operands: [address = "", mailbox = "", identifier = ""], admin, io }) {
    const query = `mailbox=${segment(mailbox)}&identifier=${segment(identifier)}`;
    await (await admin()).request("DELETE", `/accounts/${segment(address)}/acl?${query}`);
    io.out(`${printable(identifier)} is removed from the list.\n`);
  },
};
