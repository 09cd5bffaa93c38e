import { segment } from "../admin.ts";
import type { Command } from "../command.ts";
import { printable } from "../table.ts";

export const inboundRemove: Command = {
  words: ["inbound", "remove"],
  operands: "ID",
  least: 1,
  most: 1,
  summary: "Take no more mail from a source",
  examples: ["palomar inbound remove 2e4o57t0i0xhs"],
  options: [],
  async run({ operands: [id = ""], admin, io }) {
    await (await admin()).request("DELETE", `/inbound-sources/${segment(id)}`);
    io.out(`The source ${printable(id)} is gone.\n`);
  },
};
