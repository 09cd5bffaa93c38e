/** enotify (RFC 5435) with the method mailto (RFC 5436). */
import { lowerAscii } from "../../base/ascii.ts";
import { utf8Bytes } from "../../base/bytes.ts";
import type { Program } from "../../contract/program.ts";
import { fieldText } from "../../message/header.ts";
import { arg, command, flag, test, valued, type ValueRule } from "../check/spec.ts";
import { addressIn } from "../check/values.ts";
import type { SieveExtension } from "../extension.ts";
import { SieveFault } from "../match/budget.ts";
import { fccOf } from "../run/fcc_of.ts";
import { parseMailto } from "../run/mailto.ts";
import { matchTexts } from "../run/matching.ts";
import type { Run } from "../run/run.ts";
import { type CheckedNode, textOf, textsOf } from "../script.ts";

/** Section 3.2: a scheme that is not known is an error only when the script gets there. */
export const NOTIFY_METHOD: ValueRule = {
  expected: "a URI such as mailto:user@example.org",
  holds: (value) =>
    parseMailto(value) !== null || (/^[A-Za-z][A-Za-z0-9+.-]*:/.test(value) && !/^mailto:/i.test(value)),
};

/** Section 3.5. */
export const IMPORTANCE: ValueRule = { expected: '"1", "2" or "3"', holds: (value) => /^[123]$/.test(value) };

/** RFC 5435 section 3. The implicit keep stays. */
function* notify(run: Run, node: CheckedNode): Program<void> {
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
  if (!IMPORTANCE.holds(value)) {
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

/** Section 6, RFC 3986 section 2.3. */
function encodeUrl(text: string): string {
  let out = "";
  for (const byte of utf8Bytes(text)) {
    const char = String.fromCharCode(byte);
    out += /[A-Za-z0-9._~-]/.test(char) ? char : "%" + byte.toString(16).toUpperCase().padStart(2, "0");
  }
  return out;
}

export const enotify: SieveExtension = {
  name: "enotify",
  commands: [
    command("notify", {
      tags: [
        valued("from", "string"),
        valued("importance", "string", { rule: IMPORTANCE }),
        valued("options", "strings"),
        valued("message", "string"),
      ],
      args: [arg("method", "string", NOTIFY_METHOD)],
    }, notify),
  ],
  tests: [
    // Section 4: all of them.
    test(
      "valid_notify_method",
      { args: [arg("uris", "strings")] },
      (run, node) => run.all(textsOf(node, "uris")).every((uri) => parseMailto(uri) !== null),
    ),
    // Section 5: whether somebody is online is known of nobody by mail (RFC 5436 section 2.1).
    test("notify_method_capability", {
      slots: ["match"],
      args: [arg("uri", "string"), arg("capability", "string"), arg("keys", "strings")],
    }, (run, node) => {
      if (parseMailto(run.text(textOf(node, "uri"))) === null) return false;
      const online = lowerAscii(run.text(textOf(node, "capability"))) === "online";
      return matchTexts(run, node, online ? ["maybe"] : []);
    }),
  ],
  tags: [{ on: ["modifiers"], tags: [flag("encodeurl", { modifies: { precedence: 15, change: encodeUrl } })] }],
};
