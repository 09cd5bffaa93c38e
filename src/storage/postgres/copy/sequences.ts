/** Sequences as the engine knows them: the highest number that each gave. */
import type { Sequence } from "../../engine/tables.ts";
import { BLOCK } from "../schema.ts";
import type { Connection, Step } from "../wire/connection.ts";

/** All of them, and whether each gives blocks. */
const SEQUENCES: Readonly<Record<Sequence, boolean>> = {
  account: false,
  mailbox: false,
  token: false,
  uidValidity: false,
  object: false,
  email: true,
  queue: true,
};
const NAMES = Object.keys(SEQUENCES) as Sequence[];

export type Given = readonly [given: number];

/** The question what a sequence gave: of one that gives blocks, the whole block. */
export function givenBy(name: Sequence): string {
  const more = SEQUENCES[name] ? BLOCK - 1 : 0;
  return `select case when is_called then last_value + ${more} else last_value - 1 end from "seq_${name}"`;
}

export async function readSequences(connection: Connection): Promise<ReadonlyMap<string, number>> {
  const answers = await connection.exchange(NAMES.map((name) => ({ sql: givenBy(name), values: [] })));
  return new Map(NAMES.map((name, i) => [name, answers[i]!.rows[0]![0] as number]));
}

/** Makes each go on behind what was given, and those of tables behind every row. */
export function setSequences(given: ReadonlyMap<string, number>): Step[] {
  const steps: Step[] = NAMES.map((name) => ({
    sql: `select setval('"seq_${name}"', ?i, false)`,
    values: [(given.get(name) ?? 0) + 1],
  }));
  steps.push({ sql: "select setval('seq_blob', (select coalesce(max(id), 0) + 1 from blobs), false)", values: [] });
  for (const table of ["domains", "journal", "removed"]) {
    const next = `(select coalesce(max(id), 0) + 1 from ${table})`;
    steps.push({ sql: `select setval(pg_get_serial_sequence('${table}', 'id'), ${next}, false)`, values: [] });
  }
  return steps;
}
