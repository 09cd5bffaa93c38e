/** What the DNS says now of the records that a domain needs, compared by what they mean, not by their letters. */
import { type Address, formatAddress } from "../../base/address.ts";
import type { DnsAnswer, DnsRecord, DnsType, Program } from "../../contract/mod.ts";
import type { DkimKeyInfo, DnsFinding, DnsRecordAdvice } from "../../http/deps.ts";
import {
  checkHost,
  isSpfRecord,
  matchesStsPolicy,
  parseDmarcRecord,
  parseStsRecord,
  parseTlsReportRecord,
  type ReportUri,
  type StsPolicy,
} from "../../mailauth/mod.ts";
import { clientAddress, reverseName } from "../../mailauth/spf/ip_address.ts";
import { lookUpKey } from "../dkim/look_up.ts";
import { runProgram } from "../run_program.ts";

export interface CheckParts {
  readonly resolve: (name: string, type: DnsType) => Promise<DnsAnswer>;
  /** Wall clock, milliseconds since 1970. */
  readonly now: () => number;
  readonly hostname: string;
  /** Whose addresses others see: the relay where all goes through one, else this server. */
  readonly sendingHost: string;
  readonly dkim: readonly DkimKeyInfo[];
  /** Whether an address of a domain of ours leads to nobody. */
  readonly leadsNowhere: (address: Address) => Promise<boolean>;
  /** Our MTA-STS policy; null: none, or one of mode `none`. */
  readonly policy: StsPolicy | null;
  /** Whether a certificate that this server shows over HTTPS is good for a name; null: others do HTTPS for it. */
  readonly bearsName: (name: string) => Promise<boolean | null>;
}

type Found = Pick<DnsFinding, "status" | "found" | "detail">;
type Check = (record: DnsRecordAdvice, parts: CheckParts) => Promise<Found>;

/** Compares a record with the DNS; null for advice that cannot be looked up. Never rejects for what the DNS says. */
export async function checkRecord(record: DnsRecordAdvice, parts: CheckParts): Promise<DnsFinding | null> {
  const check = CHECKS[record.kind];
  return check === null ? null : { ...record, ...await check(record, parts) };
}

const CHECKS: Readonly<Record<DnsRecordAdvice["kind"], Check | null>> = {
  mx: checkMx,
  address: checkAddress,
  ptr: checkPointer,
  spf: checkSpf,
  spfHost: checkSpf,
  dkim: checkDkim,
  dmarc: (record, parts) => checkReports(record, parts, "v=DMARC1", readDmarc, dmarcReaders),
  sts: (record, parts) => checkText(record, parts, "v=STSv1", readSts),
  stsHost: checkStsHost,
  tlsReport: (record, parts) => checkReports(record, parts, "v=TLSRPTv1", readTlsReport, parseTlsReportRecord),
  tlsa: checkTlsa,
  srv: checkService,
  caa: null,
};

async function checkMx(record: DnsRecordAdvice, { resolve, policy }: CheckParts): Promise<Found> {
  const answer = await resolve(bare(record.name), "MX");
  if (answer.kind !== "ok") return without(record, answer);
  const wanted = bare(record.value.split(" ")[1]!);
  const found = recordsOf(answer, "MX").sort((a, b) => a.preference - b.preference);
  const texts = found.map(({ preference, exchange }) => `${preference} ${exchange}.`);
  if (!found.some(({ exchange }) => exchange === wanted)) {
    return different(texts, `mail goes to ${texts.join(", ")}; add: ${line(record)}`);
  }
  const others = found.filter(({ exchange }) => exchange !== wanted).map(({ exchange }) => exchange);
  const strange = policy === null ? [] : others.filter((host) => !matchesStsPolicy(policy, host));
  if (strange.length > 0) {
    const names = strange.join(", ");
    return different(texts, `mail may also go to ${names}, which the MTA-STS policy does not name: see mtaSts.mx`);
  }
  return ok(texts, others.length === 0 ? "" : `mail may also go to ${others.join(", ")}`);
}

async function checkAddress(record: DnsRecordAdvice, { resolve }: CheckParts): Promise<Found> {
  const type = record.type as "A" | "AAAA";
  const answer = await resolve(bare(record.name), type);
  if (answer.kind !== "ok") return without(record, answer);
  const found = answer.records.flatMap((one) => one.type === type ? [one.address] : []);
  const wanted = record.value.startsWith("<") ? null : clientAddress(record.value);
  const right = wanted === null || found.some((one) => sameAddress(one, record.value));
  return right ? ok(found) : different(found, `the server listens at ${record.value}; add: ${line(record)}`);
}

/** Each address has a name that is ours. */
async function checkPointer(record: DnsRecordAdvice, parts: CheckParts): Promise<Found> {
  const addresses = await addressesOf(parts.hostname, parts.resolve);
  if (addresses.length === 0) return unknown(`${parts.hostname} has no address yet`);
  const found: string[] = [];
  const wrong: string[] = [];
  for (const address of addresses) {
    const parsed = clientAddress(address);
    if (parsed === null) continue;
    const name = reverseName(parsed);
    const answer = await parts.resolve(name, "PTR");
    if (answer.kind === "tempfail") return unknown(answer.reason);
    const names = answer.kind === "ok" ? recordsOf(answer, "PTR").map((one) => (one as { name: string }).name) : [];
    found.push(...names.map((one) => `${one}.`));
    if (!names.includes(parts.hostname)) wrong.push(`${name}. IN PTR ${record.value}`);
  }
  if (wrong.length === 0) return ok(found);
  const fix = `ask whoever gave you the address for: ${wrong.join(" and ")}`;
  return found.length === 0 ? { status: "missing", found, detail: fix } : different(found, fix);
}

/** Not the letters of the record count, but whether the addresses that send pass it. */
async function checkSpf(record: DnsRecordAdvice, parts: CheckParts): Promise<Found> {
  const { resolve, sendingHost, hostname } = parts;
  const domain = bare(record.name);
  const answer = await resolve(domain, "TXT");
  if (answer.kind !== "ok") return without(record, answer);
  const found = textsOf(answer).filter(isSpfRecord);
  if (found.length === 0) return missing(record);
  // RFC 7208 section 4.5: several records are an error, and no mail passes.
  if (found.length > 1) return different(found, `there are ${found.length} SPF records; leave only: ${line(record)}`);
  const addresses = await addressesOf(sendingHost, resolve);
  if (addresses.length === 0) return unknown(`${sendingHost} has no address yet`, found);
  for (const address of addresses) {
    const query = { address, domain, sender: `postmaster@${domain}`, helo: hostname, receiver: null };
    const { result, why } = await run(checkHost(query), parts);
    if (result === "temperror") return unknown(why, found);
    if (result !== "pass") {
      return different(found, `mail from ${address} gets "${result}"; the simplest that passes is: ${line(record)}`);
    }
  }
  return ok(found);
}

async function checkDkim(record: DnsRecordAdvice, { dkim, resolve }: CheckParts): Promise<Found> {
  const key = dkim.find(({ selector }) => selector === record.selector);
  if (key === undefined) return unknown("the key is gone");
  const domain = key.name.slice(key.selector.length + "._domainkey.".length);
  const { status, detail } = await lookUpKey(domain, key, resolve);
  if (key.state === "retired") return status === "missing" ? ok([], "is not needed any more") : ok([]);
  return { status, found: [], detail: status === "ok" ? "" : detail };
}

function readDmarc(text: string): string | null {
  const read = parseDmarcRecord(text);
  if (read === null || read.p === null) return "says no policy that others could follow";
  return null;
}

function readSts(text: string, record: DnsRecordAdvice): string | null {
  const id = parseStsRecord(text);
  if (id === null) return "is broken";
  return record.value.includes(`id=${id}"`) ? null : "is not that of the policy that is served now";
}

function readTlsReport(text: string): string | null {
  return /^v=TLSRPTv1[ \t]*;[ \t]*rua=(mailto:|https:)[^;]+;?[ \t]*$/.test(text) ? null : "is broken";
}

/** A TXT record that must stand alone among those of its version. */
async function checkText(
  record: DnsRecordAdvice,
  { resolve }: CheckParts,
  version: string,
  wrong: (text: string, record: DnsRecordAdvice) => string | null,
): Promise<Found> {
  const answer = await resolve(bare(record.name), "TXT");
  if (answer.kind !== "ok") return without(record, answer);
  const found = textsOf(answer).filter((text) => text.replace(/[ \t]/g, "").startsWith(version));
  if (found.length === 0) return missing(record);
  if (found.length > 1) return different(found, `there are ${found.length} of them; leave only: ${line(record)}`);
  const fault = wrong(found[0]!, record);
  return fault === null ? ok(found) : different(found, `the record ${fault}; it should be: ${line(record)}`);
}

function dmarcReaders(text: string): readonly ReportUri[] | null {
  return parseDmarcRecord(text)?.rua ?? null;
}

/** The same of a record that asks for reports: somebody must be there to read them. */
async function checkReports(
  record: DnsRecordAdvice,
  parts: CheckParts,
  version: string,
  wrong: (text: string) => string | null,
  readers: (text: string) => readonly ReportUri[] | null,
): Promise<Found> {
  const found = await checkText(record, parts, version, wrong);
  if (found.status !== "ok") return found;
  for (const { address } of readers(found.found[0] ?? "") ?? []) {
    if (address === null || !await parts.leadsNowhere(address)) continue;
    return different(found.found, `asks for reports at ${formatAddress(address)}, which nobody has: ${line(record)}`);
  }
  return found;
}

/** RFC 8461 section 3.3: a policy counts only where it comes with a certificate for the name. */
async function checkStsHost(record: DnsRecordAdvice, parts: CheckParts): Promise<Found> {
  const { resolve, hostname } = parts;
  const name = bare(record.name);
  const answers = await Promise.all((["A", "AAAA"] as const).map((type) => resolve(name, type)));
  const found = answers.flatMap(addressesIn);
  if (found.length === 0) return without(record, answers.find(({ kind }) => kind === "tempfail") ?? answers[0]!);
  const ours = await addressesOf(hostname, resolve);
  if (!found.some((one) => ours.some((other) => sameAddress(one, other)))) {
    return ok(found, "leads to another host, which must pass the policy on");
  }
  switch (await parts.bearsName(name)) {
    case true:
      return ok(found);
    case false:
      return different(
        found,
        `leads here, but no certificate of tls.certificates is for ${name}, so nobody believes it`,
      );
    case null:
      return ok(found, `this server has no HTTPS: whatever does it here needs a certificate for ${name}`);
  }
}

/** A wrong TLSA record is worse than none: those who look refuse to send. */
async function checkTlsa(record: DnsRecordAdvice, { resolve }: CheckParts): Promise<Found> {
  const answer = await resolve(bare(record.name), "TLSA");
  if (answer.kind !== "ok") return without(record, answer);
  const found = recordsOf(answer, "TLSA").map(({ usage, selector, matching, data }) =>
    `${usage} ${selector} ${matching} ${data.toHex()}`
  );
  if (!found.includes(record.value)) {
    return different(found, `senders that know DANE refuse this server until there is: ${line(record)}`);
  }
  return ok(found, answer.authenticated ? "" : "no DNSSEC was seen, so nobody heeds it");
}

async function checkService(record: DnsRecordAdvice, { resolve }: CheckParts): Promise<Found> {
  const answer = await resolve(bare(record.name), "SRV");
  if (answer.kind !== "ok") return without(record, answer);
  const found = recordsOf(answer, "SRV").map(({ priority, weight, port, target }) =>
    `${priority} ${weight} ${port} ${target}.`
  );
  const end = record.value.split(" ").slice(2).join(" "); // order and weight are a matter of taste
  const right = found.some((one) => one.split(" ").slice(2).join(" ") === end);
  return right ? ok(found) : different(found, `it should be: ${line(record)}`);
}

/** A record as a line of a zone file. */
function line({ name, type, value }: DnsRecordAdvice): string {
  return `${name} IN ${type} ${value}`;
}

function bare(name: string): string {
  return name.slice(0, -1);
}

const ok = (found: readonly string[], detail = ""): Found => ({ status: "ok", found, detail });
const different = (found: readonly string[], detail: string): Found => ({ status: "different", found, detail });
const unknown = (detail: string, found: readonly string[] = []): Found => ({ status: "unknown", found, detail });
const missing = (record: DnsRecordAdvice): Found => ({ status: "missing", found: [], detail: `add: ${line(record)}` });

/** A failure to answer is never taken for "there is none". */
function without(record: DnsRecordAdvice, answer: DnsAnswer): Found {
  return answer.kind === "tempfail" ? unknown(answer.reason) : missing(record);
}

function recordsOf<T extends DnsRecord["type"]>(
  answer: Extract<DnsAnswer, { kind: "ok" }>,
  type: T,
): Extract<DnsRecord, { type: T }>[] {
  return answer.records.filter((record): record is Extract<DnsRecord, { type: T }> => record.type === type);
}

function textsOf(answer: Extract<DnsAnswer, { kind: "ok" }>): string[] {
  return recordsOf(answer, "TXT").map(({ text }) => text);
}

function addressesIn(answer: DnsAnswer): string[] {
  return answer.kind === "ok" ? answer.records.flatMap((one) => "address" in one ? [one.address] : []) : [];
}

async function addressesOf(host: string, resolve: CheckParts["resolve"]): Promise<string[]> {
  if (clientAddress(host) !== null) return [host];
  const answers = await Promise.all((["A", "AAAA"] as const).map((type) => resolve(host, type)));
  return answers.flatMap(addressesIn).slice(0, 8);
}

function sameAddress(one: string, other: string): boolean {
  const [a, b] = [clientAddress(one), clientAddress(other)];
  return a !== null && b !== null && reverseName(a) === reverseName(b);
}

function run<R>(program: Program<R>, { resolve, now }: Pick<CheckParts, "resolve" | "now">): Promise<R> {
  const perform = (op: string, args: unknown) => {
    if (op === "clock.now") return now();
    if (op !== "dns.resolve") throw new Error(`checking does not ask ${op}`);
    const { name, type } = args as { name: string; type: DnsType };
    return resolve(name, type);
  };
  return runProgram(program, perform as never, () => {});
}
