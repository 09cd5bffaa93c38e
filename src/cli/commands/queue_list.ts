import { type Command, JSON_OPTION } from "../command.ts";
import { usage } from "../exit.ts";
import { heldNote, queuePages, STATE_WORDS } from "../queue_rows.ts";
import { shortTime, table } from "../table.ts";

const HEADER = ["ID", "FROM", "TO", "STATE", "PRIORITY", "TRIES", "NEXT (UTC)", "BECAUSE", "LAST REPLY"];
const STATES = ["ready", "leased", "held"];

export const queueList: Command = {
  words: ["queue", "list"],
  operands: "",
  least: 0,
  most: 0,
  summary: "List the mail that waits to be sent",
  examples: ["palomar queue list", "palomar queue list --domain example.net --state held --json"],
  options: [
    { name: "domain", value: "DOMAIN", help: "only what goes to this domain" },
    { name: "state", value: "STATE", help: "only what is ready, leased (being sent) or held" },
    { name: "message", value: "ID", help: "only recipients of one message" },
    JSON_OPTION,
  ],
  async run({ options, admin, config, io }) {
    const filter = new Map<string, string>();
    for (const [option, name] of [["domain", "domain"], ["state", "state"], ["message", "traceId"]] as const) {
      const value = options.get(option);
      if (value !== undefined) filter.set(name, value);
    }
    const state = options.get("state");
    if (state !== undefined && !STATES.includes(state)) throw usage(`--state ${state} should be ${STATES.join(", ")}`);
    const json = options.has("json");
    let count = 0;
    for await (const rows of queuePages(await admin(), filter)) {
      if (json) {
        for (const row of rows) io.out(`${count++ === 0 ? "[\n" : ",\n"}  ${JSON.stringify(row)}`);
        continue;
      }
      count += rows.length;
      io.out(table(
        HEADER,
        rows.map((row) => [
          row.queueId,
          row.sender === "" ? "<>" : row.sender,
          row.recipient,
          STATE_WORDS[row.state],
          row.priority,
          String(row.attempts),
          row.state === "held" ? "-" : shortTime(row.dueAt),
          row.waits,
          (row.lastReply ?? "-").slice(0, 100),
        ]),
      ));
    }
    if (json) io.out(count === 0 ? "[]\n" : "\n]\n");
    else if (count === 0) io.err("Nothing waits.\n");
    else io.err(heldNote(await config()));
  },
};
