/** mime (RFC 5703 section 4): tests of the header fields of parts, and of what stands in them. */
import { lowerAscii } from "../../base/ascii.ts";
import type { Program } from "../../contract/program.ts";
import { fieldText } from "../../message/header.ts";
import { paramOf, parseParameterized } from "../../message/params.ts";
import { flag, type TagSpec, valued } from "../check/spec.ts";
import type { SieveExtension } from "../extension.ts";
import type { DraftField } from "../run/draft.ts";
import { partFields, partsWithin } from "../run/parts.ts";
import type { Run } from "../run/run.ts";
import { type CheckedNode, given, textsOf } from "../script.ts";

function* fieldsOfParts(run: Run, node: CheckedNode): Program<readonly DraftField[]> {
  const root = run.part ?? run.root();
  const out: DraftField[] = [];
  for (const part of given(node, ":anychild") ? partsWithin(run, root) : [root]) {
    out.push(...yield* partFields(run, part));
  }
  return out;
}

function read(run: Run, field: DraftField): ReturnType<typeof parseParameterized> {
  run.budget.look(field.raw.length);
  return parseParameterized(fieldText(field));
}

/** Section 4.1: one of two words with a slash between them. */
function word(index: 0 | 1): NonNullable<TagSpec["reads"]> {
  return (run, _, field) => [(read(run, field).value.split("/")[index] ?? "").trim()];
}

/** Section 4.1. */
function params(run: Run, node: CheckedNode, field: DraftField): readonly string[] {
  const { params: found } = read(run, field);
  const names = run.all(textsOf(node, ":param"));
  return names.map((name) => paramOf(found, lowerAscii(name))).filter((text) => text !== null);
}

const OPTION = { group: "the MIME option", with: "mime" };

export const mimeExtension: SieveExtension = {
  name: "mime",
  tags: [
    {
      on: ["header", "address", "exists"],
      tags: [flag("mime", { fields: fieldsOfParts }), flag("anychild", { with: "mime" })],
    },
    {
      on: ["header"],
      tags: [
        flag("type", { ...OPTION, reads: word(0) }),
        flag("subtype", { ...OPTION, reads: word(1) }),
        flag("contenttype", { ...OPTION, reads: (run, _, field) => [read(run, field).value] }),
        valued("param", "strings", { ...OPTION, reads: params }),
      ],
    },
  ],
};
