/**
 * RFC 9051 sections 5.5 and 7.5.1 as a table: which commands speak of messages by sequence number, and which may change
 * what these numbers mean. It says all that pipelining needs. Commands of one session run strictly one after the other,
 * for reads are short and the store answers most of them at once: within a session nothing would be gained by overlap,
 * while others are served between any two questions.
 */

/** What a command does with sequence numbers. */
export interface SequenceUse {
  /** Its arguments or its responses hold them; its UID form has none. */
  readonly usesSequenceNumbers: boolean;
  /** EXPUNGE responses may come while it runs or at its end. */
  readonly breaksSequenceNumbers: boolean;
}

const USES_AND_KEEPS: SequenceUse = { usesSequenceNumbers: true, breaksSequenceNumbers: false };
const USES_AND_BREAKS: SequenceUse = { usesSequenceNumbers: true, breaksSequenceNumbers: true };
const BREAKS: SequenceUse = { usesSequenceNumbers: false, breaksSequenceNumbers: true };

const TABLE: ReadonlyMap<string, SequenceUse> = new Map([
  ["FETCH", USES_AND_KEEPS],
  ["STORE", USES_AND_KEEPS],
  ["SEARCH", USES_AND_KEEPS],
  ["SORT", USES_AND_KEEPS], // RFC 5256 section 3
  ["THREAD", USES_AND_KEEPS],
  ["COPY", USES_AND_BREAKS],
  ["MOVE", USES_AND_BREAKS],
  ["REPLACE", USES_AND_BREAKS],
]);

/** By the name behind the tag, or behind UID. All others break them: news is told at the end of every command. */
export function sequenceUse(name: string, byUid: boolean): SequenceUse {
  return byUid ? BREAKS : TABLE.get(name) ?? BREAKS;
}
