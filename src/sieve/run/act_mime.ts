/** `replace` and `enclose` (RFC 5703 sections 5 and 6): new forms of the message. Tests go on seeing its own parts. */
import { concatBytes, latin1Bytes, latin1String } from "../../base/bytes.ts";
import { buildMessage } from "../../message/build.ts";
import { encodeBase64 } from "../../base/base64.ts";
import { digest } from "../../base/hash.ts";
import { utf8Bytes } from "../../base/bytes.ts";
import { formatDate } from "../../message/date.ts";
import { SieveFault } from "../match/budget.ts";
import type { SievePiece } from "../result.ts";
import { type CheckedNode, given, textOf, textsOf } from "../script.ts";
import { lowerAscii } from "../../base/ascii.ts";
import { type DraftField, draftFields, draftPieces, entityOctets, splitEntity, substitute } from "./draft.ts";
import { makeField } from "./act_edit_header.ts";
import type { Run } from "./run.ts";

/** Section 5: the part that `foreverypart` is at, or the body of the whole message. */
export function replacePart(run: Run, node: CheckedNode): void {
  const text = run.text(textOf(node, "replacement"));
  const entity = given(node, ":mime") ? entityOctets(text) : textEntity(run, text);
  const part = run.part ?? run.root();
  const { draft } = run.decisions;
  countChange(run);
  if (part !== run.facts.index.root) {
    const inside = withoutLastLineEnd(entity);
    run.redraft({ ...draft, body: substitute(draft.body, part.headerStart, part.bodyEnd, inside) });
  } else replaceWhole(run, node, entity);
  run.say("action", "replace");
}

function countChange(run: Run): void {
  const { bodyChanges } = run.limits;
  if (++run.bodyChanges > bodyChanges) throw new SieveFault(`more than ${bodyChanges} changes of the message`);
}

/** The words of a text as a MIME entity. */
function textEntity(run: Run, text: string): Uint8Array {
  const whole = buildMessage({ headers: [], body: { type: "text/plain", text } }, run.facts.seed);
  return latin1Bytes(latin1String(whole).replace(/^MIME-Version: 1\.0\r\n/m, ""));
}

/** RFC 2046 section 5.1.1: the line end before a boundary belongs to the boundary. */
function withoutLastLineEnd(octets: Uint8Array): Uint8Array {
  const end = octets.length;
  return end >= 2 && octets[end - 2] === 13 && octets[end - 1] === 10 ? octets.subarray(0, end - 2) : octets;
}

function replaceWhole(run: Run, node: CheckedNode, entity: Uint8Array): void {
  const { header, body } = splitEntity(entity);
  const fresh = draftFields(header).filter(({ name }) => name.startsWith("content-"));
  let fields = run.decisions.draft.fields.filter(({ name }) => !name.startsWith("content-") && name !== "mime-version");
  for (const [tag, name] of [[":subject", "Subject"], [":from", "From"]] as const) {
    const template = textOf(node, tag);
    if (template === null) continue;
    // Section 5: what stood there before is kept under another name.
    const olds = fields.filter((field) => field.name === lowerAscii(name));
    const kept = olds.map((old) => makeField(run, "Original-" + name, run.reading.decoded(old)));
    fields = [...fields.filter((field) => !olds.includes(field)), makeField(run, name, run.text(template)), ...kept];
  }
  run.redraft({ fields: [...fields, makeField(run, "MIME-Version", "1.0"), ...fresh], body: [{ octets: body }] });
}

/** Section 6: a new message with the text and, behind it, the old message. */
export function enclose(run: Run, node: CheckedNode): void {
  const { draft } = run.decisions;
  const boundary = boundaryOf(run);
  countChange(run);
  const subject = textOf(node, ":subject");
  const copied = new Set(run.all(textsOf(node, ":headers")).map(lowerAscii));
  const chosen = draft.fields.filter(({ name }) =>
    !name.startsWith("content-") && name !== "mime-version" &&
    (copied.has(name) || name === "received" || (name === "subject" && subject === null))
  );
  const has = (name: string) => chosen.some((field) => field.name === name);
  const fields: DraftField[] = chosen.filter(({ name }) => subject === null || name !== "subject");
  if (subject !== null) fields.push(makeField(run, "Subject", run.text(subject)));
  // Section 6: where the script copies none, these are made from the time and the owner.
  if (!has("date")) fields.push(makeField(run, "Date", formatDate(run.facts.now)));
  if (!has("from")) fields.push(makeField(run, "From", `<${run.facts.owner.address}>`));
  fields.push(makeField(run, "MIME-Version", "1.0"));
  fields.push(makeField(run, "Content-Type", `multipart/mixed; boundary="${boundary}"`));
  const open = latin1Bytes(`--${boundary}\r\n`);
  const text = withoutLastLineEnd(textEntity(run, run.text(textOf(node, "text"))));
  const between = latin1Bytes(
    `\r\n--${boundary}\r\nContent-Type: message/rfc822\r\nContent-Disposition: attachment\r\n\r\n`,
  );
  const body: SievePiece[] = [
    { octets: concatBytes([open, text, between]) },
    ...draftPieces(draft),
    { octets: latin1Bytes(`\r\n--${boundary}--\r\n`) },
  ];
  run.redraft({ fields, body });
  run.say("action", "enclose");
}

/** The message is not read for it: nobody can guess the seed, so nobody can have written the boundary. */
function boundaryOf(run: Run): string {
  const name = `sieve:${run.facts.seed}:${run.versions.length}:${run.decisions.draft.body.length}`;
  return "sieve-" + encodeBase64(digest("sha256", utf8Bytes(name))).replace(/[^A-Za-z0-9]/g, "").slice(0, 40);
}
