import { LineScan } from "./line_scan.ts";

/** What broke a body's lines: RFC 5321 section 2.3.8 forbids CR and LF apart from each other. */
export type BareBreak = "bareCr" | "bareLf";

/** Where the decoder stands. The words are for the octets just before. */
type Place = "lineStart" | "text" | "cr" | "dot" | "dotCr";

/**
 * Takes the dots out of a body (RFC 5321 section 4.5.2) while it streams in, as views of what it is given.
 *
 * Only CRLF.CRLF ends the data (section 4.1.1.4), and the CRLF of the DATA command counts as the first. A bare CR or
 * LF anywhere is remembered and nothing more is given out, but the true end is still looked for: so that whatever a
 * smuggler puts behind LF.LF is body, and refused with it.
 */
export class DotDecoder {
  #place: Place = "lineStart";
  #ended = false;
  #broken: BareBreak | null = null;

  /** The end has come; what is behind it belongs to the next command. */
  get ended(): boolean {
    return this.#ended;
  }

  /** The first bare break, or null. Final once the data has ended. */
  get broken(): BareBreak | null {
    return this.#broken;
  }

  /**
   * Reads octets and appends views of the decoded ones to `out`. Returns how many octets it took: all of them, or up
   * to the end of the data.
   */
  decode(bytes: Uint8Array, out: Uint8Array[]): number {
    const end = bytes.length;
    if (end === 0 || this.#ended) return 0;
    const scan = new LineScan(bytes);
    let kept = 0; // start of what is not given out yet
    let i = 0;
    // A dot, or a dot and CR, from the last piece are not part of the text: `kept` starts behind what they become.
    while (i < end) {
      switch (this.#place) {
        case "lineStart":
          if (bytes[i] === 46) {
            this.#give(bytes, kept, i, out);
            kept = ++i;
            this.#place = "dot";
          } else this.#place = "text";
          break;
        case "text": {
          const at = scan.next(i);
          if (at >= end) {
            i = end;
          } else if (bytes[at] === 10) {
            this.#break("bareLf");
            i = at + 1;
          } else {
            this.#place = "cr";
            i = at + 1;
          }
          break;
        }
        case "cr":
          if (bytes[i] === 10) {
            this.#place = "lineStart";
            i++;
          } else {
            this.#break("bareCr");
            this.#place = "text"; // which looks at this octet: it may be the CR of a line end
          }
          break;
        case "dot":
          if (bytes[i] === 13) {
            this.#place = "dotCr";
            i++;
          } else this.#place = "text";
          break;
        case "dotCr":
          if (bytes[i] === 10) {
            this.#ended = true;
            return i + 1;
          }
          this.#break("bareCr");
          this.#place = "text";
      }
    }
    if (this.#place !== "dotCr") this.#give(bytes, kept, end, out);
    return end;
  }

  #give(bytes: Uint8Array, start: number, end: number, out: Uint8Array[]): void {
    if (end > start && this.#broken === null) out.push(bytes.subarray(start, end));
  }

  #break(kind: BareBreak): void {
    this.#broken ??= kind;
  }
}

/** Looks for bare CR and LF in text that is not dot-stuffed (BDAT, RFC 3030), piece by piece. */
export class BreakChecker {
  #afterCr = false;
  #broken: BareBreak | null = null;

  /** Looks at the next piece. */
  check(bytes: Uint8Array): void {
    if (this.#broken !== null || bytes.length === 0) return;
    let i = 0;
    if (this.#afterCr) {
      if (bytes[0] !== 10) return void (this.#broken = "bareCr");
      i = 1;
      this.#afterCr = false;
    }
    const scan = new LineScan(bytes);
    while ((i = scan.next(i)) < bytes.length) {
      if (bytes[i] === 10) return void (this.#broken = "bareLf");
      if (i + 1 === bytes.length) return void (this.#afterCr = true);
      if (bytes[i + 1] !== 10) return void (this.#broken = "bareCr");
      i += 2;
    }
  }

  /** The first bare break, once the text has ended; a CR at the very end is one. */
  finish(): BareBreak | null {
    return this.#broken ?? (this.#afterCr ? "bareCr" : null);
  }
}
