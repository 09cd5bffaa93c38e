/** What our certificates say: the hash of a TLSA record 3 1 1 (RFC 6698 section 2.1), and the names they are for. */
import { createHash, X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { lowerAscii } from "../../base/ascii.ts";
import type { Config } from "../config/mod.ts";

type TlsConfig = Pick<Config, "hostname" | "dataDir" | "tls">;

/** Whether one of the server's certificates is for `name`, and not out of its time (`now`: milliseconds since 1970). */
export async function bearsName(config: TlsConfig, name: string, now: number): Promise<boolean> {
  const inTime = (one: X509Certificate) => Date.parse(one.validFrom) <= now && now <= Date.parse(one.validTo);
  return (await certificatesOf(config)).some((one) => isFor(one, name) && inTime(one));
}

/** Hexadecimal; null where no certificate can be read. The certificate is the one that clients at `hostname` get. */
export async function keyDigest(config: TlsConfig): Promise<string | null> {
  const found = await certificatesOf(config);
  const shown = found.find((one) => isFor(one, config.hostname)) ?? found[0];
  if (shown === undefined) return null;
  const spki = shown.publicKey.export({ type: "spki", format: "der" });
  return createHash("sha256").update(spki).digest("hex");
}

async function certificatesOf(config: TlsConfig): Promise<X509Certificate[]> {
  const { certificates } = config.tls;
  const files = certificates.length > 0
    ? certificates.map(({ certFile }) => certFile)
    : [join(config.dataDir, "tls", "server.pem")]; // what `ensureDemoCertificate` makes
  const found: X509Certificate[] = [];
  for (const file of files) {
    try {
      // Asking for a permission that was not given would stop at a prompt.
      if ((await Deno.permissions.query({ name: "read", path: file })).state !== "granted") continue;
      found.push(new X509Certificate(await readFile(file, "utf8")));
    } catch {
      // a file that is not there, or not yet
    }
  }
  return found;
}

/** RFC 6125 section 6.4: a star stands for the first label. The runtime's `checkHost` knows no stars. */
function isFor(certificate: X509Certificate, host: string): boolean {
  const above = `*${host.slice(Math.max(0, host.indexOf(".")))}`;
  const names = (certificate.subjectAltName ?? "").split(", ").map((one) => lowerAscii(one));
  return names.includes(`dns:${host}`) || names.includes(`dns:${above}`);
}
