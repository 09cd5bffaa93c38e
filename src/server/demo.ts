import type { Storage } from "../storage/storage.ts";
import type { Clock } from "./clock.ts";
import type { DemoConfig } from "./config/mod.ts";
import { makeCredentials } from "./credentials.ts";

/** Makes the demo's domain and accounts where they are not there yet; what people changed stays as it is. */
export async function ensureDemo(storage: Storage, demo: DemoConfig, clock: Clock): Promise<void> {
  const domains = await storage.perform("domain.list", {});
  if (domains.some((domain) => domain.name === demo.domain)) return;
  await storage.perform("domain.add", { name: demo.domain, now: clock.wall() });
  await Promise.all(demo.accounts.map(async ({ address, name, password }) => {
    const credentials = await makeCredentials(password);
    if ("refused" in credentials) throw new Error(`demo account ${address}: ${credentials.text}`);
    const quota = { bytes: null, messages: null };
    await storage.perform("account.add", { address, name, quota, credentials, now: clock.wall() });
  }));
}
