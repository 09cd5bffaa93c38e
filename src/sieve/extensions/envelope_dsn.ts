/** envelope-dsn (RFC 6009 section 2): what the sender wants to be told of the message (RFC 3461). */
import type { SieveExtension } from "../extension.ts";
import type { Run } from "../run/run.ts";

const one = (value: string | null | undefined): readonly string[] =>
  value === null || value === undefined ? [] : [value];
const dsn = (run: Run) => run.facts.envelope.dsn;

export const envelopeDsn: SieveExtension = {
  name: "envelope-dsn",
  words: [
    { on: "envelope", name: "notify", isAddress: false, values: (run) => dsn(run)?.notify ?? [] },
    { on: "envelope", name: "orcpt", isAddress: false, values: (run) => one(dsn(run)?.orcpt) },
    { on: "envelope", name: "ret", isAddress: false, values: (run) => one(dsn(run)?.ret) },
    { on: "envelope", name: "envid", isAddress: false, values: (run) => one(dsn(run)?.envid) },
  ],
};
