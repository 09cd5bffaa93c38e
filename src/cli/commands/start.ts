import type { Command } from "../command.ts";

export const start: Command = {
  words: ["start"],
  operands: "",
  least: 0,
  most: 0,
  summary: "Run the server until it is stopped",
  about: "SIGTERM and SIGINT stop it, a second one at once; SIGHUP reads the certificates again.",
  examples: ["palomar start", "palomar start --config /etc/palomar/palomar.jsonc"],
  options: [],
  async run({ loaded, io }) {
    const { runServer } = await import("../run_server.ts");
    return await runServer(await loaded(), io);
  },
};
