import type { Command } from "../command.ts";
import { usage } from "../exit.ts";
import { changeRows, CHOICE_OPTIONS } from "../queue_change.ts";

const PRIORITIES = ["urgent", "normal", "bulk"];

export const queuePriority: Command = {
  words: ["queue", "priority"],
  operands: "PRIORITY [ID…]",
  least: 1,
  most: 100_000,
  summary: "Say how soon waiting mail goes where not all can go at once",
  about:
    "urgent goes first, then normal; bulk has a share of the places and else waits for other mail. Mailings and\n" +
    "messages with more than 50 recipients elsewhere are bulk by themselves.",
  examples: ["palomar queue priority urgent q1 q2", "palomar queue priority bulk --domain example.net"],
  options: CHOICE_OPTIONS,
  async run(invocation) {
    const [priority = "", ...ids] = invocation.operands;
    if (!PRIORITIES.includes(priority)) throw usage(`${priority} should be ${PRIORITIES.join(", ")}`);
    const changed = await changeRows(invocation, ids, "/queue/change", { change: priority });
    invocation.io.out(`${changed} ${changed === 1 ? "is" : "are"} ${priority} now.\n`);
  },
};
