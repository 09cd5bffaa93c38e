/** The certificates of a server's doors: those of the configuration, else one of its own authority. */
import { join } from "node:path";
import { Certificates, type ReloadReport } from "../net/certificates.ts";
import { ensureDemoCertificate } from "../net/demo_ca.ts";
import type { Config } from "./config/mod.ts";
import type { Logger } from "./log.ts";

/** Loaded when the first door with TLS opens, and once for all doors. */
export class OwnCertificates {
  readonly #config: Config;
  #loaded: Certificates | null = null;
  #caFile: string | null = null;

  constructor(config: Config) {
    this.#config = config;
  }

  /** The certificate of the server's own authority, or null where certificates are configured, or none was needed. */
  get caFile(): string | null {
    return this.#caFile;
  }

  /** Rejects where a file cannot be read, or none can be made. */
  async load(logger: Logger): Promise<Certificates> {
    if (this.#loaded) return this.#loaded;
    let files = this.#config.tls.certificates;
    if (files.length === 0) {
      const made = await this.#make();
      this.#caFile = made.caFile;
      files = [made];
      if (!this.#config.demo) {
        logger.log("warn", "certificate.selfMade", {
          hint: "no certificate is configured: clients will warn; set tls.certificates",
          authority: made.caFile,
        });
      }
    }
    return this.#loaded = await Certificates.load(files, await clientAuthorities(this.#config));
  }

  /** Reads them again; nothing where none was loaded. */
  async reload(logger: Logger | undefined): Promise<readonly ReloadReport[]> {
    const reports = await this.#loaded?.reload() ?? [];
    for (const report of reports) {
      if (report.ok) logger?.log("info", "certificate.loaded", { file: report.certFile });
      else logger?.log("error", "certificate.refused", { file: report.certFile, error: report.error });
    }
    return reports;
  }

  async #make(): ReturnType<typeof ensureDemoCertificate> {
    const { dataDir, hostname } = this.#config;
    try {
      return await ensureDemoCertificate(join(dataDir, "tls"), [hostname, "localhost", "127.0.0.1", "::1"]);
    } catch (error) {
      const message = `no certificate is configured, and none can be made in ${dataDir}`;
      throw new Error(`${message} (${(error as Error).message}): set tls.certificates`, { cause: error });
    }
  }
}

/** One PEM text of all files, or null where clients have no certificates. */
async function clientAuthorities({ tls }: Config): Promise<string | null> {
  if (tls.clientAuthorities.length === 0) return null;
  return (await Promise.all(tls.clientAuthorities.map((file) => Deno.readTextFile(file)))).join("\n");
}
