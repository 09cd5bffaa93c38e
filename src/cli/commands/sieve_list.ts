import { type Command, JSON_OPTION } from "../command.ts";
import { isPlace, PLACES, scriptsPath } from "../sieve_owner.ts";
import { table } from "../table.ts";

export const sieveList: Command = {
  words: ["sieve", "list"],
  operands: "ADDRESS",
  least: 1,
  most: 1,
  summary: "List the Sieve scripts of an account",
  about: PLACES,
  examples: ["palomar sieve list alice@example.org", "palomar sieve list before"],
  options: [JSON_OPTION],
  async run({ operands: [address = ""], options, admin, io }) {
    const found = await (await admin()).request("GET", scriptsPath(address)) as {
      scripts: readonly { name: string; octets: number; active?: boolean; place?: string; problem?: string | null }[];
    };
    const scripts = found.scripts.filter(({ place }) => place === undefined || place === address);
    if (options.has("json")) return io.out(JSON.stringify(scripts, null, 2) + "\n");
    if (scripts.length === 0) return io.err("There are no scripts.\n");
    if (isPlace(address)) {
      const rows = scripts.map(({ name, octets, problem }) => [name, String(octets), problem ?? ""]);
      return io.out(table(["NAME", "OCTETS", "PROBLEM"], rows));
    }
    io.out(table(
      ["NAME", "OCTETS", "ACTIVE"],
      scripts.map(({ name, octets, active }) => [name, String(octets), active ? "yes" : ""]),
    ));
  },
};
