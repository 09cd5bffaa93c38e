import { segment } from "../admin.ts";
import { type Command, JSON_OPTION } from "../command.ts";
import { table } from "../table.ts";

export const tokenList: Command = {
  words: ["token", "list"],
  operands: "ADDRESS",
  least: 1,
  most: 1,
  summary: "List the tokens of an account",
  examples: ["palomar token list alice@example.org", "palomar token list alice@example.org --json"],
  options: [JSON_OPTION],
  async run({ operands: [address = ""], options, admin, io }) {
    const { tokens } = await (await admin()).request("GET", `/accounts/${segment(address)}/tokens`) as {
      tokens: readonly {
        tokenId: string;
        name: string;
        createdAt: string;
        expiresAt: string | null;
        scopes: readonly string[] | null;
        lastUsedAt: string | null;
        lastUsedFrom: string | null;
      }[];
    };
    if (options.has("json")) return io.out(JSON.stringify(tokens, null, 2) + "\n");
    if (tokens.length === 0) return io.err("There are no tokens.\n");
    io.out(table(
      ["ID", "NAME", "FOR", "MADE", "UNTIL", "LAST USED"],
      tokens.map(({ tokenId, name, createdAt, expiresAt, scopes, lastUsedAt, lastUsedFrom }) => [
        tokenId,
        name,
        scopes?.join(" ") ?? "everything",
        createdAt,
        expiresAt ?? "removed",
        lastUsedAt === null ? "never" : `${lastUsedAt} from ${lastUsedFrom}`,
      ]),
    ));
  },
};
