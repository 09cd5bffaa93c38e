import { type Admin, segment } from "../admin.ts";
import { type Command, JSON_OPTION } from "../command.ts";
import { EXIT, Exit, usage } from "../exit.ts";
import { printable } from "../table.ts";

/** What the API says of an account's delivery. */
export interface DeliveryView {
  readonly forward: readonly string[];
  readonly targets: readonly string[];
  readonly keep: boolean;
}

const pathOf = (address: string) => `/accounts/${segment(address)}/delivery`;

/** `--keep`, `--no-keep`, or neither. */
export function chosenKeep(options: ReadonlyMap<string, string>): { readonly keep?: boolean } {
  const [keep, not] = [options.has("keep"), options.has("no-keep")];
  if (keep && not) throw usage("--keep and --no-keep exclude each other");
  return keep || not ? { keep } : {};
}

/** Both settings that send an account's mail elsewhere. */
export const KEEP_OPTIONS = [
  { name: "keep", help: "keep it here, too (this is so at first)" },
  { name: "no-keep", help: "keep here only what a script files" },
] as const;

/** Adds to a list of the settings, or takes from it. */
export async function changeList(
  desk: Admin,
  address: string,
  list: "forward" | "targets",
  change: { readonly add?: readonly string[]; readonly remove?: readonly string[] },
  more: { readonly keep?: boolean } = {},
): Promise<DeliveryView> {
  const before = await desk.request("GET", pathOf(address)) as DeliveryView;
  const same = (a: string) => (b: string) => a.toLowerCase() === b.toLowerCase();
  const { add = [], remove = [] } = change;
  const missing = remove.find((one) => !before[list].some(same(one)));
  if (missing !== undefined) {
    throw new Exit(EXIT.refused, `mail of ${printable(address)} does not go to ${printable(missing)}`);
  }
  const left = before[list].filter((one) => !remove.some(same(one)));
  const wanted = [...left, ...add.filter((one) => !left.some(same(one)))];
  return await desk.request("PATCH", pathOf(address), { [list]: wanted, ...more }) as DeliveryView;
}

/** One sentence. */
export function whereTo(address: string, { forward, targets, keep }: DeliveryView): string {
  const all = [...forward, ...targets];
  if (all.length === 0) return `Mail of ${printable(address)} stays here.\n`;
  const here = keep ? ", and is kept here" : ", and is not kept here but where a script files it";
  return `Mail of ${printable(address)} goes to ${all.map(printable).join(", ")}${here}.\n`;
}

export const forwardList: Command = {
  words: ["forward", "list"],
  operands: "ADDRESS",
  least: 1,
  most: 1,
  summary: "List where the mail of an account goes on to",
  examples: ["palomar forward list alice@example.org"],
  options: [JSON_OPTION],
  async run({ operands: [address = ""], options, admin, io }) {
    const { forward, targets, keep } = await (await admin()).request("GET", pathOf(address)) as DeliveryView;
    if (options.has("json")) return io.out(JSON.stringify({ forward, keep }, null, 2) + "\n");
    io.out(forward.map((one) => `${printable(one)}\n`).join(""));
    io.err(whereTo(address, { forward, targets, keep }));
  },
};

export const forwardAdd: Command = {
  words: ["forward", "add"],
  operands: "ADDRESS TARGET…",
  least: 2,
  most: 51,
  summary: "Let all mail of an account go on to other addresses, here or outside",
  about:
    "Spam and mail that its author's domain disowns stays here. The sender's address is rewritten (SRS), so that\n" +
    "the other server takes it. For some mail only, a rule with forward does it (palomar rules set).",
  examples: [
    "palomar forward add alice@example.org alice@example.net",
    "palomar forward add info@example.org alice@example.org bob@example.org --no-keep",
  ],
  options: KEEP_OPTIONS,
  async run({ operands: [address = "", ...add], options, admin, io }) {
    const more = chosenKeep(options);
    io.err(whereTo(address, await changeList(await admin(), address, "forward", { add }, more)));
  },
};

export const forwardRemove: Command = {
  words: ["forward", "remove"],
  operands: "ADDRESS TARGET…",
  least: 2,
  most: 51,
  summary: "Let its mail go there no more",
  examples: ["palomar forward remove alice@example.org alice@example.net"],
  options: [],
  async run({ operands: [address = "", ...remove], admin, io }) {
    io.err(whereTo(address, await changeList(await admin(), address, "forward", { remove })));
  },
};
