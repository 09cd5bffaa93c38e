import { formatSize } from "../../server/config/units.ts";
import type { Io } from "../io.ts";
import { printable, table } from "../table.ts";

/** What became of a mailbox. */
export interface Count {
  readonly mailbox: string;
  /** Imported or exported. */
  done: number;
  /** They were there already. */
  there: number;
  /** Left out: something is wrong with them. */
  failed: number;
  bytes: number;
  /** Whether it has the UIDVALIDITY of its source; null: that had none. */
  uidValidityKept: boolean | null;
  /** Messages that got another UID than they had. */
  otherUids: number;
}

/** Something that a person should know. */
export interface Remark {
  readonly where: string;
  readonly problem: string;
  readonly lost: boolean;
}

/** Remarks that are kept; of the others there is a count. */
const REMARKS = 200;

export class Summary {
  readonly counts: Count[] = [];
  readonly remarks: Remark[] = [];
  moreRemarks = 0;
  #lost = 0;

  begin(mailbox: string): Count {
    const count = { mailbox, done: 0, there: 0, failed: 0, bytes: 0, uidValidityKept: null, otherUids: 0 };
    this.counts.push(count);
    return count;
  }

  remark(remark: Remark): void {
    if (remark.lost) this.#lost++;
    if (this.remarks.length < REMARKS) this.remarks.push(remark);
    else this.moreRemarks++;
  }

  /** Whether something was left out. */
  get isIncomplete(): boolean {
    return this.#lost > 0;
  }

  /** `verb`: what the numbers count, as "imported". */
  print(io: Io, verb: string, asJson: boolean): void {
    if (asJson) {
      const { counts, remarks, moreRemarks } = this;
      return io.out(JSON.stringify({ mailboxes: counts, remarks, moreRemarks }, null, 2) + "\n");
    }
    for (const { where, problem } of this.remarks) io.err(`${printable(where)}: ${printable(problem)}\n`);
    if (this.moreRemarks > 0) io.err(`and ${this.moreRemarks} more of these\n`);
    const rows = this.counts.map(({ mailbox, done, there, failed, bytes }) => [
      mailbox,
      String(done),
      String(there),
      String(failed),
      formatSize(bytes),
    ]);
    io.out(table(["MAILBOX", verb.toUpperCase(), "THERE", "LEFT OUT", "SIZE"], rows));
  }
}
