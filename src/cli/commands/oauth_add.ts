import type { Command } from "../command.ts";
import { printable } from "../table.ts";

export const oauthAdd: Command = {
  words: ["oauth", "add"],
  operands: "NAME [URI…]",
  least: 1,
  most: 11,
  summary: "Add a program that may ask people to be let in, and stays until it is forgotten",
  about:
    "Its answers go to one of these URIs: https, http to 127.0.0.1 or [::1] (any port), or a scheme with a dot.\n" +
    "Without any it may use the code for devices only. It has no secret: PKCE is required.",
  examples: [
    "palomar oauth add Webmail https://webmail.example.org/callback",
    "palomar oauth add backup",
  ],
  options: [],
  async run({ operands: [name = "", ...redirectUris], admin, io }) {
    const { clientId } = await (await admin()).request("POST", "/oauth/clients", { name, redirectUris }) as {
      clientId: string;
    };
    io.err(`${printable(name)} is added; its client_id:\n`);
    io.out(`${clientId}\n`);
  },
};
