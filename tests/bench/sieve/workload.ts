/** What is filtered: 50 rules such as people write, and messages of which every second one meets a rule. */

/** How many rules a script has. */
export const RULES = 50;

type Rule = (k: number) => string;

/** The tests that people's rules have, in turns. */
const ON_HEADERS: readonly Rule[] = [
  (k) => `header :contains "subject" ["offer ${k}", "sale of the week ${k}"]`,
  (k) => `address :is "from" "person${k}@example.org"`,
  (k) => `header :contains ["list-id", "list-post"] "list-${k}.example.org"`,
  (k) => `address :domain :is ["from", "sender", "reply-to"] "shop-${k}.example.com"`,
  (k) => `header :matches "subject" "[project ${k}] *"`,
  (k) => `anyof (address :localpart "to" "role-${k}", address :localpart "cc" "role-${k}")`,
  (k) => `allof (header :contains "x-mailer" "mailer ${k}", not header :contains "subject" "urgent")`,
  (k) => `header :regex "subject" "ticket #?${k}[0-9]+"`,
  (k) => `allof (exists "x-origin-${k}", size :over 1K)`,
  (k) => `header :is "x-priority" "${k}"`,
];

/** Five of the 50 look into the body. */
const ON_BODIES: readonly Rule[] = [...ON_HEADERS.slice(0, 9), (k) => `body :text :contains "phrase number ${k}."`];

/** The text of a script. */
export function script(kind: "headers" | "bodies" | "empty"): string {
  if (kind === "empty") return "keep;\r\n";
  const rules = kind === "headers" ? ON_HEADERS : ON_BODIES;
  const lines = ['require ["fileinto", "regex"' + (kind === "bodies" ? ', "body"' : "") + "];"];
  for (let k = 0; k < RULES; k++) lines.push(`if ${rules[k % rules.length]!(k)} { fileinto "Rule ${k}"; stop; }`);
  return lines.join("\r\n") + "\r\n";
}

/** As many rules as a script of so many octets has, each with other words. */
export function longScript(octets: number): string {
  let text = 'require ["fileinto", "regex"];\r\n';
  for (let k = 0; text.length < octets; k++) {
    text += `if ${ON_HEADERS[k % ON_HEADERS.length]!(k)} { fileinto "Rule ${k}"; stop; }\r\n`;
  }
  return text;
}

/** Which rule the message meets first, or null. */
export function ruleOf(i: number): number | null {
  const k = (i * 7) % (2 * RULES);
  return k < RULES ? k : null;
}

/** A message of `size` octets, with CRLF. */
export function message(i: number, size: number): string {
  const k = ruleOf(i);
  const kind = k === null ? -1 : k % 10;
  const header = [
    `Return-Path: <sender${i}@example.org>`,
    `Received: from relay.example.org (relay.example.org [192.0.2.${i % 250}]) by mx.example.net with ESMTPS id ${i}`,
    "\tfor <bob@example.net>; Tue, 24 Nov 2026 09:30:01 +0100",
    `Received: from client${i}.example.org by relay.example.org with ESMTPSA; Tue, 24 Nov 2026 09:30:00 +0100`,
    `From: ${
      kind === 1
        ? `Person <person${k}@example.org>`
        : kind === 3
        ? `<news@shop-${k}.example.com>`
        : `"Sender, No. ${i}" <sender${i}@example.org>`
    }`,
    `To: Bob Example <bob@example.net>, ${kind === 5 ? `role-${k}` : "somebody"}@example.net`,
    "Cc: =?utf-8?q?J=C3=BCrgen?= <juergen@example.org>, Team <team@example.org>",
    `Subject: ${
      kind === 0
        ? `an offer ${k} for you`
        : kind === 4
        ? `[project ${k}] news`
        : kind === 7
        ? `Re: ticket #${k}5`
        : `Hello, this is message ${i}`
    }`,
    "Date: Tue, 24 Nov 2026 09:30:00 +0100",
    `Message-ID: <${i}.${size}@example.org>`,
    ...kind === 2 ? [`List-Id: People <list-${k}.example.org>`] : [],
    ...kind === 6 ? [`X-Mailer: The mailer ${k}`] : [],
    ...kind === 8 ? [`X-Origin-${k}: yes`] : [],
    ...kind === 9 ? [`X-Priority: ${k}`] : [],
    "MIME-Version: 1.0",
    "Content-Type: text/plain; charset=utf-8",
    "",
    "",
  ].join("\r\n");
  const closing = kind === 9 ? `And here is phrase number ${k}.\r\n` : "";
  const line = `Pigeons find their way home, whatever the weather is, as number ${i} knows.\r\n`;
  const lines = Math.max(1, Math.floor((size - header.length - closing.length) / line.length));
  return header + line.repeat(lines) + closing;
}
