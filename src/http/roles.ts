/** What an account may administer: a record beside it, which goes with it. */
import type { AccountId } from "../contract/mod.ts";
import type { HttpDeps } from "./deps.ts";

/** Nothing but itself; domains and all that is in them; or the whole server. */
export type Role =
  | { readonly role: "none" }
  | { readonly role: "domain"; readonly domains: readonly string[] }
  | { readonly role: "server" };

type Store = Pick<HttpDeps, "perform" | "now">;

/** Domains of one administrator. */
export const MOST_DOMAINS = 1000;
const PAGE = 100;

/** What somebody may administer. A record that cannot be read is no role. */
export async function roleOf({ perform, now }: Store, accountId: AccountId): Promise<Role> {
  const record = await perform("record.get", { kind: "role", key: accountId, now: now() });
  return record === null ? { role: "none" } : readRole(record.value);
}

/** False: the account is gone. */
export async function setRole({ perform, now }: Store, accountId: AccountId, role: Role): Promise<boolean> {
  if (role.role === "none") {
    await perform("record.remove", { kind: "role", key: accountId });
    return true;
  }
  const value = JSON.stringify(role);
  const done = await perform("record.put", { kind: "role", key: accountId, value, accountId, now: now() });
  return !("refused" in done);
}

/** A domain is gone: whoever has it next is not administered by those who administered it before. */
export async function forgetDomain(store: Store, domain: string): Promise<void> {
  for (let after = "";;) {
    const args = { kind: "role", now: store.now(), limit: PAGE } as const;
    const page = await store.perform("record.list", { ...args, ...(after !== "" && { after }) });
    for (const { key, value } of page) {
      const role = readRole(value);
      if (role.role !== "domain" || !role.domains.includes(domain)) continue;
      const domains = role.domains.filter((one) => one !== domain);
      await setRole(store, key as AccountId, domains.length === 0 ? { role: "none" } : { role: "domain", domains });
    }
    if (page.length < PAGE) return;
    after = page.at(-1)!.key;
  }
}

/** Whether the second may do nothing that the first may not. */
export function covers(domains: readonly string[], role: Role): boolean {
  return role.role === "none" || (role.role === "domain" && role.domains.every((one) => domains.includes(one)));
}

function readRole(value: string): Role {
  const { role, domains } = JSON.parse(value) as { role?: unknown; domains?: unknown };
  if (role === "server") return { role };
  if (role !== "domain" || !Array.isArray(domains)) return { role: "none" };
  return { role, domains: domains.filter((one) => typeof one === "string") };
}
