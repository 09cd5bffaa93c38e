/**
 * Lines in the store end in CRLF; in files they end in LF, in CRLF, or in both. What is taken in keeps a mark of how its
 * lines ended, so that it can be given back octet by octet: empty for LF alone, `crlf` for CRLF alone, else `mixed:` and
 * how many lines ended in LF, then in CRLF, then in LF … in base 36. A CR elsewhere is an octet like others.
 */
import { concatBytes } from "../base/bytes.ts";

const [LF, CR] = [10, 13];
const MIXED = "mixed:";
/** Characters of a mark. A file whose lines change more often than this holds does not come back as it was. */
export const MARK_LIMIT = 65_536;

/** For a stream in any cuts: puts a CR before each LF that has none, and knows afterwards how it was. */
export class ToCrlf {
  #afterCr = false;
  /** Of LF, then CRLF, then LF …; the last one still grows. */
  readonly #runs: number[] = [0];
  #length = MIXED.length;
  #lost = false;
  #lf = 0;
  #crlf = 0;

  push(chunk: Uint8Array): Uint8Array {
    const bare: number[] = [];
    for (let at = chunk.indexOf(LF); at >= 0; at = chunk.indexOf(LF, at + 1)) {
      const whole = at > 0 ? chunk[at - 1] === CR : this.#afterCr;
      this.#count(whole);
      if (!whole) bare.push(at);
    }
    if (chunk.length > 0) this.#afterCr = chunk[chunk.length - 1] === CR;
    return bare.length === 0 ? chunk : withCrs(chunk, bare);
  }

  /** The mark of what came; `lost`: it is longer than a mark may be, and says only how most lines ended. */
  mark(): { readonly mark: string; readonly lost: boolean } {
    if (this.#crlf === 0) return { mark: "", lost: false };
    if (this.#lf === 0) return { mark: "crlf", lost: false };
    if (this.#lost) return { mark: this.#crlf > this.#lf ? "crlf" : "", lost: true };
    return { mark: MIXED + this.#runs.map((run) => run.toString(36)).join(","), lost: false };
  }

  #count(crlf: boolean): void {
    if (crlf) this.#crlf++;
    else this.#lf++;
    if (this.#lost) return;
    const isCrlfRun = this.#runs.length % 2 === 0;
    if (isCrlfRun === crlf) this.#runs[this.#runs.length - 1]!++;
    else {
      this.#length += this.#runs[this.#runs.length - 1]!.toString(36).length + 1;
      this.#runs.push(1);
      this.#lost = this.#length + 11 > MARK_LIMIT;
    }
  }
}

function withCrs(chunk: Uint8Array, bare: readonly number[]): Uint8Array {
  const out = new Uint8Array(chunk.length + bare.length);
  let from = 0;
  let to = 0;
  for (const at of bare) {
    out.set(chunk.subarray(from, at), to);
    to += at - from;
    out[to++] = CR;
    from = at;
  }
  out.set(chunk.subarray(from), to);
  return out;
}

/** The way back: octets of the store to those of the file that had this mark. A mark that is none is taken for LF. */
export class FromCrlf {
  readonly #runs: readonly number[] | null;
  readonly #keeps: boolean;
  #run = 0;
  #used = 0;
  #heldCr = false;

  constructor(mark: string) {
    this.#keeps = mark === "crlf";
    this.#runs = mark.startsWith(MIXED)
      ? mark.slice(MIXED.length).split(",").map((run) => parseInt(run, 36) || 0)
      : null;
  }

  push(chunk: Uint8Array): Uint8Array {
    if (this.#keeps || chunk.length === 0) return chunk;
    const all = this.#heldCr ? concatBytes([Uint8Array.of(CR), chunk]) : chunk;
    this.#heldCr = all[all.length - 1] === CR;
    const end = this.#heldCr ? all.length - 1 : all.length;
    const out = new Uint8Array(end);
    let from = 0;
    let to = 0;
    for (let at = all.indexOf(LF); at >= 0; at = all.indexOf(LF, at + 1)) {
      if (at === 0 || all[at - 1] !== CR || this.#nextIsCrlf()) continue;
      out.set(all.subarray(from, at - 1), to);
      to += at - 1 - from;
      from = at;
    }
    out.set(all.subarray(from, end), to);
    return out.subarray(0, to + end - from);
  }

  /** What was held back. */
  finish(): Uint8Array {
    return this.#heldCr ? Uint8Array.of(CR) : new Uint8Array(0);
  }

  #nextIsCrlf(): boolean {
    if (!this.#runs) return false;
    while (this.#run < this.#runs.length && this.#used >= this.#runs[this.#run]!) {
      this.#run++;
      this.#used = 0;
    }
    this.#used++;
    return this.#run % 2 === 1;
  }
}
