import { type Command, JSON_OPTION } from "../command.ts";
import { printable, shortTime, table } from "../table.ts";

interface Row {
  readonly clientId: string;
  readonly name: string;
  readonly redirectUris: readonly string[];
  readonly createdAt: string;
}

export const oauthClients: Command = {
  words: ["oauth", "clients"],
  operands: "",
  least: 0,
  most: 0,
  summary: "List the programs that have registered for OAuth",
  examples: ["palomar oauth clients", "palomar oauth clients --json"],
  options: [JSON_OPTION],
  async run({ options, admin, io }) {
    const server = await admin();
    const all: Row[] = [];
    for (let after = "";;) {
      const { clients } = await server.request("GET", `/oauth/clients?after=${after}`) as { clients: readonly Row[] };
      all.push(...clients);
      if (clients.length === 0) break;
      after = clients.at(-1)!.clientId;
    }
    if (options.has("json")) return io.out(JSON.stringify(all, null, 2) + "\n");
    if (all.length === 0) return io.err("No program has registered.\n");
    io.out(table(
      ["ID", "PROGRAM", "SINCE (UTC)", "ANSWERS GO TO"],
      all.map(({ clientId, name, redirectUris, createdAt }) => [
        clientId,
        printable(name),
        shortTime(createdAt),
        printable(redirectUris.join(" ")),
      ]),
    ));
  },
};
