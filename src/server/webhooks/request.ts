import { rootCertificates } from "node:tls";
import type { DnsAnswer, DnsType } from "../../contract/mod.ts";
import type { WebhooksConfig } from "../config/config.ts";
import { type OutwardRequest, outwardRequest } from "../tls_policy/outward_request.ts";

/** How receivers are asked, by the configuration. Rejects where its file of certificates cannot be read. */
export async function webhookRequest(
  { ca, http, privateNetworks }: WebhooksConfig,
  resolve: (name: string, type: DnsType) => Promise<DnsAnswer>,
): Promise<OutwardRequest> {
  const own = ca === null ? null : await Deno.readTextFile(ca).catch((error: Error) => {
    throw new Error(`webhooks.ca: ${error.message}`, { cause: error });
  });
  return outwardRequest({
    resolve,
    privateAddresses: privateNetworks,
    plain: http,
    ...(own === null ? {} : { ca: [...rootCertificates, own].join("\n") }),
  });
}
