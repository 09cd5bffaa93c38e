/**
 * The DNS of a domain of ours: what is to be published, whether it is, and the policy that some of it speaks of.
 *
 * - `records.ts` makes the list, `check.ts` compares it with the DNS, `sts_policy.ts` and `key_digest.ts` give parts.
 *
 * Rules: a check never takes a failure to answer for a missing record; it compares what records mean, because others
 * than ours may be right too. Nothing is ever written to the DNS.
 */
import { type Address, formatAddress } from "../../base/address.ts";
import type { DnsAnswer, DnsType } from "../../contract/mod.ts";
import type { DkimAdmin, DnsAdmin, DnsFinding, DnsRecordAdvice } from "../../http/deps.ts";
import { parseStsPolicy } from "../../mailauth/mod.ts";
import { isReportAddress } from "../../mta/report_mail.ts";
import type { Storage } from "../../storage/storage.ts";
import type { Config } from "../config/mod.ts";
import { checkRecord } from "./check.ts";
import { bearsName, keyDigest } from "./key_digest.ts";
import { domainRecords } from "./records.ts";
import { stsPolicy } from "./sts_policy.ts";

export interface DomainDnsParts {
  readonly config: Pick<Config, "hostname" | "dataDir" | "tls" | "listeners" | "mtaSts" | "outbound" | "readReports">;
  readonly storage: Pick<Storage, "perform">;
  readonly dkim: Pick<DkimAdmin, "list">;
  readonly resolve: (name: string, type: DnsType) => Promise<DnsAnswer>;
  /** Wall clock, milliseconds since 1970. */
  readonly now: () => number;
}

export function createDomainDns({ config, storage, dkim, resolve, now }: DomainDnsParts): DnsAdmin {
  const records = async (domain: string): Promise<readonly DnsRecordAdvice[]> => {
    const [keys, digest] = await Promise.all([dkim.list(domain), keyDigest(config)]);
    return domainRecords({ config, domain, dkim: keys, keyDigest: digest });
  };
  return {
    records,
    async check(domain) {
      const { hostname, outbound, listeners, mtaSts } = config;
      const hasHttps = listeners.some(({ protocol, tls }) => protocol === "http" && tls === "implicit");
      const parts = {
        resolve,
        now,
        hostname,
        sendingHost: outbound.relay?.protocol === "smtp" ? outbound.relay.host : hostname,
        dkim: await dkim.list(domain),
        policy: mtaSts.mode === "none" ? null : parseStsPolicy(stsPolicy(config)),
        leadsNowhere: async (address: Address) => {
          const text = formatAddress(address);
          if (config.readReports && isReportAddress(text)) return false;
          return (await storage.perform("address.resolve", { address: text })).kind === "unknown";
        },
        bearsName: async (name: string) => hasHttps ? await bearsName(config, name, now()) : null,
      };
      const findings = await Promise.all((await records(domain)).map((record) => checkRecord(record, parts)));
      return findings.filter((one): one is DnsFinding => one !== null);
    },
    async stsPolicy(domain) {
      const domains = await storage.perform("domain.list", {});
      return domains.some(({ name }) => name === domain) ? stsPolicy(config) : null;
    },
  };
}
