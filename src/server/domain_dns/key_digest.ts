/** What a TLSA record 3 1 1 holds (RFC 6698 section 2.1): a hash of the public key that a server shows. */
import { createHash, X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Config } from "../config/mod.ts";

/** Hexadecimal; null where no certificate can be read. The certificate is the one that clients at `hostname` get. */
export async function keyDigest(config: Pick<Config, "hostname" | "dataDir" | "tls">): Promise<string | null> {
  const { certificates } = config.tls;
  const files = certificates.length > 0
    ? certificates.map(({ certFile }) => certFile)
    : [join(config.dataDir, "tls", "server.pem")]; // what `ensureDemoCertificate` makes
  const found: X509Certificate[] = [];
  for (const file of files) {
    try {
      found.push(new X509Certificate(await readFile(file, "utf8")));
    } catch {
      // a file that is not there, or not yet
    }
  }
  const shown = found.find((one) => one.checkHost(config.hostname) !== undefined) ?? found[0];
  if (shown === undefined) return null;
  const spki = shown.publicKey.export({ type: "spki", format: "der" });
  return createHash("sha256").update(spki).digest("hex");
}
