/** Web Push from the configuration. */
import { rootCertificates } from "node:tls";
import type { DnsAnswer, DnsType } from "../../contract/mod.ts";
import type { VapidKey } from "../../web_push/mod.ts";
import type { Config } from "../config/mod.ts";
import { outwardRequest } from "../tls_policy/outward_request.ts";
import { findVapidKey } from "./keys.ts";
import { WebPush, type WebPushParts } from "./mod.ts";
import { PushSender } from "./sender.ts";

interface CreateParts extends Pick<WebPushParts, "storage" | "clock" | "log" | "metrics" | "hub" | "users"> {
  readonly config: Config;
  readonly resolve: (name: string, type: DnsType) => Promise<DnsAnswer>;
}

/** Nothing is sent before `start`, but the codes of new subscriptions. */
export function createWebPush(
  { config, resolve, ...parts }: CreateParts,
): { readonly webPush: WebPush; readonly vapidKey: () => Promise<VapidKey> } {
  const { jmap: { push }, hostname, storage } = config;
  let found: Promise<VapidKey> | null = null;
  const key = () =>
    found ??= findVapidKey(parts.storage).catch((error) => {
      found = null; // the store may answer the next time
      throw error;
    });
  const ca = push.ca === null ? undefined : [...rootCertificates, Deno.readTextFileSync(push.ca)].join("\n");
  const request = outwardRequest({
    resolve,
    privateAddresses: push.privateAddresses,
    ...(ca === undefined ? {} : { ca }),
  });
  const subject = push.contact ?? `mailto:postmaster@${hostname}`;
  const sender = new PushSender({ request, clock: parts.clock, key, subject });
  const webPush = new WebPush({ ...parts, sender, key, limits: push, isShared: storage.driver === "postgres" });
  return { webPush, vapidKey: key };
}
