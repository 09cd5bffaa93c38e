import { segment } from "../admin.ts";
import { type Command, JSON_OPTION } from "../command.ts";
import { dnsRecords } from "../dns_records.ts";
import { table } from "../table.ts";

export const domainDns: Command = {
  words: ["domain", "dns"],
  operands: "DOMAIN",
  least: 1,
  most: 1,
  summary: "Print the DNS records that a domain needs",
  examples: ["palomar domain dns example.org", "palomar domain dns example.org --json"],
  options: [JSON_OPTION],
  async run({ operands: [name = ""], options, admin, config, io }) {
    const domain = await (await admin()).request("GET", `/domains/${segment(name)}`) as { name: string };
    const records = dnsRecords(await config(), domain.name);
    if (options.has("json")) return io.out(JSON.stringify(records, null, 2) + "\n");
    io.out(
      table(["NAME", "TYPE", "VALUE", "WHAT FOR"], records.map((one) => [one.name, one.type, one.value, one.why])),
    );
  },
};
