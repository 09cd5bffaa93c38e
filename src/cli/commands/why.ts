import { segment } from "../admin.ts";
import { type Command, JSON_OPTION } from "../command.ts";
import { type QueueView, STATE_WORDS } from "../queue_rows.ts";
import { printable, shortTime } from "../table.ts";

interface Story {
  readonly traceId: string;
  readonly journal: readonly { at: string; event: string; recipient: string | null; detail: string }[];
  readonly waiting: readonly QueueView[];
}

export const why: Command = {
  words: ["why"],
  operands: "ID",
  least: 1,
  most: 1,
  summary: "Tell what became of a message, and why",
  about: "The ID of a message stands in the reply to the sender, its Received field, the log and queue list.",
  examples: ["palomar why s7hq2k.1"],
  options: [JSON_OPTION],
  async run({ operands: [id = ""], options, admin, io }) {
    const story = await (await admin()).request("GET", `/messages/${segment(id)}`) as Story;
    if (options.has("json")) return io.out(JSON.stringify(story, null, 2) + "\n");
    for (const { at, event, recipient, detail } of story.journal) {
      const whom = recipient === null ? "" : ` ${recipient}`;
      io.out(`${shortTime(at)}  ${printable(`${event}${whom}: ${detail}`)}\n`);
    }
    for (const row of story.waiting) {
      const next = row.state === "held" ? "" : `, next try ${shortTime(row.dueAt)} UTC`;
      io.out(printable(`${row.recipient} ${STATE_WORDS[row.state]} (${row.queueId}${next})`) + "\n");
    }
  },
};
