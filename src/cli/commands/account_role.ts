import { segment } from "../admin.ts";
import { type Command, JSON_OPTION } from "../command.ts";
import { usage } from "../exit.ts";
import { printable } from "../table.ts";

interface RoleView {
  readonly role: "none" | "domain" | "server";
  readonly domains: readonly string[];
}

export const accountRole: Command = {
  words: ["account", "role"],
  operands: "ADDRESS [none|server|domain DOMAIN…]",
  least: 1,
  most: 1002,
  summary: "Show or set what an account may administer, by HTTP with its own login",
  about: "Every account may see and change what is its own. An administrator of domains may do everything with\n" +
    "them and the accounts and aliases in them; one of the server may do everything.",
  examples: [
    "palomar account role alice@example.org",
    "palomar account role alice@example.org domain example.org example.net",
    "palomar account role alice@example.org server",
    "palomar account role alice@example.org none",
  ],
  options: [JSON_OPTION],
  async run({ operands: [address = "", role, ...domains], options, admin, io }) {
    if (role !== undefined && role !== "none" && role !== "server" && role !== "domain") {
      throw usage(`${printable(role)} is no role; roles are none, domain and server`);
    }
    if ((role === "domain") !== domains.length > 0) throw usage("the role domain, and no other, takes domains");
    const path = `/accounts/${segment(address)}/role`;
    const server = await admin();
    const view =
      await (role === undefined
        ? server.request("GET", path)
        : server.request("PUT", path, { role, ...(role === "domain" && { domains }) })) as RoleView;
    if (options.has("json")) return io.out(JSON.stringify(view, null, 2) + "\n");
    const which = view.role === "domain" ? ` ${view.domains.join(", ")}` : "";
    io.out(`${printable(address)} ${WORDS[view.role]}${which}.\n`);
  },
};

const WORDS = {
  none: "administers nothing but itself",
  domain: "administers",
  server: "administers the server",
} as const;
