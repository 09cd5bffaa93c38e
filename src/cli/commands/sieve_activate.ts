import { segment } from "../admin.ts";
import type { Command } from "../command.ts";
import { printable } from "../table.ts";

export const sieveActivate: Command = {
  words: ["sieve", "activate"],
  operands: "ADDRESS NAME",
  least: 2,
  most: 2,
  summary: "Make a Sieve script the one that runs",
  about: "sieve diff says before which messages would go elsewhere.",
  examples: ["palomar sieve activate alice@example.org main"],
  options: [],
  async run({ operands: [address = "", name = ""], admin, io }) {
    await (await admin()).request("PATCH", `/accounts/${segment(address)}/sieve`, { active: name });
    io.err(`${printable(name)} is the active script of ${printable(address)}.\n`);
  },
};

export const sieveDeactivate: Command = {
  words: ["sieve", "deactivate"],
  operands: "ADDRESS",
  least: 1,
  most: 1,
  summary: "Let no Sieve script of an account run",
  examples: ["palomar sieve deactivate alice@example.org"],
  options: [],
  async run({ operands: [address = ""], admin, io }) {
    await (await admin()).request("PATCH", `/accounts/${segment(address)}/sieve`, { active: null });
    io.err(`${printable(address)} has no active script.\n`);
  },
};
