import { SCOPES } from "../../contract/mod.ts";
import { parseDuration } from "../../server/config/units.ts";
import { segment } from "../admin.ts";
import type { Command } from "../command.ts";
import { usage } from "../exit.ts";
import { parseMoment } from "../moment.ts";
import { printable } from "../table.ts";

export const tokenAdd: Command = {
  words: ["token", "add"],
  operands: "ADDRESS NAME",
  least: 2,
  most: 2,
  summary: "Make an app password for one program or device",
  about: `Without --scope it is for everything that the password is for. Scopes: ${SCOPES.join(", ")};\n` +
    "`submission` is sending mail, `sieve` is ManageSieve.",
  examples: [
    "palomar token add alice@example.org phone",
    "palomar token add alice@example.org backup --scope imap --expires 90d",
    'palomar token add alice@example.org laptop --scope imap,submission --expires "2027-01-31"',
  ],
  options: [
    { name: "scope", value: "SCOPE", many: true, help: "what it may be used for; may stand several times" },
    { name: "expires", value: "TIME", help: 'when it ends: "90d" from now, or a time as "2027-01-31 12:00" (UTC)' },
  ],
  async run({ operands: [address = "", name = ""], options, admin, io }) {
    const scopes = options.get("scope")?.split(",");
    const wrong = scopes?.find((word) => !SCOPES.includes(word as typeof SCOPES[number]));
    if (wrong !== undefined) throw usage(`there is no scope ${wrong}; scopes are ${SCOPES.join(", ")}`);
    const expires = options.get("expires");
    const { token } = await (await admin()).request("POST", `/accounts/${segment(address)}/tokens`, {
      name,
      ...(scopes && { scopes: [...new Set(scopes)] }),
      ...(expires !== undefined && { expiresAt: endOf(expires, Date.now()) }),
    }) as { token: string };
    io.err(`A token for ${printable(address)}, in place of the password; it is shown only now:\n`);
    io.out(`${token}\n`);
  },
};

function endOf(text: string, now: number): string {
  const span = parseDuration(text);
  const end = span === null ? parseMoment(text, now) : new Date(Math.min(now + span, LAST)).toISOString();
  if (Date.parse(end) <= now) throw usage(`${text} is over already`);
  return end;
}

/** The last moment that a date of four digits can say. */
const LAST = Date.UTC(9999, 11, 31);
