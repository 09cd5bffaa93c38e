/** `notify` by mail (RFC 5435, RFC 5436). */
import { lowerAscii } from "../../base/ascii.ts";
import type { Program } from "../../contract/program.ts";
import { fieldText } from "../../message/header.ts";
import { addressIn, wrongValue } from "../check/values.ts";
import { SieveFault } from "../match/budget.ts";
import { type CheckedNode, textOf } from "../script.ts";
import { fccOf } from "./act_vacation.ts";
import { parseMailto } from "./mailto.ts";
import type { Run } from "./run.ts";

/** RFC 5435 section 3. The implicit keep stays. */
export function* notify(run: Run, node: CheckedNode): Program<void> {
  const uri = run.text(textOf(node, "method"));
  const mailto = parseMailto(uri);
  if (mailto === null) {
    throw new SieveFault(`"${uri.slice(0, 60)}" is no mailto: URI, and there is no other way to notify`);
  }
  // RFC 5436 section 2.7.1 and 5: no notification of a notification, and none of a bounce.
  const automatic = run.named("auto-submitted").some((field) => !/^no\b/.test(lowerAscii(fieldText(field)).trim()));
  if (automatic) return run.say("note", "notify sends nothing: the message was made by a machine (Auto-Submitted)");
  const sent = run.decisions.actions.filter((action) => action.kind === "notify").length;
  if (sent >= run.limits.notifications) throw new SieveFault(`more than ${run.limits.notifications} notifications`);
  const importance = importanceOf(run, node);
  const from = textOf(node, ":from");
  // RFC 5436 section 2.7: what is no address is not used.
  const sender = from !== null && addressIn(run.text(from)) !== null ? run.text(from) : null;
  const subject = subjectOf(run, node, mailto.subject);
  const headers: (readonly [string, string])[] = [
    ["From", sender ?? `<${run.facts.owner.address}>`],
    ["To", mailto.to.map((address) => `<${address}>`).join(", ")],
    ...(mailto.cc.length > 0 ? [["Cc", mailto.cc.map((address) => `<${address}>`).join(", ")] as const] : []),
    ["Subject", subject],
    ["Auto-Submitted", `auto-notified; owner-email="${run.facts.owner.address}"`], // RFC 5436 section 2.7.1
    ...(importance === 2 ? [] : [["Importance", importance === 1 ? "high" : "low"] as const]),
    ...mailto.headers,
  ];
  const letter = { to: [...mailto.to, ...mailto.cc], headers, content: { text: mailto.body ?? summary(run) } };
  run.act({ kind: "notify", letter, importance, fcc: yield* fccOf(run, node), at: run.at }, false);
  run.say("action", `notify ${letter.to.join(", ")}`);
}

function importanceOf(run: Run, node: CheckedNode): 1 | 2 | 3 {
  const template = textOf(node, ":importance");
  if (template === null) return 2;
  const value = run.text(template);
  if (wrongValue("importance", value) !== null) {
    throw new SieveFault(`"${value.slice(0, 20)}" is no importance: 1, 2 or 3`);
  }
  return Number(value) as 1 | 2 | 3;
}

/** RFC 5436 section 2.4: `:message`, else what the URI says, else the subject of the message. */
function subjectOf(run: Run, node: CheckedNode, inUri: string | null): string {
  const message = textOf(node, ":message");
  const text = message !== null ? run.text(message) : inUri ?? valueOf(run, "subject");
  return text.replace(/\p{Cc}+/gu, " ").slice(0, 200);
}

function summary(run: Run): string {
  return `From: ${valueOf(run, "from")}\nSubject: ${valueOf(run, "subject")}\n`;
}

function valueOf(run: Run, name: string): string {
  const field = run.named(name)[0];
  return field === undefined ? "" : run.reading.decoded(field).slice(0, 500);
}
