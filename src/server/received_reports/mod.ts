/**
 * Reports that others send about our domains (RFC 9990, 8460, 9991): read as they come, and summed up for `palomar dmarc`
 * and `palomar tls-reports`.
 *
 * - `find_reports.ts` takes them out of a message, by `unpack.ts`; `dmarc_rows.ts` and `tls_rows.ts` make rows of them,
 *   `stored_rows.ts` keeps these for `report_book.ts`, `views.ts` shows them. `asked_for.ts` asks whether a record wants
 *   them.
 *
 * Rules: everything in a report is a stranger's word, and bounded. One is read at a time. Only what is shown to be from
 * whoever reports is read, and it counts under that name. Nothing is ever sent in answer. Why:
 * [adr/0026](../../adr/0026-reports-of-others.md).
 */
import type { AnswerOf, Args, LogEvent, Program, ReportProblem } from "../../contract/mod.ts";
import { logEvent } from "../../contract/mod.ts";
import { organizationOfList } from "../../mailauth/dmarc/public_suffix.ts";
import { isReportAddress } from "../../mta/report_mail.ts";
import type { Storage } from "../../storage/storage.ts";
import { asksFor } from "./asked_for.ts";
import { ReportBudget } from "./budget.ts";
import { findReports, type FoundReport } from "./find_reports.ts";
import { ownDomainOf, type ReportBook } from "./report_book.ts";
import type { Added } from "./stored_rows.ts";

export interface ReceivedReportsParts {
  readonly storage: Storage;
  readonly book: ReportBook;
  /** For questions to the DNS. */
  readonly run: <R>(program: Program<R>) => Promise<R>;
  readonly now: () => number;
  readonly log: (event: LogEvent) => void;
}

type Received = Args<"report.receive">;
type Answer = AnswerOf<"report.receive">;

/** Messages that wait for the one that is being read. */
const WAITING = 20;

export class ReceivedReports {
  readonly #parts: ReceivedReportsParts;
  readonly #budget = new ReportBudget();
  #waiting = 0;
  #last: Promise<unknown> = Promise.resolve();

  constructor(parts: ReceivedReportsParts) {
    this.#parts = parts;
  }

  /** Answers `report.receive`, when those before are done. Rejects where the store fails. */
  async receive(args: Received): Promise<Answer> {
    if (this.#waiting >= WAITING) return { unread: "busy" };
    this.#waiting++;
    const reading = this.#last.then(() => this.#read(args));
    this.#last = reading.catch(() => {});
    try {
      return await reading;
    } finally {
      this.#waiting--;
    }
  }

  async #read(args: Received): Promise<Answer> {
    const { storage, log } = this.#parts;
    const { about, author, recipients } = args;
    const offered = recipients.some(isReportAddress);
    // Before anything is unpacked: whoever only says that it is a report costs a look at the DNS, if that.
    if (!offered && about !== null) {
      if (await this.#own(about) === null) return { unread: "others" };
      if (!await this.#asked(["dmarc", "tls"], about, recipients)) return { unread: "notAsked" };
    }
    if (!this.#budget.allows(organizationOfList(author), this.#parts.now())) return { unread: "busy" };
    const read: string[] = [];
    let problem: ReportProblem = "none";
    for await (const { octets, ...found } of findReports(args.blobId, storage)) {
      this.#budget.spend(organizationOfList(author), octets);
      const answer = await this.#take(found, offered, args);
      if (typeof answer === "string") {
        problem = answer;
        log(logEvent("info", "report.notRead", { author, why: found.kind === "damaged" ? found.why : answer }));
      } else {
        read.push(answer.said);
        log(logEvent("info", "report.read", { author, said: answer.said }));
      }
    }
    return read.length > 0 ? { read } : { unread: problem };
  }

  async #take(found: FoundReport, offered: boolean, args: Received): Promise<ReportProblem | { said: string }> {
    if (found.kind === "damaged") return "damaged";
    const domain = found.kind === "dmarc" ? found.report.policy.domain : found.report.domain;
    const own = domain === null ? null : await this.#own(domain);
    if (domain === null || own === null) return "others";
    if (!offered && !await this.#asked([found.kind], domain, args.recipients)) return "notAsked";
    const added = await this.#add(own, found, args);
    return { said: `A ${WORDS[found.kind]} of ${args.author} about ${domain} came ${ENDS[added]}.` };
  }

  #add(own: string, found: Exclude<FoundReport, { kind: "damaged" }>, { author, blobId }: Received): Promise<Added> {
    const { book } = this.#parts;
    switch (found.kind) {
      case "dmarc":
        return book.addDmarc(own, found.report, author);
      case "tls":
        return book.addTls(own, found.report, author);
      case "failure":
        return book.addFailure(own, found.report, author, blobId);
    }
  }

  #own(name: string): Promise<string | null> {
    return ownDomainOf(name, this.#parts.storage);
  }

  async #asked(
    kinds: readonly ("dmarc" | "tls" | "failure")[],
    domain: string,
    recipients: readonly string[],
  ): Promise<boolean> {
    for (const kind of kinds) if (await this.#parts.run(asksFor(kind, domain, recipients))) return true;
    return false;
  }
}

const WORDS = { dmarc: "DMARC report", tls: "TLS report", failure: "DMARC failure report" } as const;
const ENDS: Readonly<Record<Added, string>> = {
  added: "and was read",
  known: "and was known already",
  old: "and was passed over: it is about a day too long ago, or to come",
  tooMany: "and was passed over: there were too many of this day",
};
