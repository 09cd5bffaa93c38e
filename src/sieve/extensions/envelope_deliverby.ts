/** envelope-deliverby (RFC 6009 section 4): until when the message should be delivered (RFC 2852). */
import type { SieveExtension } from "../extension.ts";
import type { Run } from "../run/run.ts";
import { datePart } from "../run/date_part.ts";

const by = (run: Run, value: (by: NonNullable<Run["facts"]["envelope"]["deliverBy"]>) => string): readonly string[] => {
  const { deliverBy } = run.facts.envelope;
  return deliverBy === undefined || deliverBy === null ? [] : [value(deliverBy)];
};

export const envelopeDeliverBy: SieveExtension = {
  name: "envelope-deliverby",
  words: [
    {
      on: "envelope",
      name: "bytimeabsolute",
      isAddress: false,
      values: (run) => by(run, ({ at }) => datePart(at, 0, "iso8601")),
    },
    {
      on: "envelope",
      name: "bytimerelative",
      isAddress: false,
      values: (run) => by(run, ({ at }) => String(Math.round((at - run.facts.now) / 1_000))),
    },
    { on: "envelope", name: "bymode", isAddress: false, values: (run) => by(run, ({ mode }) => mode) },
    { on: "envelope", name: "bytrace", isAddress: false, values: (run) => by(run, ({ trace }) => String(trace)) },
  ],
};
