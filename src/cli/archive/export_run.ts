/** Exports mailboxes to a folder: first it is seen what is there already, then what is missing is fetched. */
import type { AclLine, FrameHead } from "../../archive/mod.ts";
import { BrokenStream, eachMessage } from "../../archive/io/messages_in.ts";
import type { ExportedHead, ExportedMailbox, Target, TargetMailbox } from "../../archive/io/target.ts";
import { type Admin, segment } from "../admin.ts";
import { EXIT, Exit } from "../exit.ts";
import type { Io } from "../io.ts";
import { exitOf, textOf } from "./import_run.ts";
import { Progress } from "./progress.ts";
import { type Count, Summary } from "./summary.ts";

export interface ExportRun {
  readonly admin: Admin;
  readonly io: Io;
  readonly address: string;
  /** The only mailbox; null: all. */
  readonly mailbox: string | null;
  /** Milliseconds since 1970; null: all messages. */
  readonly since: number | null;
  readonly asJson: boolean;
}

interface MailboxView {
  readonly mailbox: string;
  readonly role: string | null;
  readonly subscribed: boolean;
  readonly uidValidity: number;
  readonly uidNext: number;
  readonly messages: number;
}

/** Answers the exit code. */
export async function runExport(target: Target, run: ExportRun): Promise<number> {
  const summary = new Summary();
  const progress = new Progress(run.io, !run.asJson);
  const views = await mailboxesOf(run);
  const rights = await rightsOf(run);
  const exported: ExportedMailbox[] = [];
  try {
    for (const view of views) {
      const mailbox = { ...view, levels: view.mailbox.split("/"), acl: rights.get(view.mailbox) ?? [] };
      exported.push(mailbox);
      const count = summary.begin(view.mailbox);
      progress.begin(view.mailbox, view.messages);
      const open = await target.open(mailbox);
      if ("left" in open) {
        if (open.left === null) count.there = view.messages;
        else summary.remark({ where: view.mailbox, problem: open.left, lost: true });
      } else await exportMailbox(view, open, run, count, summary, progress);
    }
    await target.finish(exported, run.mailbox === null);
  } catch (error) {
    progress.clear();
    summary.print(run.io, "exported", run.asJson);
    const code = error instanceof Exit ? error.code : EXIT.temporary;
    throw new Exit(code, `${(error as Error).message}\nThe same command goes on where this one ended.`);
  }
  progress.clear();
  summary.print(run.io, "exported", run.asJson);
  return summary.isIncomplete ? EXIT.refused : EXIT.ok;
}

async function mailboxesOf({ admin, address, mailbox }: ExportRun): Promise<readonly MailboxView[]> {
  const { mailboxes } = await admin.request("GET", `/accounts/${segment(address)}/mailboxes`) as {
    readonly mailboxes: readonly MailboxView[];
  };
  if (mailbox === null) return mailboxes;
  const found = mailboxes.filter((one) => one.mailbox === mailbox);
  if (found.length > 0) return found;
  throw new Exit(
    EXIT.refused,
    `${address} has no mailbox ${mailbox}; it has ${mailboxes.map((one) => one.mailbox).join(", ")}`,
  );
}

async function rightsOf({ admin, address }: ExportRun): Promise<ReadonlyMap<string, readonly AclLine[]>> {
  const { mailboxes } = await admin.request("GET", `/accounts/${segment(address)}/acl`) as {
    readonly mailboxes: readonly { readonly mailbox: string; readonly entries: readonly AclLine[] }[];
  };
  return new Map(mailboxes.map(({ mailbox, entries }) => [mailbox, entries]));
}

async function exportMailbox(
  view: MailboxView,
  target: TargetMailbox,
  run: ExportRun,
  count: Count,
  summary: Summary,
  progress: Progress,
): Promise<void> {
  try {
    const missing = new UidRuns();
    await fetchFrames(run, view, "octets=no", async (head) => {
      if (await target.wants(head)) return missing.add(head.uid, true);
      missing.add(head.uid, false);
      count.there++;
      progress.add(1, 0);
    });
    for (const { first, last } of missing.runs) {
      await fetchFrames(run, view, `first=${first}&last=${last}`, async (head, octets) => {
        await target.write(head, octets);
        count.done++;
        count.bytes += head.size;
        progress.add(1, head.size);
      });
    }
    for (const problem of await target.finish()) summary.remark({ where: target.where, problem, lost: false });
  } catch (error) {
    await target.abandon().catch(() => {});
    if (error instanceof BrokenStream) {
      throw new Exit(EXIT.temporary, `the messages of ${view.mailbox} broke off: ${error.message}`);
    }
    if (error instanceof Exit) throw error;
    throw new Exit(EXIT.temporary, `${target.where}: ${(error as Error).message}`);
  }
}

async function fetchFrames(
  { admin, address, since }: ExportRun,
  { mailbox }: MailboxView,
  query: string,
  take: (head: ExportedHead, octets: AsyncIterable<Uint8Array>) => Promise<void>,
): Promise<void> {
  const from = since === null ? "" : `&since=${since}`;
  const path = `/accounts/${segment(address)}/messages?mailbox=${encodeURIComponent(mailbox)}&${query}${from}`;
  const { status, octets } = await admin.stream("GET", path, null, null);
  if (status !== 200) throw exitOf(status, await textOf(octets));
  await eachMessage(octets, (head, body) => take(complete(head), body));
}

function complete(head: FrameHead): ExportedHead {
  return { ...head, uid: head.uid ?? 0, internalDate: head.internalDate ?? 0, flags: head.flags ?? [] };
}

/** UIDs as runs: neighbours among all messages that are there, not among all numbers. */
class UidRuns {
  readonly runs: { first: number; last: number }[] = [];
  #goesOn = false;

  add(uid: number, isIn: boolean): void {
    const open = this.runs[this.runs.length - 1];
    if (isIn && this.#goesOn && open) open.last = uid;
    else if (isIn) this.runs.push({ first: uid, last: uid });
    this.#goesOn = isIn;
  }
}
