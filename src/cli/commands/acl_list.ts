import { segment } from "../admin.ts";
import { type Command, JSON_OPTION } from "../command.ts";
import { table } from "../table.ts";

export const aclList: Command = {
  words: ["acl", "list"],
  operands: "ADDRESS [MAILBOX]",
  least: 1,
  most: 2,
  summary: "List who has rights in an account's mailboxes",
  examples: ["palomar acl list alice@example.org", "palomar acl list info@example.org INBOX --json"],
  options: [JSON_OPTION],
  async run({ operands: [address = "", mailbox], options, admin, io }) {
    const query = mailbox === undefined ? "" : `?mailbox=${segment(mailbox)}`;
    const { mailboxes } = await (await admin()).request("GET", `/accounts/${segment(address)}/acl${query}`) as {
      mailboxes: readonly { mailbox: string; entries: readonly { identifier: string; rights: string }[] }[];
    };
    if (options.has("json")) return io.out(JSON.stringify(mailboxes, null, 2) + "\n");
    const rows = mailboxes.flatMap((one) =>
      one.entries.map(({ identifier, rights }) => [one.mailbox, identifier, rights])
    );
    if (rows.length === 0) return io.err("Nobody else has rights there.\n");
    io.out(table(["MAILBOX", "WHO", "RIGHTS"], rows));
  },
};
