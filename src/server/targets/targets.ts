/** All places of a configuration: which there are, what they can do now, and their hand-over. */
import { canonicalTarget, type TargetFacts, targetParts, type TargetWay } from "../../mda/mod.ts";
import type { DeliveryConfig } from "../config/delivery.ts";
import { httpTransport } from "../outbound/transports/http_transport.ts";
import type { MailTransport } from "../outbound/transports/transport.ts";
import { maildirPlace } from "./maildir.ts";
import { mboxPlace } from "./mbox.ts";
import type { Place } from "./place.ts";
import { programPlace } from "./program.ts";

export interface TargetOptions {
  readonly hostname: string;
  /** Milliseconds by the wall clock. */
  readonly now: () => number;
}

/** What is there, by its canonical name: for filters, and for whoever asks. */
export async function targetFacts(config: DeliveryConfig): Promise<ReadonlyMap<string, TargetFacts>> {
  const facts = new Map<string, TargetFacts>();
  for (const [name, { command, arguments: most }] of Object.entries(config.programs)) {
    facts.set(`program:${name}`, { arguments: most, off: await mayRun(command[0]!) });
  }
  for (const kind of ["maildir", "mbox", "http"] as const) {
    const all = kind === "http" ? config.http : kind === "mbox" ? config.mboxes : config.maildirs;
    for (const name of Object.keys(all)) facts.set(`${kind}:${name}`, { arguments: 0, off: null });
  }
  return facts;
}

/** Why not, or null. */
async function mayRun(command: string): Promise<string | null> {
  const { state } = await Deno.permissions.query({ name: "run", command });
  return state === "granted" ? null : `this server may not run programs (deno run --allow-run=${command})`;
}

/** The transport of one row; null: the configuration does not name the place any more. */
export function targetsOf(config: DeliveryConfig, options: TargetOptions): (way: TargetWay) => MailTransport | null {
  const places = new Map<string, Place>();
  const made = (target: string): Place | null => {
    const known = places.get(target);
    if (known) return known;
    const place = makePlace(target, config, options);
    if (place) places.set(target, place);
    return place;
  };
  return (way) => {
    const place = canonicalTarget(way.target) === way.target ? made(way.target) : null;
    return place && { recipients: 1, send: (message, signal) => place(message, way, signal) };
  };
}

function makePlace(target: string, config: DeliveryConfig, options: TargetOptions): Place | null {
  const { kind, name } = targetParts(target);
  const of = <T>(all: Readonly<Record<string, T>>): T | null => Object.hasOwn(all, name) ? all[name]! : null;
  switch (kind) {
    case "program": {
      const program = of(config.programs);
      return program && programPlace(program, options.now);
    }
    case "maildir": {
      const maildir = of(config.maildirs);
      return maildir && maildirPlace(maildir, options);
    }
    case "mbox": {
      const mbox = of(config.mboxes);
      return mbox && mboxPlace(mbox, options.now);
    }
    case "http": {
      const relay = of(config.http);
      const transport = relay && httpTransport(relay, options);
      return transport && ((message, _way, signal) => transport.send(message, signal));
    }
  }
}
