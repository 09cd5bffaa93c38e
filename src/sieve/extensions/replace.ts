/** replace (RFC 5703 section 5): another part in the place of one. Tests go on seeing the message's own parts. */
import { lowerAscii } from "../../base/ascii.ts";
import { arg, command, flag, valued } from "../check/spec.ts";
import { ADDRESS } from "../check/values.ts";
import type { SieveExtension } from "../extension.ts";
import { countChange, textEntity, withoutLastLineEnd } from "../run/change_body.ts";
import { draftFields, entityOctets, splitEntity, substitute } from "../run/draft.ts";
import { makeField } from "../run/make_field.ts";
import type { Run } from "../run/run.ts";
import { type CheckedNode, given, textOf } from "../script.ts";

/** Section 5: the part that `foreverypart` is at, or the body of the whole message. */
function replacePart(run: Run, node: CheckedNode): void {
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

export const replaceExtension: SieveExtension = {
  name: "replace",
  commands: [
    command("replace", {
      tags: [flag("mime"), valued("subject", "string"), valued("from", "string", { rule: ADDRESS })],
      args: [arg("replacement", "string")],
    }, replacePart),
  ],
};
