/**
 * Ids of blobs as JMAP has them: a stored body (`b` and its hash), an email with the fields that delivery put before it
 * (its id), a script with its tag, and behind the first two the numbers of a part (`_1_2`), decoded. Numbers are those of IMAP sections (RFC 9051 section
 * 6.4.5): what is inside a message/rfc822 part goes on from its number.
 */
import type { BlobId, EmailId } from "../contract/mod.ts";
import type { Part } from "../message/mod.ts";

export interface BlobName {
  readonly of:
    | { readonly emailId: EmailId }
    | { readonly blobId: BlobId }
    /** A script, as long as its text has this tag. */
    | { readonly scriptId: string; readonly tag: string };
  /** Empty: all of it. */
  readonly part: readonly number[];
}

const NAME = /^(b[0-9a-f]{64}|e[0-9a-z]{1,11})((?:_[1-9]\d{0,4}){0,60})$/;

const SCRIPT = /^(f[0-9a-z]{1,11})-([\w-]{27})$/;

/** Null: it never was the id of a blob. */
export function parseBlobId(text: string): BlobName | null {
  const script = SCRIPT.exec(text);
  if (script) return { of: { scriptId: script[1]!, tag: script[2]! }, part: [] };
  const found = NAME.exec(text);
  if (!found) return null;
  const [, root = "", numbers = ""] = found;
  const part = numbers === "" ? [] : numbers.slice(1).split("_").map(Number);
  return { of: root[0] === "b" ? { blobId: root as BlobId } : { emailId: root as EmailId }, part };
}

/** The id of a part. */
export function printBlobId(root: string, part: readonly number[]): string {
  return [root, ...part].join("_");
}

/** The id of a script's text. */
export function printScriptBlobId(scriptId: string, tag: string): string {
  return `${scriptId}-${tag}`;
}

/** The part of these numbers, or null. */
export function partAt(root: Part, numbers: readonly number[]): Part | null {
  let node: Part | null = null;
  for (const [i, number] of numbers.entries()) {
    const inside: readonly Part[] = node === null ? i === 0 ? childrenOf(root) : [] : insideOf(node);
    node = inside[number - 1] ?? null;
    if (node === null) return null;
  }
  return node;
}

/** What the numbers below a message count: the parts of a multipart, or the one body. */
export function childrenOf(root: Part): readonly Part[] {
  return root.parts.length > 0 ? root.parts : [root];
}

function insideOf(part: Part): readonly Part[] {
  return part.message ? childrenOf(part.message.root) : part.parts;
}
