import { segment } from "../admin.ts";
import type { Command } from "../command.ts";
import { EXIT } from "../exit.ts";
import { printable } from "../table.ts";

export const webhookTest: Command = {
  words: ["webhook", "test"],
  operands: "ID",
  least: 1,
  most: 1,
  summary: "Post an event of type webhook.test now, and say what came of it",
  examples: ["palomar webhook test 3azvhjskj1kq76uv"],
  options: [],
  async run({ operands: [id = ""], admin, io }) {
    const { ok, status, error, tookMs } = await (await admin()).request("POST", `/webhooks/${segment(id)}/test`) as {
      ok: boolean;
      status: number | null;
      error: string | null;
      tookMs: number;
    };
    if (ok) return io.out(`HTTP ${status} in ${tookMs} ms.\n`);
    io.err(`It failed: ${printable(error ?? "")}\n`);
    return EXIT.refused;
  },
};
