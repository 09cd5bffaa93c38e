/** Imports what a source holds, in requests that are each a transaction; what is there already is passed over. */
import { basename } from "node:path";
import { FRAMES_TYPE, isFlag, printHead } from "../../archive/mod.ts";
import { type Source, SourceBroken, type SourceMailbox, type SourceMessage } from "../../archive/io/source.ts";
import { type Admin, detailOf, segment } from "../admin.ts";
import { EXIT, Exit } from "../exit.ts";
import type { Io } from "../io.ts";
import { Progress } from "./progress.ts";
import { type Count, Summary } from "./summary.ts";

/** Bounds of one request. */
const BATCH = { messages: 250, octets: 8_388_608 } as const;
/** Octets that messages may keep in memory while it is asked which of them are there. */
const KEPT = 16_777_216;
const NAME_LIMIT = 1000;

export interface ImportRun {
  readonly admin: Admin;
  readonly io: Io;
  readonly address: string;
  readonly dryRun: boolean;
  /** Milliseconds since 1970; null: all messages. */
  readonly since: number | null;
  readonly asJson: boolean;
}

/** Answers the exit code. */
export async function runImport(source: Source, run: ImportRun): Promise<number> {
  const summary = new Summary();
  const progress = new Progress(run.io, !run.asJson);
  for (const problem of source.problems) summary.remark(problem);
  try {
    for (const mailbox of source.mailboxes) await new MailboxImport(mailbox, run, summary, progress).run();
  } catch (error) {
    progress.clear();
    if (error instanceof Exit) {
      summary.print(run.io, "imported", run.asJson);
      throw new Exit(error.code, `${error.message}\nThe same command goes on where this one ended.`);
    }
    throw error;
  }
  progress.clear();
  summary.print(run.io, run.dryRun ? "to import" : "imported", run.asJson);
  return summary.isIncomplete ? EXIT.refused : EXIT.ok;
}

class MailboxImport {
  readonly #mailbox: SourceMailbox;
  readonly #run: ImportRun;
  readonly #summary: Summary;
  readonly #progress: Progress;
  readonly #count: Count;
  readonly #path: string;

  constructor(mailbox: SourceMailbox, run: ImportRun, summary: Summary, progress: Progress) {
    this.#mailbox = mailbox;
    this.#run = run;
    this.#summary = summary;
    this.#progress = progress;
    this.#path = mailbox.levels.join("/");
    this.#count = summary.begin(this.#path);
  }

  async run(): Promise<void> {
    this.#progress.begin(this.#path, this.#mailbox.count);
    await this.#prepare();
    let window: SourceMessage[] = [];
    let kept = 0;
    for await (const next of this.#mailbox.messages()) {
      if ("problem" in next) {
        this.#count.failed += next.lost ? 1 : 0;
        this.#summary.remark(next);
        continue;
      }
      if (this.#run.since !== null && next.internalDate < this.#run.since) continue;
      window.push(next);
      kept += next.kept;
      if (window.length < BATCH.messages && kept < KEPT) continue;
      await this.#take(window);
      [window, kept] = [[], 0];
    }
    await this.#take(window);
    await this.#finish();
  }

  get #base(): string {
    return `/accounts/${segment(this.#run.address)}`;
  }

  async #prepare(): Promise<void> {
    if (this.#run.dryRun) return;
    const { uidValidity, role, subscribed } = this.#mailbox;
    const answer = await this.#run.admin.request("PUT", `${this.#base}/mailboxes`, {
      mailbox: this.#path,
      ...(uidValidity !== null && uidValidity > 0 && { uidValidity }),
      ...(role !== null && /^(?:drafts|sent|trash|junk|archive)$/.test(role) && { role }),
      ...(subscribed && { subscribed }),
    }) as { readonly adopted: boolean };
    if (uidValidity === null) return;
    this.#count.uidValidityKept = answer.adopted;
    if (answer.adopted) return;
    const problem =
      `UIDVALIDITY ${uidValidity} is not kept, because ${this.#path} has had messages here or its name was ` +
      "another mailbox's; mail programs fetch this mailbox anew";
    this.#summary.remark({ where: this.#mailbox.where, problem, lost: false });
  }

  async #finish(): Promise<void> {
    const { uidNext, acl, where } = this.#mailbox;
    if (this.#count.otherUids > 0) {
      const problem = `${this.#count.otherUids} messages got other UIDs than they had: theirs were given here already`;
      this.#summary.remark({ where, problem, lost: false });
    }
    if (this.#run.dryRun) return;
    if (uidNext !== null && uidNext > 0) {
      await this.#run.admin.request("PUT", `${this.#base}/mailboxes`, { mailbox: this.#path, uidNext });
    }
    for (const { identifier, rights } of acl) {
      try {
        await this.#run.admin.request("PUT", `${this.#base}/acl`, { mailbox: this.#path, identifier, rights });
      } catch (error) {
        if (!(error instanceof Exit) || error.code !== EXIT.refused) throw error;
        const problem = `the rights of ${identifier} are left out: ${error.message}`;
        this.#summary.remark({ where, problem, lost: false });
      }
    }
  }

  /** Those of the messages that are not there yet, in batches. */
  async #take(messages: readonly SourceMessage[]): Promise<void> {
    if (messages.length === 0) return;
    const keys = messages.map(({ key }) => key);
    const { known } = await this.#run.admin.request("POST", `${this.#base}/messages/known`, { keys }) as {
      readonly known: readonly boolean[];
    };
    let batch: SourceMessage[] = [];
    let octets = 0;
    for (const [i, message] of messages.entries()) {
      if (known[i]) {
        this.#count.there++;
        this.#progress.add(1, 0);
        continue;
      }
      if (octets + message.size > BATCH.octets && batch.length > 0) {
        await this.#send(batch);
        [batch, octets] = [[], 0];
      }
      batch.push(message);
      octets += message.size;
    }
    if (batch.length > 0) await this.#send(batch);
  }

  /** Sends a batch; a message that cannot be read is left out, and the others are sent again. */
  async #send(batch: readonly SourceMessage[]): Promise<void> {
    let left = [...batch];
    while (left.length > 0) {
      const broken: { message: SourceMessage | null; error: SourceBroken | null } = { message: null, error: null };
      const octets = this.#frames(left, (message, error) => Object.assign(broken, { message, error }));
      if (this.#run.dryRun) {
        for await (const _ of octets);
        if (broken.message === null) this.#tell(left, left.map(() => ({ uid: null, lineEndsLost: false })));
      } else {
        const path = `${this.#base}/messages?mailbox=${encodeURIComponent(this.#path)}`;
        const answer = await this.#run.admin.stream("POST", path, octets, FRAMES_TYPE);
        const text = await textOf(answer.octets);
        if (broken.message === null) {
          if (answer.status !== 200) throw exitOf(answer.status, text);
          this.#tell(left, (JSON.parse(text) as { results: Result[] }).results);
        }
      }
      if (broken.message === null) return;
      const { message, error } = broken;
      this.#count.failed++;
      this.#summary.remark({ where: error?.where ?? message.where, problem: error?.message ?? "", lost: true });
      left = left.filter((one) => one !== message);
    }
  }

  /** The messages as one stream. It ends early, within a message, where one cannot be read: then nothing is stored. */
  async *#frames(
    messages: readonly SourceMessage[],
    broken: (message: SourceMessage, error: SourceBroken) => void,
  ): AsyncGenerator<Uint8Array> {
    for (const message of messages) {
      yield printHead({
        size: message.size,
        internalDate: message.internalDate,
        flags: this.#flags(message),
        key: message.key,
        name: message.name.length <= NAME_LIMIT ? message.name : basename(message.name).slice(0, NAME_LIMIT),
        ...(message.uid !== null && { uid: message.uid }),
      });
      try {
        for await (const piece of message.open()) yield piece;
      } catch (error) {
        if (!(error instanceof SourceBroken)) throw error;
        broken(message, error);
        return;
      }
    }
  }

  #flags({ flags, where }: SourceMessage): string[] {
    const right = flags.filter((flag) => isFlag(flag)).slice(0, 200);
    if (right.length < flags.length) {
      this.#summary.remark({
        where,
        problem: "some of its keywords can be none of IMAP and are left out",
        lost: false,
      });
    }
    return right;
  }

  #tell(messages: readonly SourceMessage[], results: readonly Result[]): void {
    for (const [i, { uid, size, where }] of messages.entries()) {
      const result = results[i];
      if (result === undefined) continue;
      const isNew = result.uid !== null || this.#run.dryRun;
      this.#count[isNew ? "done" : "there"]++;
      if (isNew) this.#count.bytes += size;
      if (uid !== null && result.uid !== null && result.uid !== uid) this.#count.otherUids++;
      if (result.lineEndsLost) {
        const problem = "its lines end in LF and CRLF by turns, too often to be remembered; an export makes them alike";
        this.#summary.remark({ where, problem, lost: false });
      }
      this.#progress.add(1, size);
    }
  }
}

interface Result {
  readonly uid: number | null;
  readonly lineEndsLost: boolean;
}

export async function textOf(octets: AsyncIterable<Uint8Array>): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const piece of octets) text += decoder.decode(piece, { stream: true });
  return text + decoder.decode();
}

export function exitOf(status: number, text: string): Exit {
  return new Exit(status >= 500 || status === 408 ? EXIT.temporary : EXIT.refused, detailOf(status, text));
}
