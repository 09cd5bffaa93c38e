/**
 * Looking for a text in another in time that is their lengths'. What the platform has is fast, but beyond 250
 * characters it looks only at the end of what it looks for: then a text and a key made for it take hours.
 */

/** Up to here the platform's search never goes back further than this. */
const SHORT = 250;

/** Something that is looked for often. */
export class Needle {
  readonly text: string;
  #back: Int32Array | null = null;

  constructor(text: string) {
    this.text = text;
  }

  /** Whether it stands in the text. */
  isIn(text: string): boolean {
    if (this.text.length <= SHORT) return text.includes(this.text);
    if (this.text.length > text.length) return false;
    return this.#find(text);
  }

  /** Knuth, Morris, Pratt. */
  #find(text: string): boolean {
    const needle = this.text;
    const back = this.#back ??= borders(needle);
    let matched = 0;
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i);
      while (matched > 0 && needle.charCodeAt(matched) !== code) matched = back[matched - 1]!;
      if (needle.charCodeAt(matched) === code) matched++;
      if (matched === needle.length) return true;
    }
    return false;
  }
}

/** For each prefix the length of its longest proper border. */
function borders(needle: string): Int32Array {
  const back = new Int32Array(needle.length);
  let length = 0;
  for (let i = 1; i < needle.length; i++) {
    const code = needle.charCodeAt(i);
    while (length > 0 && needle.charCodeAt(length) !== code) length = back[length - 1]!;
    if (needle.charCodeAt(length) === code) length++;
    back[i] = length;
  }
  return back;
}
