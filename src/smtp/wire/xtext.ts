/** xtext of RFC 3461 section 4: printable ASCII, with `+` and two upper-case hexadecimal digits for everything else. */

/** Decodes xtext into one character an octet (latin1); null where it is not xtext. An empty string is xtext. */
export function decodeXtext(text: string): string | null {
  let out = "";
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code < 33 || code > 126 || code === 61) return null;
    if (code !== 43) {
      out += text[i];
      continue;
    }
    const high = hexDigit(text.charCodeAt(i + 1));
    const low = hexDigit(text.charCodeAt(i + 2));
    if (high < 0 || low < 0) return null;
    out += String.fromCharCode(high * 16 + low);
    i += 2;
  }
  return out;
}

/** Encodes a latin1 string. `decodeXtext` reads it back. */
export function encodeXtext(text: string): string {
  let out = "";
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i) & 0xff;
    const plain = code >= 33 && code <= 126 && code !== 43 && code !== 61;
    out += plain ? text[i] : "+" + (code < 16 ? "0" : "") + code.toString(16).toUpperCase();
  }
  return out;
}

function hexDigit(code: number): number {
  if (code >= 48 && code <= 57) return code - 48;
  return code >= 65 && code <= 70 ? code - 55 : -1;
}
