import { segment } from "../admin.ts";
import { type Command, type Invocation, JSON_OPTION } from "../command.ts";
import { EXIT } from "../exit.ts";
import { printable, table } from "../table.ts";

/** As the admin API has them. */
interface DnsRecordView {
  readonly kind: string;
  readonly need: "required" | "recommended" | "optional";
  readonly name: string;
  readonly type: string;
  readonly value: string;
  readonly why: string;
}

interface DnsFindingView extends DnsRecordView {
  readonly status: "ok" | "missing" | "different" | "unknown";
  readonly detail: string;
}

export const domainDns: Command = {
  words: ["domain", "dns"],
  operands: "DOMAIN",
  least: 1,
  most: 1,
  summary: "Print the DNS records that a domain needs, or compare them with the DNS",
  about:
    "The records are lines for a zone file. With --check the server asks its resolver what there is now; the code\n" +
    "is 1 where a record that is required is missing or different.",
  examples: [
    "palomar domain dns example.org",
    "palomar domain dns example.org --check",
    "palomar domain dns example.org --json",
  ],
  options: [{ name: "check", help: "compare with what the DNS says now" }, JSON_OPTION],
  async run(invocation) {
    const { operands: [name = ""], options, admin, io } = invocation;
    const path = `/domains/${segment(name)}/dns`;
    if (options.has("check")) return await check(path, invocation);
    const { records } = await (await admin()).request("GET", path) as { records: readonly DnsRecordView[] };
    if (options.has("json")) return io.out(JSON.stringify(records, null, 2) + "\n");
    io.out(records.map(zoneLines).join("\n"));
    if (!records.some(({ kind }) => kind === "dkim")) {
      io.err(
        `Outgoing mail is not signed: there are no DKIM keys. Make some: palomar dkim rotate ${printable(name)}\n`,
      );
    }
  },
};

async function check(path: string, { options, admin, io }: Invocation): Promise<number> {
  const answer = await (await admin()).request("GET", `${path}/check`) as { records: readonly DnsFindingView[] };
  const { records } = answer;
  const wrong = records.some(({ need, status }) =>
    need === "required" && (status === "missing" || status === "different")
  );
  const code = wrong ? EXIT.refused : EXIT.ok;
  if (options.has("json")) return (io.out(JSON.stringify(records, null, 2) + "\n"), code);
  io.out(table(
    ["STATUS", "NEED", "TYPE", "NAME", "WHAT TO DO"],
    records.map(({ status, need, type, name, detail }) => [status, need, type, name, detail]),
  ));
  return code;
}

/** A comment, then the record; one that somebody has to fill in is a comment too. */
function zoneLines({ need, name, type, value, why }: DnsRecordView): string {
  const open = name.startsWith("<") || value.includes("<") ? "; " : "";
  return `; ${printable(why)} (${need})\n${open}${printable(name)} IN ${type} ${printable(value)}\n`;
}
