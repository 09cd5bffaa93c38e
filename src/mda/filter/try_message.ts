/** A script over a message that nobody delivers, in the world of an account: its mailboxes, annotations and lists. */
import { concatBytes } from "../../base/bytes.ts";
import { type BlobId, type Program } from "../../contract/mod.ts";
import { indexMessage } from "../../message/indexer.ts";
import { headerFields, unfold } from "../../message/header.ts";
import { crlfLines } from "../../message/line_ends.ts";
import { type SieveFacts, type SieveResult, sieveWorld } from "../../sieve/mod.ts";
import type { FilterPolicy, PolicyScript } from "./policy.ts";
import { runSafely } from "./run.ts";
import { stepsOf } from "./scripts.ts";
import type { StoredOwner } from "./stored.ts";
import { accountWorld } from "./world.ts";

/** Who writes to whom, where the message itself does not say. */
export interface TriedEnvelope {
  readonly from: string | null;
  readonly to: string | null;
}

/** A message with CRLF, and what a script is told of it. */
export interface TriedMessage {
  readonly octets: Uint8Array;
  readonly facts: Omit<SieveFacts, "now" | "zoneMinutes">;
}

/** Reads a message; whoever it is to is its owner. */
export function triedMessage(message: Uint8Array, envelope: TriedEnvelope, owner: string | null): TriedMessage {
  const octets = concatBytes([crlfLines()(message)]);
  const index = indexMessage(octets);
  const header = octets.subarray(0, index.root.bodyStart);
  const fields = headerFields(header);
  const valueOf = (name: string): string | undefined => {
    const found = fields.find((field) => field.name === name);
    return found && unfold(found.raw).trim().replace(/^<|>$/g, "");
  };
  const author = index.envelope.from[0];
  const written = author?.mailbox && author.host ? `${author.mailbox}@${author.host}` : "";
  const to = envelope.to ?? owner ?? valueOf("delivered-to") ?? "user@example.org";
  const facts = {
    envelope: { from: envelope.from ?? valueOf("return-path") ?? written, to },
    header,
    index,
    owner: { address: owner ?? to, addresses: [owner ?? to, to] },
    seed: "try",
  };
  return { octets, facts };
}

/** What a script says of it. Nothing is stored or sent, and nothing counts as seen before. */
export function* tryMessage(
  script: PolicyScript,
  owner: StoredOwner,
  { octets, facts }: TriedMessage,
  policy: FilterPolicy,
  now: number,
): Program<SieveResult> {
  const world = accountWorld({ ...owner, now, remembered: new Set() }, "" as BlobId, policy);
  const environment = { name: "Palomar", location: "MDA", phase: "during", host: policy.hostname };
  const told = { ...facts, now, zoneMinutes: policy.zoneMinutes(now), environment };
  const trying = sieveWorld({ ...world, read: read(octets), seen: nothing });
  return yield* runSafely(stepsOf([script], owner, told, trying, policy), told, trying, policy.limits);
}

const read = (octets: Uint8Array) =>
  // deno-lint-ignore require-yield -- answers are programs
  function* (start: number, end: number): Program<Uint8Array> {
    return octets.slice(start, end);
  };

// deno-lint-ignore require-yield -- answers are programs
function* nothing(): Program<boolean> {
  return false;
}
