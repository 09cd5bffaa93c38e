import { segment } from "../admin.ts";
import type { Command } from "../command.ts";
import { printable } from "../table.ts";

export const aclSet: Command = {
  words: ["acl", "set"],
  operands: "ADDRESS MAILBOX WHO RIGHTS",
  least: 4,
  most: 4,
  summary: "Give somebody rights in a mailbox",
  about:
    'WHO is an account, or "anyone" for all of the domain. RIGHTS are letters of RFC 4314, in the place of those\n' +
    "that WHO had: l see it, r read, s mark as read, w set other flags, i add messages, p post, k make mailboxes below,\n" +
    "x delete it, t mark as deleted, e expunge, a change rights.",
  examples: [
    "palomar acl set info@example.org INBOX bob@example.org lrswite",
    "palomar acl set alice@example.org Projects anyone lr",
  ],
  options: [],
  async run({ operands: [address = "", mailbox = "", identifier = "", rights = ""], admin, io }) {
    await (await admin()).request("PUT", `/accounts/${segment(address)}/acl`, { mailbox, identifier, rights });
    io.out(`${printable(identifier)} has ${rights === "" ? "no rights" : printable(rights)} there.\n`);
  },
};
