import { rootCertificates } from "node:tls";
import type { Config } from "../config/mod.ts";
import type { ServerParts } from "../house.ts";

/** What the certificates of MX hosts may lead to, as PEM; null: what the runtime trusts. */
export async function exchangeAuthorities(
  { outbound }: Config,
  parts: Pick<ServerParts, "ca">,
): Promise<string | null> {
  if (parts.ca !== undefined) return parts.ca;
  if (outbound.ca === null) return null;
  const own = await Deno.readTextFile(outbound.ca).catch((error: Error) => {
    throw new Error(`outbound.ca: ${error.message}`, { cause: error });
  });
  return [...rootCertificates, own].join("\n");
}
