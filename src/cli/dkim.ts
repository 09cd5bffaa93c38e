/** DKIM keys as commands show them. */
import { segment } from "./admin.ts";
import { shortTime, table } from "./table.ts";

/** As the admin API has them. */
export interface DkimKeyView {
  readonly selector: string;
  readonly algorithm: string;
  readonly state: "waiting" | "active" | "retired";
  readonly record: { readonly name: string; readonly type: string; readonly text: string };
  readonly createdAt: string;
  readonly changedAt: string;
}

/** The path of the keys of a domain. */
export function dkimPath(domain: string): string {
  return `/domains/${segment(domain)}/dkim`;
}

/** The keys of a domain, a line each. */
export function dkimTable(rows: readonly (readonly [domain: string, key: DkimKeyView])[]): string {
  return table(
    ["DOMAIN", "SELECTOR", "STATE", "SINCE"],
    rows.map(([domain, { selector, state, changedAt }]) => [domain, selector, state, shortTime(changedAt)]),
  );
}

/** A TXT record as a line of a zone file. Strings have at most 255 octets (RFC 1035 section 3.3). */
export function txtLine(name: string, text: string): string {
  const strings = text.match(/[\s\S]{1,255}/g) ?? [""];
  return `${name}. IN TXT ${strings.map((one) => `"${one.replace(/[\\"]/g, "\\$&")}"`).join(" ")}`;
}
