import type { Command } from "../command.ts";
import { VERSION } from "../../server/version.ts";

export const version: Command = {
  words: ["version"],
  operands: "",
  least: 0,
  most: 0,
  summary: "Print the version",
  examples: ["palomar version"],
  options: [{ name: "json", help: "print JSON, with the versions of Deno and of the engine too" }],
  run({ options, io }) {
    const { deno, v8 } = Deno.version;
    io.out(options.has("json") ? JSON.stringify({ palomar: VERSION, deno, v8 }) + "\n" : `palomar ${VERSION}\n`);
    return Promise.resolve();
  },
};
