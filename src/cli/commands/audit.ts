import { type Command, JSON_OPTION } from "../command.ts";
import { usage } from "../exit.ts";
import { MOMENT_HELP, parseMoment } from "../moment.ts";
import { printable, shortTime, table } from "../table.ts";

interface Entry {
  readonly id: string;
  readonly at: string;
  readonly by: string;
  readonly from: string;
  readonly request: string | null;
  readonly action: string;
  readonly resource: string;
}

export const audit: Command = {
  words: ["audit"],
  operands: "",
  least: 0,
  most: 0,
  summary: "Tell who changed what, the newest first",
  about: "Changes by the HTTP API, this command line and the pages for people. With --json: what was before and after.",
  examples: [
    "palomar audit",
    "palomar audit --resource /accounts/alice@example.org --since 7d",
    "palomar audit --by admin@example.org --json",
  ],
  options: [
    { name: "by", value: "WHO", help: "only what this account (or the admin token) did" },
    { name: "resource", value: "PATH", help: "only what begins so, as /accounts/alice@example.org" },
    { name: "since", value: "TIME", help: `not before: ${MOMENT_HELP}` },
    { name: "until", value: "TIME", help: "before" },
    { name: "limit", value: "N", help: "so many at most (100)" },
    JSON_OPTION,
  ],
  async run({ options, admin, io }) {
    const most = Number(options.get("limit") ?? "100");
    if (!Number.isInteger(most) || most < 1) throw usage("--limit takes a number from 1");
    const query = new URLSearchParams();
    for (const name of ["by", "resource"]) if (options.has(name)) query.set(name, options.get(name)!);
    for (const name of ["since", "until"]) {
      if (options.has(name)) query.set(name, parseMoment(options.get(name)!, Date.now()));
    }
    const server = await admin();
    const found: Entry[] = [];
    for (;;) {
      query.set("limit", String(Math.min(500, most - found.length)));
      const page = await server.request("GET", `/audit?${query}`) as { audit: Entry[]; next: string | null };
      found.push(...page.audit);
      if (page.next === null || found.length >= most) break;
      query.set("after", page.next);
    }
    if (options.has("json")) return io.out(JSON.stringify(found, null, 2) + "\n");
    if (found.length === 0) return io.err("Nothing is known of such a change.\n");
    io.out(table(
      ["WHEN (UTC)", "WHO", "FROM", "WHAT", "OF WHICH"],
      found.map(({ at, by, from, action, resource }) => [
        shortTime(at),
        printable(by),
        from === "" ? "-" : from,
        action,
        printable(resource),
      ]),
    ));
  },
};
