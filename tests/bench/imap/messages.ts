/** Messages as people have them: threads, plain texts, alternatives, now and then an attachment; the same for the same seed. */
import { latin1Bytes } from "../../../src/base/bytes.ts";
import { DOMAIN } from "../peers/peer.ts";

const WORDS =
  ("meeting report invoice thanks please find attached the of and to in that for with on as by at from budget schedule " +
    "review draft project question answer holiday customer server release notes weekly summary agenda minutes contract offer " +
    "delivery address number today tomorrow change update problem solved list people morning regards best letter change")
    .split(" ");
const NAMES = [
  "Alice Adams",
  "Bob Brown",
  "Carla Cruz",
  "Dmitri Dane",
  "Eve Ebers",
  "Farid Fox",
  "Grete Gold",
  "Hugo Hart",
];
const START = Date.UTC(2024, 0, 1);
const DAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** Message `number` of the mailbox, with CRLF; about 5 KB in the median, one in fifty has an attachment of 60 KB. */
export function benchMessage(number: number): Uint8Array {
  const random = numbers(number + 1);
  const thread = number - number % 4;
  const subject = `${number % 4 > 0 ? "Re: " : ""}${words(numbers(thread + 7), 5)} ${thread}`;
  const from = NAMES[random() % NAMES.length]!;
  const lines = [
    `Received: from mx.example.net by mail.${DOMAIN} with ESMTPS id ${number}; ${date(number)}`,
    `From: ${from} <${from.split(" ")[0]!.toLowerCase()}@example.net>`,
    `To: <u1@${DOMAIN}>`,
    `Subject: ${subject}`,
    `Date: ${date(number)}`,
    `Message-ID: <${number}.bench@example.net>`,
  ];
  if (number % 4 > 0) {
    lines.push(`In-Reply-To: <${number - 1}.bench@example.net>`);
    lines.push(`References: <${thread}.bench@example.net> <${number - 1}.bench@example.net>`);
  }
  lines.push("MIME-Version: 1.0");
  const text = paragraphs(random, 3 + random() % 12);
  if (number % 3 === 0) lines.push("Content-Type: text/plain; charset=utf-8", "", ...text);
  else {
    const kind = number % 50 === 1 ? "mixed" : "alternative";
    lines.push(`Content-Type: multipart/${kind}; boundary="b${number}"`, "", `--b${number}`);
    lines.push("Content-Type: text/plain; charset=utf-8", "", ...text, `--b${number}`);
    if (kind === "alternative") {
      lines.push("Content-Type: text/html; charset=utf-8", "", "<html><body>", ...text.map((one) => `<p>${one}</p>`));
      lines.push("</body></html>");
    } else {
      lines.push('Content-Type: application/pdf; name="report.pdf"', "Content-Transfer-Encoding: base64", "");
      for (let line = 0; line < 800; line++) lines.push(base64Line(random));
    }
    lines.push(`--b${number}--`);
  }
  // One message in a thousand has a word that nothing else has.
  if (number % 1000 === 500) lines.splice(-1, 0, "xylophone");
  return latin1Bytes(lines.join("\r\n") + "\r\n");
}

function date(number: number): string {
  const at = new Date(START + number * 3_600_000);
  const two = (value: number) => String(value).padStart(2, "0");
  const day = `${DAYS[at.getUTCDay()]}, ${at.getUTCDate()} ${MONTHS[at.getUTCMonth()]} ${at.getUTCFullYear()}`;
  return `${day} ${two(at.getUTCHours())}:${two(at.getUTCMinutes())}:${two(at.getUTCSeconds())} +0000`;
}

function paragraphs(random: () => number, count: number): string[] {
  return Array.from({ length: count * 4 }, (_, line) => line % 4 === 3 ? "" : words(random, 12));
}

function words(random: () => number, count: number): string {
  return Array.from({ length: count }, () => WORDS[random() % WORDS.length]!).join(" ");
}

const BASE64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

function base64Line(random: () => number): string {
  let line = "";
  for (let i = 0; i < 76; i++) line += BASE64[random() % 64];
  return line;
}

function numbers(seed: number): () => number {
  let state = Math.imul(seed, 2654435761) >>> 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>>= 0) >>> 4;
  };
}
