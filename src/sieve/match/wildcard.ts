/**
 * `:matches` (RFC 5228 section 2.7.1): `*` is any text, `?` any one character, a backslash makes the next one plain.
 * The pattern is cut at its stars. The first piece stands at the start, the last at the end, those between are looked
 * for from left to right, each where it comes first; that is right because a star takes as little as it can (RFC 5229
 * section 3.2), and it never goes back.
 */
import type { Budget } from "./budget.ts";
import { type Comparator, type ComparedText, symbols } from "./comparator.ts";

const ANY = -1; // stands for `?`

/** A pattern, read once. */
export interface WildcardPattern {
  /** Pieces between the stars; one piece: there is no star. */
  readonly pieces: readonly Int32Array[];
}

/** Reads a pattern. Every text is one. */
export function wildcardPattern(text: string, comparator: Comparator): WildcardPattern {
  const pieces: Int32Array[] = [];
  let plain = "";
  let piece: number[] = [];
  const flush = () => {
    for (const code of symbols(plain, comparator)) piece.push(code);
    plain = "";
  };
  for (let i = 0; i < text.length; i++) {
    const char = text[i]!;
    if (char === "\\" && i + 1 < text.length) plain += text[++i]!;
    else if (char === "?") {
      flush();
      piece.push(ANY);
    } else if (char === "*") {
      flush();
      pieces.push(Int32Array.from(piece));
      piece = [];
    } else plain += char;
  }
  flush();
  pieces.push(Int32Array.from(piece));
  return { pieces };
}

/** What each wildcard took, behind the whole text at 0; or null where the text is another. Both have one comparator. */
export function matchWildcard(pattern: WildcardPattern, line: ComparedText, budget: Budget): readonly string[] | null {
  const starts = placePieces(pattern.pieces, line.symbols, budget);
  if (starts === null) return null;
  const out = [line.text];
  pattern.pieces.forEach((piece, index) => {
    const start = starts[index]!;
    if (index > 0) out.push(line.slice(starts[index - 1]! + pattern.pieces[index - 1]!.length, start));
    piece.forEach((code, i) => {
      if (code === ANY) out.push(line.slice(start + i, start + i + 1));
    });
  });
  return out;
}

/** Where each piece stands. */
function placePieces(pieces: readonly Int32Array[], line: Int32Array, budget: Budget): number[] | null {
  budget.look(line.length);
  const first = pieces[0]!;
  if (!standsAt(first, line, 0, budget)) return null;
  if (pieces.length === 1) return first.length === line.length ? [0] : null;
  const starts = [0];
  let from = first.length;
  for (const piece of pieces.slice(1, -1)) {
    const at = find(piece, line, from, budget);
    if (at < 0) return null;
    starts.push(at);
    from = at + piece.length;
  }
  const last = pieces.at(-1)!;
  const at = line.length - last.length;
  if (at < from || !standsAt(last, line, at, budget)) return null;
  starts.push(at);
  return starts;
}

function standsAt(piece: Int32Array, line: Int32Array, at: number, budget: Budget): boolean {
  if (at + piece.length > line.length) return false;
  let i = 0;
  while (i < piece.length && (piece[i] === ANY || piece[i] === line[at + i])) i++;
  budget.spend(i / 64);
  return i === piece.length;
}

/** The first place at or behind `from`. A piece without `?` by Knuth, Morris and Pratt; with it, place by place. */
function find(piece: Int32Array, line: Int32Array, from: number, budget: Budget): number {
  if (piece.length === 0) return from;
  if (piece.includes(ANY)) {
    for (let at = from; at + piece.length <= line.length; at++) if (standsAt(piece, line, at, budget)) return at;
    return -1;
  }
  const back = borders(piece);
  let matched = 0;
  for (let i = from; i < line.length; i++) {
    while (matched > 0 && piece[matched] !== line[i]) matched = back[matched - 1]!;
    if (piece[matched] === line[i]) matched++;
    if (matched === piece.length) return i + 1 - matched;
  }
  return -1;
}

/** For each prefix the length of its longest proper border. */
function borders(piece: Int32Array): Int32Array {
  const back = new Int32Array(piece.length);
  let length = 0;
  for (let i = 1; i < piece.length; i++) {
    while (length > 0 && piece[i] !== piece[length]) length = back[length - 1]!;
    if (piece[i] === piece[length]) length++;
    back[i] = length;
  }
  return back;
}
