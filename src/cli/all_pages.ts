import { type Admin, segment } from "./admin.ts";

/** All of a list that the admin API gives in pages; `path` may have a query. */
export async function allPages<T>(admin: Admin, path: string, member: string): Promise<readonly T[]> {
  const found: T[] = [];
  for (let after = "";;) {
    const query = `${path.includes("?") ? "&" : "?"}limit=1000${after}`;
    const page = await admin.request("GET", path + query) as Record<string, unknown> & { next: string | null };
    found.push(...page[member] as T[]);
    if (page.next === null) return found;
    after = `&after=${segment(page.next)}`;
  }
}
