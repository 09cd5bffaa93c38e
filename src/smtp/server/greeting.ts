/** The greeting, and what comes before it (RFC 5321 section 3.1). */
import type { AnswerOf } from "../../contract/mod.ts";
import { formatRefusal, formatReply } from "../wire/mod.ts";
import type { SmtpState } from "./state.ts";

/** 220: the client may begin. */
export function greeting(s: SmtpState): void {
  const words = s.options.greeting ? " " + s.options.greeting : "";
  const name = s.options.profile === "lmtp" ? "LMTP" : "ESMTP";
  s.reply(220, null, `${s.options.hostname} ${name}${words}`);
}

/** The answer to `client.verify`; null where it failed: then everybody is greeted. */
export function clientVerified(s: SmtpState, answer: AnswerOf<"client.verify"> | null): void {
  if (answer !== null && "refused" in answer) {
    s.logRefusal("greeting", answer.refused.code, `${answer.refused.enhanced} ${answer.refused.text}`);
    return s.close(formatRefusal(answer.refused));
  }
  s.strict = answer?.early === "refuse";
  if (s.early) {
    s.misdeed("earlyTalker");
    // RFC 5321 section 4.3.1: a client waits for the greeting. Whoever does not is no mail server.
    if (s.strict) {
      s.logRefusal("greeting", 554, "octets before the greeting");
      return s.close(formatReply(554, "5.5.1", "Wait for the greeting before you send anything"));
    }
  }
  greeting(s);
}
