/**
 * Reports of others about our domains that come by mail (RFC 9990, 8460, 9991). They are read before they are accepted,
 * so that 250 means that they are known; each is known by its id, so that it counts once however often it comes.
 *
 * Nothing is ever sent in answer. What comes to an address that only takes reports and is none is refused, bounces apart,
 * for whose sender there is nobody.
 */
import { lowerAscii } from "../base/ascii.ts";
import { type Args, ask, type JournalEntry, type Program, type Refusal, type ReportProblem } from "../contract/mod.ts";
import { authorOf } from "../mailauth/mod.ts";
import { organizationOfList } from "../mailauth/dmarc/public_suffix.ts";
import type { Plan } from "../mda/mod.ts";
import { fieldDecoded, findField, type HeaderField } from "../message/header.ts";
import { paramOf, parseParameterized } from "../message/params.ts";
import type { Authentication } from "./authenticate.ts";
import type { ReceivePolicy } from "./policy.ts";

/** Local parts that take reports at each domain of ours, unless somebody has the address; the first two are offered. */
export const REPORT_LOCALS = { dmarc: "dmarc-reports", tls: "tls-reports", sender: "noreply-dmarc" } as const;

const LOCALS: ReadonlySet<string> = new Set(Object.values(REPORT_LOCALS));

/** The domain that a message was shown to be from; `later`: the DNS did not answer. */
export type ProvenAuthor = { readonly domain: string } | { readonly unproven: "fails" | "later" };

/** The option of routing that lets those local parts exist. */
export function takingReports({ readReports }: ReceivePolicy): { takesReports?: (local: string) => boolean } {
  return readReports ? { takesReports: (local) => LOCALS.has(local) } : {};
}

/** Whether this address is for reports alone; its domain is one of ours, else nobody would have accepted it. */
export function isReportAddress(forwardPath: string): boolean {
  return LOCALS.has(lowerAscii(forwardPath.slice(0, forwardPath.lastIndexOf("@"))));
}

/**
 * Whose report it is. Of an author without a policy (RFC 9989 section 4.10.1) it is enough that SPF or DKIM speak for the
 * same organization; RFC 8460 section 5.3 wants a signature of whoever reports.
 */
export function provenAuthor({ dmarc, spf: { mailFrom }, dkim }: Authentication): ProvenAuthor {
  const { domain, result } = dmarc;
  if (domain === null) return { unproven: "fails" };
  if (result === "pass") return { domain };
  if (result === "temperror") return { unproven: "later" };
  if (result === "fail") return { unproven: "fails" };
  const passed = [...dkim, mailFrom].filter((one) => one.result === "pass");
  const organization = organizationOfList(domain);
  return passed.some((one) => organizationOfList(lowerAscii(one.domain)) === organization)
    ? { domain }
    : { unproven: "fails" };
}

/** Of mail that is not checked, since it comes from a server of our own. */
export function claimedAuthor(fields: readonly HeaderField[]): ProvenAuthor {
  const author = authorOf(fields);
  const domain = author.kind === "domains" ? author.domains[0] : undefined;
  return domain === undefined ? { unproven: "fails" } : { domain };
}

/** What is to be written down, and whether the message is refused for it. */
export type TakenReport = { readonly journal: readonly JournalEntry[]; readonly refusal?: Refusal };

/** Reads the report in a message, where there is reason to look for one. */
export function* takeReport(
  args: Args<"message.receive">,
  fields: readonly HeaderField[],
  plan: Plan,
  checked: { readonly author: ProvenAuthor; readonly junk: boolean },
  now: number,
): Program<TakenReport> {
  const about = aboutOf(fields);
  if (plan.reports.size === 0 && about === null && !isFailureReport(fields)) return { journal: [] };
  const problem = yield* read(args, about, checked);
  if (typeof problem !== "string") {
    return { journal: problem.read.map((detail) => ({ at: now, event: "report", recipient: null, detail })) };
  }
  // Whoever has a mailbox gets the message in any case; a refusal would cost them it.
  const nobodyElse = plan.results.every((refusal, index) => refusal !== null || plan.reports.has(index));
  if (plan.reports.size === 0 || !nobodyElse) return noted(PROBLEMS[problem], now);
  if (args.envelope.sender.reversePath === "" && about === null && BOUNCES.has(problem)) {
    return noted({ ...PROBLEMS.none, text: "This is a bounce, and there is nobody to read it" }, now);
  }
  return { ...noted(PROBLEMS[problem], now), refusal: PROBLEMS[problem] };
}

type Problem = ReportProblem | "unproven" | "unprovenYet";

/** What may be found of a bounce, which seldom shows who it is from. */
const BOUNCES: ReadonlySet<Problem> = new Set(["none", "unproven", "unprovenYet"]);

function* read(
  { blobId, envelope }: Args<"message.receive">,
  about: string | null,
  { author, junk }: { readonly author: ProvenAuthor; readonly junk: boolean },
): Program<Problem | { readonly read: readonly string[] }> {
  if ("unproven" in author) return author.unproven === "later" ? "unprovenYet" : "unproven";
  if (junk) return "unproven";
  const recipients = envelope.recipients.map(({ forwardPath }) => forwardPath);
  const answer = yield* ask("report.receive", { blobId, recipients, author: author.domain, about });
  return "read" in answer ? answer : answer.unread;
}

function noted({ text }: Refusal, at: number): TakenReport {
  return { journal: [{ at, event: "report", recipient: null, detail: `No report was read: ${text}.` }] };
}

const PROBLEMS: Readonly<Record<Problem, Refusal>> = {
  none: { code: 550, enhanced: "5.7.1", text: "This address takes only reports (DMARC, TLS), and this is none" },
  damaged: { code: 550, enhanced: "5.6.0", text: "The report cannot be unpacked or understood" },
  others: { code: 550, enhanced: "5.7.1", text: "The report is about a domain that is not served here" },
  notAsked: { code: 550, enhanced: "5.7.1", text: "The domain's record does not ask for reports at this address" },
  busy: { code: 451, enhanced: "4.3.2", text: "Too many reports are being read, try again later" },
  unproven: { code: 550, enhanced: "5.7.1", text: "The report does not show who it is from (SPF, DKIM)" },
  unprovenYet: { code: 451, enhanced: "4.7.0", text: "Who the report is from cannot be looked up now" },
};

/** The domain that a message says it reports on (RFC 9990 section 3.5.2, RFC 8460 section 5.3), lower case. */
function aboutOf(fields: readonly HeaderField[]): string | null {
  const named = findField(fields, "tls-report-domain");
  const subject = findField(fields, "subject");
  const text = named !== undefined
    ? fieldDecoded(named)
    : /^\s*Report[ _-]Domain:\s*([^\s;]{1,255})/i.exec(subject === undefined ? "" : fieldDecoded(subject))?.[1] ?? "";
  const domain = lowerAscii(text.trim()).replace(/\.$/, "");
  return /^[^\s@<>"]{1,255}$/.test(domain) ? domain : null;
}

/** RFC 6591 section 3: `multipart/report; report-type=feedback-report`. */
function isFailureReport(fields: readonly HeaderField[]): boolean {
  const type = findField(fields, "content-type");
  if (type === undefined) return false;
  const { value, params } = parseParameterized(fieldDecoded(type));
  return lowerAscii(value) === "multipart/report" &&
    lowerAscii(paramOf(params, "report-type") ?? "") === "feedback-report";
}
