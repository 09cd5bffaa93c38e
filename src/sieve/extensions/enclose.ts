/** enclose (RFC 5703 section 6): a new message with a text and, behind it, the old message. */
import { lowerAscii } from "../../base/ascii.ts";
import { encodeBase64 } from "../../base/base64.ts";
import { concatBytes, latin1Bytes, utf8Bytes } from "../../base/bytes.ts";
import { digest } from "../../base/hash.ts";
import { formatDate } from "../../message/date.ts";
import { arg, command, valued } from "../check/spec.ts";
import { HEADER_NAME } from "../check/values.ts";
import type { SieveExtension } from "../extension.ts";
import type { SievePiece } from "../result.ts";
import { countChange, textEntity, withoutLastLineEnd } from "../run/change_body.ts";
import { type DraftField, draftPieces } from "../run/draft.ts";
import { makeField } from "../run/make_field.ts";
import type { Run } from "../run/run.ts";
import { type CheckedNode, textOf, textsOf } from "../script.ts";

function enclose(run: Run, node: CheckedNode): void {
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

export const encloseExtension: SieveExtension = {
  name: "enclose",
  commands: [
    command("enclose", {
      tags: [valued("subject", "string"), valued("headers", "strings", { rule: HEADER_NAME })],
      args: [arg("text", "string")],
    }, enclose),
  ],
};
