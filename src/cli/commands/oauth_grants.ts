import { segment } from "../admin.ts";
import { type Command, JSON_OPTION } from "../command.ts";
import { printable, shortTime, table } from "../table.ts";

interface Row {
  readonly grantId: string;
  readonly name: string;
  readonly place: string | null;
  readonly scope: readonly string[];
  readonly createdAt: string;
  readonly usedAt: string;
}

export const oauthGrants: Command = {
  words: ["oauth", "grants"],
  operands: "ADDRESS",
  least: 1,
  most: 1,
  summary: "List the programs that somebody has let in",
  examples: ["palomar oauth grants alice@example.org", "palomar oauth grants alice@example.org --json"],
  options: [JSON_OPTION],
  async run({ operands: [address = ""], options, admin, io }) {
    const { grants } = await (await admin()).request("GET", `/accounts/${segment(address)}/grants`) as {
      grants: readonly Row[];
    };
    if (options.has("json")) return io.out(JSON.stringify(grants, null, 2) + "\n");
    if (grants.length === 0) return io.err("No program is let in.\n");
    io.out(table(
      ["ID", "PROGRAM", "AT", "FOR", "SINCE (UTC)", "RENEWED (UTC)"],
      grants.map(({ grantId, name, place, scope, createdAt, usedAt }) => [
        grantId,
        printable(name),
        printable(place ?? "a device"),
        scope.join(" "),
        shortTime(createdAt),
        shortTime(usedAt),
      ]),
    ));
  },
};
