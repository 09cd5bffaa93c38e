/** The ARC sets of a message and their order (RFC 8617 sections 4.2 and 5.2, steps 1 to 3), before anything is verified. */
import { lowerAscii } from "../../base/ascii.ts";
import type { SignedField } from "../dkim/header_fields.ts";
import { parseTagList, type TagList } from "../dkim/tag_list.ts";
import { readInstance } from "./instance.ts";

/** RFC 8617 section 4.2.1. */
export const SETS_LIMIT = 50;
/** Octets of all ARC fields that are read: what each seal covers is hashed again for each. */
const OCTETS_LIMIT = 128 * 1024;

/** One set: what somebody found, over what, and that it is in its place. */
export interface ArcSet {
  readonly instance: number;
  /** ARC-Authentication-Results, and what stands behind its instance (latin1). */
  readonly results: SignedField;
  readonly resultsText: string;
  /** ARC-Message-Signature. */
  readonly message: SignedField;
  readonly messageTags: TagList;
  /** ARC-Seal, and its cv=. */
  readonly seal: SignedField;
  readonly sealTags: TagList;
}

/** A chain in order; or what is wrong with it, the highest instance seen, and whether the newest seal says cv=fail. */
export type ArcChain =
  | { readonly sets: readonly ArcSet[] }
  | { readonly broken: string; readonly highest: number; readonly sealedFail: boolean };

/** What is known of one instance while fields are collected. */
type Collected = { -readonly [K in keyof ArcSet]?: ArcSet[K] };

/** The sets from 1 on; none where the message has no ARC field. */
export function arcChain(fields: readonly SignedField[]): ArcChain {
  const mine = fields.filter(({ name }) => name === SEAL || name === MESSAGE || name === RESULTS);
  const collected = new Map<number, Collected>();
  let broken: string | null = null;
  if (mine.length > 3 * SETS_LIMIT) broken = `there are more than ${SETS_LIMIT} sets`;
  else if (mine.reduce((sum, { text }) => sum + text.length, 0) > OCTETS_LIMIT) broken = "its fields are too large";
  for (const field of mine.slice(0, 3 * SETS_LIMIT)) {
    const fault = collect(field, collected); // all of them: whoever adds a set must know the highest instance
    broken ??= fault;
  }
  const highest = Math.max(0, ...collected.keys());
  const newest = collected.get(highest);
  // Step 2: a chain that was sealed as failed has failed, whatever else there is.
  const sealedFail = cvOf(newest?.sealTags) === "fail";
  if (sealedFail) broken = "it was sealed as failed";
  const sets: ArcSet[] = [];
  for (let instance = 1; instance <= highest && broken === null; instance++) {
    const set = collected.get(instance);
    broken = set ? setFault(set, instance) : `the set i=${instance} is missing`;
    if (broken === null) sets.push(set as ArcSet);
  }
  return broken === null ? { sets } : { broken, highest, sealedFail };
}

const SEAL = "arc-seal";
const MESSAGE = "arc-message-signature";
const RESULTS = "arc-authentication-results";

/** Puts a field into its set; a string says why that cannot be. */
function collect(field: SignedField, collected: Map<number, Collected>): string | null {
  const tags = field.name === RESULTS ? null : parseTagList(field.value);
  if (tags && "malformed" in tags) return `in ${field.name} ${tags.malformed}`;
  const read = readInstance(tags ? `i=${tags.get("i")?.value ?? ""};` : field.value);
  if (read === null || read.instance > SETS_LIMIT) return `the instance of ${field.name} is malformed`;
  const { instance, rest } = read;
  const set = collected.get(instance) ?? { instance };
  collected.set(instance, set);
  // Step 3.A: exactly one of each.
  const kind = field.name === SEAL ? "seal" : field.name === MESSAGE ? "message" : "results";
  if (set[kind]) return `the set i=${instance} has two fields ${field.name}`;
  set[kind] = field;
  if (kind === "results") set.resultsText = rest;
  else set[kind === "seal" ? "sealTags" : "messageTags"] = tags as TagList;
  return null;
}

/** Steps 3.A and 3.C for one set. */
function setFault(set: Collected, instance: number): string | null {
  if (!set.seal || !set.message || !set.results) return `the set i=${instance} is not complete`;
  const cv = cvOf(set.sealTags);
  const expected = instance === 1 ? "none" : "pass";
  if (cv !== expected) return `the seal i=${instance} does not say cv=${expected}`;
  // RFC 8617 section 4.1.3: h= is not allowed, and must result in "fail".
  if (set.sealTags!.has("h")) return `the seal i=${instance} has a tag h=`;
  return null;
}

function cvOf(tags: TagList | undefined): string {
  return lowerAscii(tags?.get("cv")?.value ?? "");
}
