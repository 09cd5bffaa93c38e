import { allPages } from "../all_pages.ts";
import { type Command, JSON_OPTION } from "../command.ts";
import { type DkimKeyView, dkimPath, dkimTable } from "../dkim.ts";

export const dkimList: Command = {
  words: ["dkim", "list"],
  operands: "[DOMAIN]",
  least: 0,
  most: 1,
  summary: "List the keys that sign outgoing mail",
  about: "An active key signs. A waiting one will, when its record is in the DNS. A retired one does not any more;\n" +
    "its record should stay for a week after it retired.",
  examples: ["palomar dkim list", "palomar dkim list example.org --json"],
  options: [JSON_OPTION],
  async run({ operands: [only], options, admin, io }) {
    const server = await admin();
    const domains = only === undefined
      ? (await allPages<{ name: string }>(server, "/domains", "domains")).map((d) => d.name)
      : [only];
    const rows: [string, DkimKeyView][] = [];
    for (const domain of domains) {
      const { keys } = await server.request("GET", dkimPath(domain)) as { keys: readonly DkimKeyView[] };
      rows.push(...keys.map((key): [string, DkimKeyView] => [domain, key]));
    }
    if (options.has("json")) {
      return io.out(JSON.stringify(rows.map(([domain, key]) => ({ domain, ...key })), null, 2) + "\n");
    }
    if (rows.length === 0) return io.err("There are no keys. Make some: palomar dkim rotate DOMAIN\n");
    io.out(dkimTable(rows));
  },
};
