import { type Command, JSON_OPTION } from "../command.ts";
import { type DkimKeyView, dkimPath, txtLine } from "../dkim.ts";
import { printable } from "../table.ts";

export const dkimRotate: Command = {
  words: ["dkim", "rotate"],
  operands: "DOMAIN",
  least: 1,
  most: 1,
  summary: "Make new keys, which sign when their records are in the DNS",
  about:
    "Until then the old keys sign on, so that no mail leaves with a signature that nobody can verify. A running\n" +
    "server looks every hour, and activates the new keys by itself.",
  examples: ["palomar dkim rotate example.org"],
  options: [JSON_OPTION],
  async run({ operands: [domain = ""], options, admin, io }) {
    const { keys } = await (await admin()).request("POST", dkimPath(domain)) as { keys: readonly DkimKeyView[] };
    if (options.has("json")) return io.out(JSON.stringify(keys, null, 2) + "\n");
    io.err("Publish these records:\n");
    for (const { state, record } of keys) if (state === "waiting") io.out(txtLine(record.name, record.text) + "\n");
    io.err(
      `The server looks for them every hour; to have it look now: palomar dkim activate ${printable(domain)}\n`,
    );
  },
};
