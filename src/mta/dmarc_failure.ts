/** Which single messages a domain is told of that failed in its name (RFC 9991), and what. */
import { lowerAscii } from "../base/ascii.ts";
import { ask, type Program } from "../contract/mod.ts";
import { failureTexts, failureWanted } from "../mailauth/mod.ts";
import { formatDate } from "../message/date.ts";
import { fieldText, findField, type HeaderField, unfold } from "../message/header.ts";
import { resultsField } from "./authenticate.ts";
import type { CountedMessage } from "./dmarc_count.ts";

const DONE = { accept: "none", junk: "quarantine", refuse: "reject" } as const;

/** Tells whoever sends reports, where the domain's record asks for it; that never fails. */
export function* tellFailure(message: CountedMessage, hostname: string, key: Uint8Array): Program<void> {
  const { found, verdict, fields, sourceIp, reversePath, now } = message;
  const { dmarc: result, dkim, spf: { mailFrom } } = found;
  const spf = { method: "spf", result: mailFrom.result, domain: mailFrom.domain } as const;
  const failure = failureWanted({ result, spf, dkim });
  if (failure === null || result.policyDomain === null || isAutomatic(fields, reversePath)) return;
  const field = unfold(resultsField(found, hostname));
  const texts = failureTexts(
    {
      result,
      spf,
      dkim,
      fields,
      sourceIp,
      reversePath,
      done: DONE[verdict.kind],
      authenticationResults: field.slice(field.indexOf(":") + 1).trim(),
      arrivedAt: formatDate(now),
    },
    failure,
    key,
  );
  yield* ask("dmarc.failed", { domain: result.policyDomain, ...texts, now });
}

/** A report about a report would have its own report. */
function isAutomatic(fields: readonly HeaderField[], reversePath: string): boolean {
  if (reversePath === "") return true;
  const text = (name: string) => {
    const field = findField(fields, name);
    return field === undefined ? "" : lowerAscii(fieldText(field).trim());
  };
  const submitted = text("auto-submitted");
  return submitted !== "" && !submitted.startsWith("no") || text("content-type").startsWith("multipart/report");
}
