import { segment } from "../admin.ts";
import { type Command, JSON_OPTION } from "../command.ts";
import { type QueueView, STATE_WORDS } from "../queue_rows.ts";
import { formatSize } from "../../server/config/units.ts";
import { printable, shortTime } from "../table.ts";

export const queueShow: Command = {
  words: ["queue", "show"],
  operands: "ID",
  least: 1,
  most: 1,
  summary: "Show one recipient that waits",
  examples: ["palomar queue show q1"],
  options: [JSON_OPTION],
  async run({ operands: [id = ""], options, admin, io }) {
    const row = await (await admin()).request("GET", `/queue/${segment(id)}`) as QueueView;
    if (options.has("json")) return io.out(JSON.stringify(row, null, 2) + "\n");
    const lines = [
      ["Id", row.queueId],
      ["Message", `${row.traceId} (palomar why ${row.traceId})`],
      ["From", row.sender === "" ? "<> (a report of the mail system)" : row.sender],
      ["To", row.recipient],
      ["By way of", row.route === null ? row.domain ?? "delivered here" : `${row.route} (chosen by hand)`],
      ["State", STATE_WORDS[row.state]],
      ["Priority", row.priority],
      ["Because", row.waits],
      ["Tries", String(row.attempts)],
      ["Size", formatSize(row.size)],
      ["Since", `${shortTime(row.queuedAt)} UTC`],
      ["Next try", row.state === "held" ? "not before it is released" : `${shortTime(row.dueAt)} UTC`],
      ["Given up", `${shortTime(row.expiresAt)} UTC`],
      ["Last reply", row.lastReply ?? "-"],
    ];
    io.out(lines.map(([name = "", value = ""]) => `${name.padEnd(12)}${printable(value)}\n`).join(""));
  },
};
