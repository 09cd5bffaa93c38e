/** The content filters of a server, one after the other: the first that refuses decides, what is added is added by all. */
import { fieldsText } from "../../abuse/mod.ts";
import { joinRanges } from "../../base/octet_ranges.ts";
import type { AnswerOf, Args, BlobId, JournalEntry, LogEvent, Refusal } from "../../contract/mod.ts";
import { logEvent } from "../../contract/mod.ts";
import type { Counter, Metrics } from "../metrics.ts";
import type { Storage } from "../../storage/storage.ts";
import type { ContentFilter, FieldChanges, FilterMessage, FilterVerdict } from "./content_filter.ts";

type Received = Args<"message.receive">;
type Answer = AnswerOf<"message.receive">;

export interface FilterParts {
  readonly filters: readonly ContentFilter[];
  readonly storage: Storage;
  readonly metrics: Metrics;
  /** Wall clock. */
  readonly now: () => number;
}

const TIMEOUT_MS = 60_000;
const REJECTED: Refusal = { code: 550, enhanced: "5.7.1", text: "The message was refused by a content filter" };
const DEFERRED: Refusal = { code: 451, enhanced: "4.7.1", text: "The message cannot be checked now, try again later" };

export class FilterChain {
  readonly #parts: FilterParts;
  readonly #counter: Counter;

  constructor(parts: FilterParts) {
    this.#parts = parts;
    this.#counter = parts.metrics.counter("palomar_filter_verdicts_total", "What content filters said.", ["action"]);
  }

  /** Asks all filters, then `next` with what they add. */
  async receive(
    args: Received,
    signals: readonly string[],
    log: (event: LogEvent) => void,
    next: (args: Received) => Promise<Answer>,
  ): Promise<Answer> {
    const { filters } = this.#parts;
    const message = await this.#message(args, signals);
    let changed: Pick<FilterMessage, "fields" | "removed"> = { fields: [], removed: [] };
    const journal: JournalEntry[] = [];
    let junk = false;
    for (const filter of filters) {
      const { verdict, failure } = await ask(filter, { ...message, ...changed });
      this.#counter.add([failure === null ? verdict.action : "failed"]);
      if (verdict.action === "accept" && failure === null) {
        changed = changedBy(verdict, changed, message.bodyStart);
        continue;
      }
      const detail = `The filter ${filter.name} says ${verdict.action}${failure === null ? "" : `: ${failure}`}.`;
      const level = failure === null ? "info" : "warn";
      log(
        logEvent(level, "message.filtered", {
          traceId: args.traceId,
          filter: filter.name,
          action: verdict.action,
          failure,
        }),
      );
      journal.push({ at: this.#parts.now(), event: "filtered", recipient: null, detail });
      if (verdict.action === "accept") continue;
      if (verdict.action === "quarantine") {
        junk = true;
        changed = changedBy(verdict, changed, message.bodyStart);
        continue;
      }
      await this.#tell(args, journal);
      return answerOf(args, verdict);
    }
    if (journal.length > 0) await this.#tell(args, journal);
    const { fields, removed: cut } = changed;
    return await next({ ...args, fields: fieldsText(fields), junk, ...(cut.length > 0 && { cut }) });
  }

  async #tell({ traceId }: Received, entries: readonly JournalEntry[]): Promise<void> {
    await this.#parts.storage.perform("journal.add", { traceId, entries });
  }

  async #message(
    args: Received,
    signals: readonly string[],
  ): Promise<Omit<FilterMessage, "fields" | "removed">> {
    const { storage } = this.#parts;
    const { blobId, size, envelope, peer, traceId } = args;
    const index = await storage.perform("blob.index", { blobId: blobId as BlobId });
    const inside = (at: number) => Math.max(0, Math.min(size, at));
    return {
      envelope,
      peer,
      signals,
      traceId,
      size,
      bodyStart: index?.root.bodyStart ?? 0,
      read: (start, end) => storage.readBlob(blobId, inside(start), Math.max(inside(start), inside(end))),
    };
  }
}

/** What stands before the message, and what of its header is left, after one more filter. */
function changedBy(
  { fields = [], remove = [] }: FieldChanges,
  before: Pick<FilterMessage, "fields" | "removed">,
  bodyStart: number,
): Pick<FilterMessage, "fields" | "removed"> {
  const octets = remove.filter((place) => typeof place !== "number")
    .map(({ start, end }) => ({ start: Math.max(0, start), end: Math.min(bodyStart, end) }));
  return {
    fields: [...before.fields.filter((_, place) => !remove.includes(place)), ...fields],
    removed: octets.length === 0 ? before.removed : joinRanges([...before.removed, ...octets]),
  };
}

/** One filter's verdict, or what its failure comes to. */
async function ask(
  filter: ContentFilter,
  message: FilterMessage,
): Promise<{ verdict: FilterVerdict; failure: string | null }> {
  const abort = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error("it took too long")), filter.timeoutMs ?? TIMEOUT_MS);
  });
  try {
    return { verdict: await Promise.race([filter.check(message, abort.signal), late]), failure: null };
  } catch (error) {
    const failure = String((error as Error)?.message ?? error);
    abort.abort();
    return { verdict: { action: filter.onFailure ?? "tempfail" }, failure };
  } finally {
    clearTimeout(timer);
  }
}

function answerOf(args: Received, verdict: FilterVerdict): Answer {
  switch (verdict.action) {
    case "reject":
      return { refused: within(verdict.refusal, 500, REJECTED) };
    case "tempfail":
      return { refused: within(verdict.refusal, 400, DEFERRED) };
    default:
      return { accepted: args.traceId, recipients: args.envelope.recipients.map(() => null) };
  }
}

/** A refusal of the right hundred, whose words are one line of ASCII. */
function within(refusal: Refusal | undefined, hundred: number, otherwise: Refusal): Refusal {
  if (!refusal || refusal.code < hundred || refusal.code > hundred + 99 || refusal.code === 421) return otherwise;
  const text = refusal.text.replace(/[^\x20-\x7e]+/g, " ").slice(0, 400);
  const enhanced = /^[45]\.\d{1,3}\.\d{1,3}$/.test(refusal.enhanced) ? refusal.enhanced : otherwise.enhanced;
  return { code: refusal.code, enhanced, text };
}
