/** What the commands about reports of others have in common. */
import { allPages } from "./all_pages.ts";
import type { Admin } from "./admin.ts";
import { segment } from "./admin.ts";
import type { Option } from "./command.ts";
import { usage } from "./exit.ts";

/** `--days`. */
export const DAYS_OPTION: Option = { name: "days", value: "N", help: "so many days, at most 90; default 30" };

/** The query for `--days`; throws where it is no number of days. */
export function daysQuery(days: string | undefined): string {
  if (days === undefined) return "";
  if (!/^[0-9]{1,2}$/.test(days) || Number(days) < 1 || Number(days) > 90) {
    throw usage(`--days ${days} should be a number from 1 to 90`);
  }
  return `?days=${Number(days)}`;
}

/** One answer for each domain, or for the one that is named. */
export async function summaries<S>(
  admin: Admin,
  only: string | undefined,
  path: string,
  query: string,
): Promise<S[]> {
  const domains = only === undefined
    ? await allPages<{ name: string }>(admin, "/domains", "domains")
    : [{ name: only }];
  const found: S[] = [];
  for (const { name } of domains) {
    found.push(await admin.request("GET", `/domains/${segment(name)}/${path}${query}`) as S);
  }
  return found;
}

/** The newest day on which somebody reported, or `-`. */
export function lastReport(reporters: readonly { readonly lastReport: string }[]): string {
  return reporters.map((one) => one.lastReport).sort().at(-1) ?? "-";
}
