/** Parts of the message: their header fields and their text, read when a test wants them, and kept. */
import type { Program } from "../../contract/program.ts";
import { utf8String } from "../../base/bytes.ts";
import { plainText } from "../../message/html_text.ts";
import type { Part } from "../../message/model.ts";
import { paramOf } from "../../message/params.ts";
import { TextExtractor } from "../../message/text.ts";
import { SieveFault } from "../match/budget.ts";
import { type Comparator, ComparedText } from "../match/comparator.ts";
import { type DraftField, draftFields } from "./draft.ts";
import type { Run } from "./run.ts";

/** The part and all within it, in order (RFC 5703 section 3.1): multiparts too, and messages inside of messages. */
export function partsWithin(run: Run, root: Part): Part[] {
  const out: Part[] = [];
  const open = [root];
  for (let part = open.pop(); part; part = open.pop()) {
    run.budget.spend(0.1);
    out.push(part);
    const children = childrenOf(part);
    for (let i = children.length - 1; i >= 0; i--) open.push(children[i]!);
  }
  return out;
}

/** What stands directly in a part. */
export function childrenOf(part: Part): readonly Part[] {
  return part.message === null ? part.parts : [part.message.root];
}

/** The header fields of a part; for the whole message as they are after edits. */
export function* partFields(run: Run, part: Part): Program<readonly DraftField[]> {
  if (part === run.root()) return run.fields();
  if (part === run.facts.index.root) return run.decisions.draft.fields;
  const known = run.headers.get(part);
  if (known) return known;
  const fields = draftFields(yield* readOctets(run, part.headerStart, part.bodyStart));
  run.headers.set(part, fields);
  return fields;
}

/** Octets of the blob, within the bound of a run. */
export function* readOctets(run: Run, start: number, end: number): Program<Uint8Array> {
  run.bodyOctets += end - start;
  if (run.bodyOctets > run.limits.bodyOctets) {
    throw new SieveFault(`tests would read more than ${run.limits.bodyOctets} octets of the message`);
  }
  run.budget.spend(1 + (end - start) / 1_024);
  return yield* run.world.read(start, end);
}

/** The body of a part as text: its encoding undone, its charset read; the words of HTML only with `words`. */
export function* partText(run: Run, part: Part, words: boolean): Program<string> {
  let text = run.texts.get(part);
  if (text === undefined) {
    const octets = yield* readOctets(run, part.bodyStart, part.bodyEnd);
    const extractor = new TextExtractor(part.encoding, paramOf(part.params, "charset") ?? "");
    text = extractor.push(octets) + extractor.end();
    run.texts.set(part, text);
  }
  if (!words || part.subtype !== "html") return text;
  let only = run.words.get(part);
  if (only === undefined) {
    run.budget.look(text.length);
    run.words.set(part, only = plainText(text));
  }
  return only;
}

/** Texts that are remembered in their folded form. */
const COMPARED = 16;

/** A text to be compared, which may have been before: folding a large one takes longer than looking into it. */
export function comparedText(run: Run, text: string, comparator: Comparator): ComparedText {
  const known = run.compared.find((one) => one.comparator === comparator && one.text === text);
  if (known !== undefined) return known;
  run.budget.look(text.length);
  const made = new ComparedText(text, comparator);
  if (run.compared.length >= COMPARED) run.compared.shift();
  run.compared.push(made);
  return made;
}

/** Octets as text, whatever they are. */
export function* rawText(run: Run, start: number, end: number): Program<string> {
  const key = `${start}-${end}`;
  let text = run.raws.get(key);
  if (text === undefined) run.raws.set(key, text = utf8String(yield* readOctets(run, start, end)));
  return text;
}
