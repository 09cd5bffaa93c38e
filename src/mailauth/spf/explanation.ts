/** What a domain says to those it refuses (RFC 7208 section 6.2). Whatever goes wrong means: nothing. */
import { isAscii } from "../../base/ascii.ts";
import { ask, type Program } from "../../contract/mod.ts";
import { resolve } from "./lookups.ts";
import { expandText } from "./macro.ts";
import { type MacroString, parseExplainString, usesMacro } from "./macro_syntax.ts";
import { type Check, localPart, macroValues, targetOf, validatedName } from "./target.ts";

/** Characters: a reply of SMTP has lines of 512 octets (RFC 5321 section 4.5.3.1.5). */
const TEXT_LIMIT = 400;
/** Octets of the text before it is expanded: what one TXT record can hold. */
const SOURCE_LIMIT = 65_535;

/**
 * The explanation that `spec` names in the record of `domain`. The limits of terms do not count here (RFC 7208 section
 * 4.6.4), but the text is asked for once, and the client's names, at most eleven questions, at most twice.
 */
export function* explain(check: Check, spec: MacroString, domain: string): Program<string | null> {
  const own: Check = { ...check, work: { ...check.work, terms: 0, voids: 0 } };
  const target = yield* targetOf(own, spec, domain);
  if (!("name" in target)) return null;
  const answer = yield* resolve(own.work, target.name, "TXT");
  if (answer.kind !== "ok" || answer.records.length !== 1) return null;
  const record = answer.records[0]!;
  if (record.type !== "TXT" || record.text === "" || record.text.length > SOURCE_LIMIT) return null;
  const pieces = parseExplainString(record.text);
  if ("wrong" in pieces) return null;
  if (usesMacro(pieces, "sl") && !isAscii(localPart(check.sender))) return null;
  const validated = usesMacro(pieces, "p") ? (yield* validatedName(own, domain)).name : "unknown";
  const now = usesMacro(pieces, "t") ? Math.floor((yield* ask("clock.now", {})) / 1000) : 0;
  const text = expandText(pieces, macroValues(check, domain, validated, now), TEXT_LIMIT);
  return isPrintable(text) ? text : null;
}

/** RFC 7208 section 6.2: ASCII. Values of macros could hold anything. */
function isPrintable(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code < 32 || code > 126) return false;
  }
  return true;
}
