/** encoded-character (RFC 5228 section 2.4.2.4): characters by their numbers, put in when the script is read. */
import { lowerAscii } from "../../base/ascii.ts";
import { utf8String } from "../../base/bytes.ts";
import type { SieveExtension } from "../extension.ts";
import type { ErrorList, Place } from "../syntax/tree.ts";

const ENCODED = /\$\{(hex|unicode):([0-9A-Fa-f\s]*)\}/gi;

function decode(text: string, at: Place, errors: ErrorList): string {
  return joinHexRuns(text).replace(ENCODED, (all, kind: string, digits: string) => {
    const words = digits.trim() === "" ? [] : digits.trim().split(/\s+/);
    if (lowerAscii(kind) === "hex") {
      if (words.length === 0 || words.some((word) => word.length > 2)) return all;
      return utf8String(new Uint8Array(words.map((word) => parseInt(word, 16))));
    }
    if (words.length === 0) return all;
    const codes = words.map((word) => word.length > 12 ? Infinity : parseInt(word, 16));
    const wrong = codes.findIndex((code) => code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff));
    if (wrong < 0) return codes.map((code) => String.fromCodePoint(code)).join("");
    errors.add(at, `U+${words[wrong]!.slice(0, 12)} is no Unicode character.`, all, "0 to D7FF or E000 to 10FFFF");
    return all;
  });
}

/** `${hex:c3}${hex:a9}` is one character: octets that follow each other are read together. */
function joinHexRuns(text: string): string {
  return text.replace(/(?:\$\{hex:[0-9A-Fa-f\s]*\}){2,}/gi, (run) => {
    const groups = [...run.matchAll(/\{hex:([^}]*)\}/gi)].map((found) => found[1]!.trim());
    const sound = groups.every((group) => group !== "" && group.split(/\s+/).every((word) => word.length <= 2));
    return sound ? "${hex:" + groups.join(" ") + "}" : run;
  });
}

export const encodedCharacter: SieveExtension = { name: "encoded-character", decodes: decode };
