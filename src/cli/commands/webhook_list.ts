import { type Command, JSON_OPTION } from "../command.ts";
import { printable, table } from "../table.ts";

interface Shown {
  readonly id: string;
  readonly url: string;
  readonly events: readonly string[];
  readonly enabled: boolean;
  readonly disabledBecause: string | null;
  readonly failingSince: string | null;
  readonly waiting: number;
}

export const webhookList: Command = {
  words: ["webhook", "list"],
  operands: "",
  least: 0,
  most: 0,
  summary: "List who is told of events, and how that goes",
  examples: ["palomar webhook list", "palomar webhook list --json"],
  options: [JSON_OPTION],
  async run({ options, admin, io }) {
    const { webhooks } = await (await admin()).request("GET", "/webhooks") as { webhooks: readonly Shown[] };
    if (options.has("json")) return io.out(JSON.stringify(webhooks, null, 2) + "\n");
    if (webhooks.length === 0) return io.err("Nobody is told of events.\n");
    io.out(table(
      ["ID", "URL", "EVENTS", "WAITING", "STATE"],
      webhooks.map((one) => [one.id, printable(one.url), one.events.join(" "), String(one.waiting), stateOf(one)]),
    ));
  },
};

function stateOf({ enabled, disabledBecause, failingSince }: Shown): string {
  if (!enabled) return disabledBecause === null ? "disabled" : `disabled: ${printable(disabledBecause)}`;
  return failingSince === null ? "works" : `fails since ${failingSince}`;
}
