import type { Command } from "../command.ts";
import { printable } from "../table.ts";

export const webhookAdd: Command = {
  words: ["webhook", "add"],
  operands: "URL EVENT…",
  least: 2,
  most: 7,
  summary: "Tell a URL of delivered, deferred, bounced, complained, received or suppressed mail",
  about: "Events are posted as JSON and signed (Standard Webhooks). The secret on standard output is shown only now.",
  examples: [
    "palomar webhook add https://hooks.example.org/mail bounced complained",
    "palomar webhook add https://hooks.example.org/in received --account desk@example.org",
  ],
  options: [
    { name: "domain", value: "DOMAIN", help: "only of this domain: the sender's, or for received the recipient's" },
    { name: "account", value: "ADDRESS", help: "only of this address" },
    { name: "sends", help: "of what leaves only what came by POST /send" },
    { name: "description", value: "TEXT", help: "what it is for" },
  ],
  async run({ operands: [url = "", ...events], options, admin, io }) {
    const given = (name: string) => options.has(name) ? [options.get(name)!] : [];
    const { id, secret } = await (await admin()).request("POST", "/webhooks", {
      url,
      events,
      domains: given("domain"),
      accounts: given("account"),
      onlySends: options.has("sends"),
      description: options.get("description") ?? "",
    }) as { id: string; secret: string };
    io.err(`The webhook ${id} tells ${printable(url)}; its secret is shown only now:\n`);
    io.out(`${secret}\n`);
  },
};
