import { segment } from "../admin.ts";
import { type Command, JSON_OPTION } from "../command.ts";
import { printable } from "../table.ts";
import { changeList, chosenKeep, type DeliveryView, KEEP_OPTIONS, whereTo } from "./forward.ts";

interface Target {
  readonly name: string;
  readonly off: string | null;
}

export const targetList: Command = {
  words: ["target", "list"],
  operands: "[ADDRESS]",
  least: 0,
  most: 1,
  summary: "List the programs and places that mail may go to, or those of an account's mail",
  examples: ["palomar target list", "palomar target list alice@example.org"],
  options: [JSON_OPTION],
  async run({ operands: [address], options, admin, io }) {
    const desk = await admin();
    const { targets: all } = await desk.request("GET", "/delivery/targets") as { targets: readonly Target[] };
    const path = address === undefined ? null : `/accounts/${segment(address)}/delivery`;
    const own = path === null ? null : await desk.request("GET", path) as DeliveryView;
    const shown = own === null
      ? all
      : own.targets.map((name) =>
        all.find((one) => one.name === name) ?? { name, off: "it is not in the configuration" }
      );
    if (options.has("json")) return io.out(JSON.stringify({ targets: shown }, null, 2) + "\n");
    for (const { name, off } of shown) io.out(`${printable(name)}${off === null ? "" : `  off: ${printable(off)}`}\n`);
    if (own && address !== undefined) io.err(whereTo(address, own));
    else if (shown.length === 0) io.err("The configuration names none (delivery).\n");
  },
};

export const targetAdd: Command = {
  words: ["target", "add"],
  operands: "ADDRESS TARGET…",
  least: 2,
  most: 11,
  summary: "Let all mail of an account go to a program, a Maildir, an mbox or a service, too",
  about: "Targets are names of the configuration (delivery): maildir:home, mbox:spool, http:hook, program:learn.",
  examples: [
    "palomar target add alice@example.org maildir:home",
    "palomar target add alice@example.org mbox:spool --no-keep",
  ],
  options: KEEP_OPTIONS,
  async run({ operands: [address = "", ...add], options, admin, io }) {
    const more = chosenKeep(options);
    io.err(whereTo(address, await changeList(await admin(), address, "targets", { add }, more)));
  },
};

export const targetRemove: Command = {
  words: ["target", "remove"],
  operands: "ADDRESS TARGET…",
  least: 2,
  most: 11,
  summary: "Let its mail go there no more",
  examples: ["palomar target remove alice@example.org maildir:home"],
  options: [],
  async run({ operands: [address = "", ...remove], admin, io }) {
    io.err(whereTo(address, await changeList(await admin(), address, "targets", { remove })));
  },
};
