// deno-lint-ignore-file no-console
/** Servers in turns under the same load of SMTP, round after round: messages and octets a second, and their CPU. */
import { generate } from "./native.ts";
import { bound } from "./peers/bound.ts";
import { palomar } from "./peers/palomar.ts";
import { ACCOUNTS, cpuSeconds, DOMAIN, type Peer, type PeerKind } from "./peers/peer.ts";
import { postfixDovecot } from "./peers/postfix_dovecot.ts";
import { smtpServerNpm } from "./peers/smtp_server_npm.ts";

export type PeerName = "palomar" | "smtp-server" | "postfix+dovecot" | "bound";

const KINDS: Readonly<Record<PeerName, PeerKind>> = {
  palomar,
  "smtp-server": smtpServerNpm,
  "postfix+dovecot": postfixDovecot,
  bound,
};

/** One load. */
export interface Cell {
  readonly connections: number;
  /** Octets of a message. */
  readonly size: number;
  /** How many, so that it takes a few seconds on each. */
  readonly messages: Readonly<Record<PeerName, number>>;
}

interface Run {
  /** Messages a second, durable and in the mailbox. */
  readonly rate: number;
  /** Milliseconds of processor a message. */
  readonly cpu: number;
}

/** The medians of one server under one load. */
export interface Measured extends Run {
  readonly name: PeerName;
  readonly connections: number;
  readonly size: number;
  /** How many times this rate Palomar's is: the median of the rounds' ratios. */
  readonly ratio: number;
}

/** Those that are installed, Palomar first; tells which are left out. `BENCH_SIDES` names some of them. */
export function kindsHere(): PeerName[] {
  const wanted = Deno.env.get("BENCH_SIDES")?.split(",");
  return (Object.keys(KINDS) as PeerName[]).filter((name) => {
    if (wanted && !wanted.includes(name)) return false;
    const missing = KINDS[name].missing();
    if (missing !== null) console.log(`  ${name}: left out, ${missing}`);
    return missing === null;
  });
}

/** Runs every cell on every server, `rounds` times in turns, and answers the medians. */
export async function inTurns(cells: readonly Cell[], rounds: number): Promise<Measured[]> {
  const names = kindsHere();
  const all: Measured[] = [];
  for (const cell of cells) {
    const runs = new Map<PeerName, Run[]>(names.map((name) => [name, []]));
    for (let round = 0; round < rounds; round++) {
      for (const name of names) {
        const run = await measure(KINDS[name], cell, cell.messages[name]);
        runs.get(name)!.push(run);
        console.log(
          `  ${sizeName(cell.size)} over ${cell.connections}, round ${round + 1}: ${name} ${rateText(run.rate)} ` +
            `messages/s, ${megabytes(run.rate, cell.size)} MB/s, ${run.cpu.toFixed(2)} ms of CPU each`,
        );
      }
    }
    for (const name of names) {
      const own = runs.get("palomar") ?? [];
      const mine = runs.get(name)!;
      const ratio = own.length === 0 ? NaN : median(mine.map(({ rate }, i) => own[i]!.rate / rate));
      const { connections, size } = cell;
      const [rate, cpu] = [median(mine.map((run) => run.rate)), median(mine.map((run) => run.cpu))];
      all.push({ name, connections, size, rate, cpu, ratio });
    }
  }
  return all;
}

async function measure(kind: PeerKind, { connections, size }: Cell, messages: number): Promise<Run> {
  const folder = await Deno.makeTempDir({ prefix: "palomar-bench-", dir: Deno.env.get("BENCH_DIR") ?? "/var/tmp" });
  const peer = await kind.start(folder, 21025);
  try {
    const load = { connections, size, domain: DOMAIN, accounts: ACCOUNTS };
    const warmUp = Math.max(connections, Math.min(500, Math.ceil(messages / 4)));
    const warm = await generate(peer.smtpPort, { ...load, messages: warmUp });
    const before = await settled(peer, warm.accepted);
    const [cpu, started] = [cpuOf(peer), performance.now()];
    const { accepted, rejected, errors, msgs_s, first_error } = await generate(peer.smtpPort, { ...load, messages });
    if (accepted === 0 || rejected + errors > 0) {
      throw new Error(`${kind.name}: ${rejected} rejected, ${errors} errors: ${first_error ?? ""}`);
    }
    await settled(peer, before + accepted);
    const seconds = (performance.now() - started) / 1000;
    return { rate: peer.delivered ? accepted / seconds : msgs_s, cpu: (cpuOf(peer) - cpu) * 1000 / accepted };
  } finally {
    await peer.stop();
    await Deno.remove(folder, { recursive: true });
  }
}

function cpuOf({ pid, others = [] }: Peer): number {
  return [pid, ...others].reduce((sum, one) => sum + cpuSeconds(one), 0);
}

/** Waits until as many messages have arrived, at most two minutes. */
async function settled({ delivered, name }: Peer, count: number): Promise<number> {
  if (delivered === null) return count;
  for (const end = performance.now() + 120_000; performance.now() < end;) {
    if (delivered() >= count) return count;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`${name}: only ${delivered()} of ${count} messages arrived in two minutes`);
}

/** The middle one. */
export function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;
}

/** `4 KB`, `20 MB`. */
export function sizeName(octets: number): string {
  return octets < 1024 * 1024 ? `${Math.round(octets / 1024)} KB` : `${Math.round(octets / 1024 / 1024)} MB`;
}

/** Millions of octets a second. */
export function megabytes(rate: number, size: number): string {
  return rateText(rate * size / 1e6);
}

function rateText(rate: number): string {
  return rate.toFixed(rate < 100 ? 1 : 0);
}

/** Prints lines as a table of Markdown, so that they can be kept as they are. */
export function printTable(head: readonly string[], rows: readonly (readonly string[])[]): void {
  const widths = head.map((cell, i) => Math.max(cell.length, ...rows.map((row) => row[i]!.length)));
  const line = (cells: readonly string[]) => `| ${cells.map((cell, i) => cell.padEnd(widths[i]!)).join(" | ")} |`;
  console.log(line(head));
  console.log(line(widths.map((width) => "-".repeat(width))));
  for (const row of rows) console.log(line(row));
}

/** Whether an aim is met, in the words of the tables. */
export function aim(value: number, least: number, text: string): string {
  if (Number.isNaN(value)) return text;
  return `${text}: ${value >= least ? "met" : "missed"}`;
}
