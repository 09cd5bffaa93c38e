// deno-lint-ignore-file no-console
/** 4 KB messages, durably accepted and in the mailbox: Palomar beside its peers, in turns, in one run. */
import { bound } from "./peers/bound.ts";
import { palomar } from "./peers/palomar.ts";
import { ACCOUNTS, DOMAIN, type PeerKind } from "./peers/peer.ts";
import { postfixDovecot } from "./peers/postfix_dovecot.ts";
import { smtpServerNpm } from "./peers/smtp_server_npm.ts";
import { generate } from "./native.ts";

const KINDS: readonly PeerKind[] = [palomar, smtpServerNpm, postfixDovecot, bound];
const SIZE = 4096;

/** Messages a cell, so that each takes a few seconds on each server. */
const MESSAGES: Readonly<Record<string, number>> = {
  palomar: 10_000,
  "smtp-server": 3_000,
  "postfix+dovecot": 600,
  bound: 40_000,
};

export async function ingest(rounds: number): Promise<void> {
  const kinds = KINDS.filter((kind) => {
    const missing = kind.missing();
    if (missing !== null) console.log(`  ${kind.name}: left out, ${missing}`);
    return missing === null;
  });
  for (const connections of [10, 50]) {
    const rates = new Map<string, number[]>();
    for (let round = 0; round < rounds; round++) {
      for (const kind of kinds) {
        const rate = await measure(kind, connections);
        rates.set(kind.name, [...rates.get(kind.name) ?? [], rate]);
        console.log(`  ${connections} connections, round ${round + 1}: ${kind.name} ${Math.round(rate)} messages/s`);
      }
    }
    const own = median(rates.get("palomar")!);
    for (const [name, all] of rates) {
      const rate = median(all);
      const ratio = name === "palomar" ? "" : `   palomar / ${name} = ${(own / rate).toFixed(2)}`;
      console.log(`${connections} connections, 4 KB: ${name} ${Math.round(rate)} messages/s${ratio}`);
    }
  }
}

async function measure(kind: PeerKind, connections: number): Promise<number> {
  const folder = await Deno.makeTempDir({
    prefix: "palomar-bench-",
    dir: Deno.env.get("BENCH_DIR") ?? "/var/tmp",
  });
  const peer = await kind.start(folder, 21025);
  try {
    await generate(peer.smtpPort, { connections, messages: 200, size: SIZE, domain: DOMAIN, accounts: ACCOUNTS }); // warm
    const before = peer.delivered ? await settled(peer.delivered, 200) : 0;
    const started = performance.now();
    const load = await generate(peer.smtpPort, {
      connections,
      messages: MESSAGES[kind.name]!,
      size: SIZE,
      domain: DOMAIN,
      accounts: ACCOUNTS,
    });
    if (load.accepted === 0 || load.rejected + load.errors > 0) {
      throw new Error(`${kind.name}: ${load.rejected} rejected, ${load.errors} errors: ${load.first_error ?? ""}`);
    }
    if (!peer.delivered) return load.msgs_s;
    await settled(peer.delivered, before + load.accepted);
    return load.accepted / ((performance.now() - started) / 1000);
  } finally {
    await peer.stop();
    await Deno.remove(folder, { recursive: true });
  }
}

/** Waits until as many messages have arrived, at most two minutes. */
async function settled(delivered: () => number, count: number): Promise<number> {
  for (const end = performance.now() + 120_000; performance.now() < end;) {
    if (delivered() >= count) return count;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`only ${delivered()} of ${count} messages arrived in two minutes`);
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;
}
