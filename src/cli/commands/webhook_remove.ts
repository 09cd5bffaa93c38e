import { segment } from "../admin.ts";
import type { Command } from "../command.ts";
import { printable } from "../table.ts";

export const webhookRemove: Command = {
  words: ["webhook", "remove"],
  operands: "ID",
  least: 1,
  most: 1,
  summary: "Forget a webhook and the events that wait for it",
  examples: ["palomar webhook remove 3azvhjskj1kq76uv"],
  options: [],
  async run({ operands: [id = ""], admin, io }) {
    await (await admin()).request("DELETE", `/webhooks/${segment(id)}`);
    io.out(`The webhook ${printable(id)} is gone.\n`);
  },
};
