/** What FETCH prints of a message, printed once when the message is stored. */
import type { ImapText } from "../contract/mod.ts";
import type { MessageIndex } from "../message/mod.ts";
import { formatEnvelope, formatStructure } from "./wire/structure.ts";

/** ENVELOPE and BODYSTRUCTURE of both revisions. */
export function imapText({ envelope, root }: MessageIndex): ImapText {
  const old = { envelope: formatEnvelope(envelope, false), structure: formatStructure(root, true, false) };
  return {
    ...old,
    envelopeUtf8: unless(old.envelope, formatEnvelope(envelope, true)),
    structureUtf8: unless(old.structure, formatStructure(root, true, true)),
  };
}

function unless(same: string, text: string): string | null {
  return text === same ? null : text;
}
