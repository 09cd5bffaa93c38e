/** As much of DER (X.690 section 10) as reading a certificate takes. Lengths are checked, nothing is copied. */

/** One element: `[start, end)` with its head, `[from, end)` its content. */
export interface DerElement {
  readonly tag: number;
  readonly start: number;
  readonly from: number;
  readonly end: number;
}

/** The element at `at`, which must end before `limit`; null where there is none. */
export function derAt(octets: Uint8Array, at: number, limit: number = octets.length): DerElement | null {
  const tag = octets[at];
  const first = octets[at + 1];
  if (tag === undefined || first === undefined || at + 2 > limit || (tag & 0x1f) === 0x1f) return null;
  let from = at + 2;
  let length = first;
  if (first >= 0x80) {
    const size = first - 0x80;
    if (size === 0 || size > 3 || from + size > limit) return null; // indefinite, or more than 16 MiB
    length = 0;
    for (let i = 0; i < size; i++) length = length * 256 + octets[from + i]!;
    from += size;
  }
  return from + length > limit ? null : { tag, start: at, from, end: from + length };
}

/** The elements in another one; null where they do not fill it, or are more than `most`. */
export function derChildren(octets: Uint8Array, parent: DerElement, most: number): DerElement[] | null {
  const children: DerElement[] = [];
  for (let at = parent.from; at < parent.end;) {
    const child = derAt(octets, at, parent.end);
    if (child === null || children.length >= most) return null;
    children.push(child);
    at = child.end;
  }
  return children;
}
