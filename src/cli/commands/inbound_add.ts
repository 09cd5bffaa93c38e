import type { Command } from "../command.ts";
import { printable } from "../table.ts";

export const inboundAdd: Command = {
  words: ["inbound", "add"],
  operands: "NAME",
  least: 1,
  most: 1,
  summary: "Let another server bring mail by HTTP, and print its token",
  about: "For a server whose port 25 is closed: deploy/inbound/ has a Cloudflare Email Worker.",
  examples: [
    "palomar inbound add cloudflare --domain example.org",
    "palomar inbound add front --believed",
  ],
  options: [
    { name: "domain", value: "DOMAIN", help: "only for recipients of this domain (default: of all)" },
    { name: "believed", help: "what it tells of the client counts for SPF and block lists" },
  ],
  async run({ operands: [name = ""], options, admin, io }) {
    const domain = options.get("domain");
    const { id, token } = await (await admin()).request("POST", "/inbound-sources", {
      name,
      domains: domain === undefined ? [] : [domain],
      believed: options.has("believed"),
    }) as { id: string; token: string };
    io.err(`The source ${id}, ${printable(name)}, may bring mail to /api/v1/inbound; its token is shown only now:\n`);
    io.out(`${token}\n`);
  },
};
