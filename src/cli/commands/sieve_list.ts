import { segment } from "../admin.ts";
import { type Command, JSON_OPTION } from "../command.ts";
import { table } from "../table.ts";

export const sieveList: Command = {
  words: ["sieve", "list"],
  operands: "ADDRESS",
  least: 1,
  most: 1,
  summary: "List the Sieve scripts of an account",
  examples: ["palomar sieve list alice@example.org"],
  options: [JSON_OPTION],
  async run({ operands: [address = ""], options, admin, io }) {
    const { scripts } = await (await admin()).request("GET", `/accounts/${segment(address)}/sieve`) as {
      scripts: readonly { name: string; octets: number; active: boolean }[];
    };
    if (options.has("json")) return io.out(JSON.stringify(scripts, null, 2) + "\n");
    if (scripts.length === 0) return io.err("There are no scripts.\n");
    io.out(table(
      ["NAME", "OCTETS", "ACTIVE"],
      scripts.map(({ name, octets, active }) => [name, String(octets), active ? "yes" : ""]),
    ));
  },
};
