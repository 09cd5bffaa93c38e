// deno-lint-ignore-file no-console
/**
 * Sieve beside Pigeonhole's `sieve-filter`, which runs a compiled script over a mailbox, in turns in one run. Both are
 * processes that read every message from a file and say where it would go. What counts is the processor's time, user
 * and system: of the script, less that of an empty script over the same messages. So start, reading and printing fall
 * out for both, and each message is new to both. For Palomar that is the second to the fourth pass over the folder, less
 * the first: what V8 compiles while it runs is start to a server that goes on for months, as compiling is to
 * Pigeonhole. Then compiling, and delivery by LMTP with a script and without.
 */
import { cpuUsage } from "node:process";
import { parseSieve } from "../../src/sieve/mod.ts";
import { generate } from "./native.ts";
import { startPalomar } from "./peers/palomar.ts";
import { ACCOUNTS, DOMAIN, isOnPath } from "./peers/peer.ts";
import { longScript, message, ruleOf, RULES, script } from "./sieve/workload.ts";

const NOBODY = 65534;
const ROUNDS = 3;
const KINDS = ["empty", "headers", "bodies"] as const;
/** Octets of a message, and how many of them. */
const SIZES = [[4_000, 8_000], [200_000, 1_000]] as const;

export async function sieve(): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "palomar-bench-", dir: Deno.env.get("BENCH_DIR") ?? "/var/tmp" });
  try {
    for (const [size, count] of SIZES) await evaluations(`${folder}/${size}`, size, count);
    compiling();
    await delivery(`${folder}/palomar`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

type Kind = typeof KINDS[number];
/** Milliseconds of CPU. */
type Side = (kind: Kind) => Promise<number>;

async function evaluations(folder: string, size: number, count: number): Promise<void> {
  const cur = `${folder}/mail/cur`;
  for (const name of ["cur", "new", "tmp"]) await Deno.mkdir(`${folder}/mail/${name}`, { recursive: true });
  for (let i = 0; i < count; i++) await Deno.writeTextFile(`${cur}/${100_000 + i}.m:2,`, message(i, size));
  for (const kind of KINDS) await Deno.writeTextFile(`${folder}/${kind}.sieve`, script(kind));
  const sides = new Map<string, Side>([["palomar", (kind) => ours(folder, kind, count)]]);
  if (isOnPath("sieve-filter") && Deno.uid() === 0) {
    await Deno.writeTextFile(`${folder}/dovecot.conf`, configuration(folder));
    await cpuOf("chown", ["-R", `${NOBODY}:${NOBODY}`, folder]);
    await Deno.chmod(folder.slice(0, folder.lastIndexOf("/")), 0o755);
    await theirs(folder, "headers"); // compiles; the index of the mailbox is made
    sides.set("pigeonhole", (kind) => theirs(folder, kind));
  } else console.log("  pigeonhole: left out, sieve-filter is not installed, or this is not root");
  const taken = new Map<string, number[]>();
  for (let round = 0; round < ROUNDS; round++) {
    for (const [name, side] of sides) {
      for (const kind of KINDS) {
        const ms = await side(kind);
        taken.set(`${name} ${kind}`, [...taken.get(`${name} ${kind}`) ?? [], ms]);
        console.log(
          `  ${size} octets, round ${round + 1}: ${name} ${kind} ${(1_000 * ms / count).toFixed(1)} µs a message`,
        );
      }
    }
  }
  const least = (key: string) => Math.min(...taken.get(key)!);
  for (const kind of ["headers", "bodies"] as const) {
    const rates = [...sides.keys()].map((name) => {
      const ms = least(`${name} ${kind}`) - least(`${name} empty`);
      return { name, micros: 1_000 * ms / count };
    });
    const words = rates.map(({ name, micros }) =>
      `${name} ${micros.toFixed(1)} µs (${Math.round(1e6 / micros)} a CPU second)`
    );
    const ratio = rates.length > 1
      ? `   palomar / pigeonhole = ${(rates[1]!.micros / rates[0]!.micros).toFixed(2)}`
      : "";
    console.log(`${RULES} rules (${kind}), ${size} octets: ${words.join(", ")}${ratio}`);
  }
}

async function ours(folder: string, kind: Kind, count: number): Promise<number> {
  return (await passes(folder, kind, count, 4) - await passes(folder, kind, count, 1)) / 3;
}

async function passes(folder: string, kind: Kind, count: number, times: number): Promise<number> {
  const side = new URL("./sieve/side.ts", import.meta.url).pathname;
  const { ms, stdout } = await cpuOf(Deno.execPath(), [
    ...["run", "--no-check", "--v8-flags=--max-semi-space-size=4", "--allow-read", side],
    ...[`${folder}/${kind}.sieve`, `${folder}/mail/cur`, String(times)],
  ]);
  if (kind !== "empty") equal(stdout.match(/Rule \d+/g)?.length, met(count));
  return ms;
}

async function theirs(folder: string, kind: Kind): Promise<number> {
  const { ms, stdout } = await cpuOf("setpriv", [
    ...["--reuid", `${NOBODY}`, "--regid", `${NOBODY}`, "--clear-groups", "env", `HOME=${folder}`, "USER=nobody"],
    ...["sieve-filter", "-c", `${folder}/dovecot.conf`, `${folder}/${kind}.sieve`, "INBOX"],
  ]);
  if (kind !== "empty") {
    equal(stdout.match(/store message in folder: Rule \d+/g)?.length, met(stdout.match(/^>> /gm)?.length ?? 0));
  }
  return ms;
}

/** How many of so many messages meet a rule. */
function met(count: number): number {
  return Array.from({ length: count }, (_, i) => ruleOf(i)).filter((k) => k !== null).length;
}

function equal(found: number | undefined, wanted: number): void {
  if (found !== wanted) throw new Error(`${found} messages were filed, not ${wanted}`);
}

/** Runs a program; the time of it and of its children by the shell's account of them. */
async function cpuOf(command: string, args: readonly string[]): Promise<{ ms: number; stdout: string }> {
  const { success, stdout, stderr } = await new Deno.Command("bash", {
    args: ["-c", 'TIMEFORMAT="CPU %U %S"; time "$@"', "bash", command, ...args],
  }).output();
  const said = new TextDecoder().decode(stderr);
  const found = /^CPU ([0-9.]+) ([0-9.]+)$/m.exec(said);
  if (!success || !found) throw new Error(`${command}: ${said}`);
  return { ms: 1_000 * (Number(found[1]) + Number(found[2])), stdout: new TextDecoder().decode(stdout) };
}

function configuration(folder: string): string {
  return `mail_location = maildir:${folder}/mail
mail_home = ${folder}
log_path = /dev/stderr
ssl = no
namespace inbox {
  inbox = yes
}
`;
}

function compiling(): void {
  const text = longScript(64 << 10);
  const times: number[] = [];
  for (let i = 0; i < 60; i++) {
    const before = cpuUsage();
    const parsed = parseSieve(`${text}# ${i}`);
    const { user, system } = cpuUsage(before);
    if ("errors" in parsed) throw new Error(JSON.stringify(parsed.errors[0]));
    times.push((user + system) / 1_000);
  }
  const [first, ...rest] = times;
  rest.splice(0, 29); // not warm yet
  console.log(`compiling 64 KB: the first ${first!.toFixed(1)} ms, then ${median(rest).toFixed(1)} ms`);
}

/** CPU time of the server's process for 4 KB messages by LMTP, in turns with a script for every account and without. */
async function delivery(folder: string): Promise<void> {
  await Deno.mkdir(folder, { recursive: true });
  const peer = await startPalomar(folder, 21125, { config: { admin: { token: "bench-token-of-some-length" } } });
  const load = (messages: number) =>
    generate(peer.lmtpPort, { connections: 10, messages, size: 4_096, domain: DOMAIN, accounts: ACCOUNTS, lmtp: true });
  try {
    const api = `http://127.0.0.1:${peer.httpPort}/api/v1/accounts`;
    const headers = { authorization: "Bearer bench-token-of-some-length", "content-type": "application/json" };
    const ask = async (method: string, path: string, body: unknown) => {
      const answer = await fetch(`${api}/${path}`, { method, headers, body: JSON.stringify(body) });
      if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
      await answer.body?.cancel();
    };
    const accounts = Array.from({ length: ACCOUNTS }, (_, i) => `u${i + 1}%40${DOMAIN}/sieve`);
    for (const path of accounts) await ask("PUT", `${path}/main`, { content: script("headers") });
    const taken: Record<"with" | "without", number[]> = { with: [], without: [] };
    for (let round = 0; round <= 2 * ROUNDS; round++) {
      for (const which of ["without", "with"] as const) {
        for (const path of accounts) await ask("PATCH", path, { active: which === "with" ? "main" : null });
        const before = cpuTicks(peer.pid);
        const { accepted } = await load(2_000);
        const micros = 10_000 * (cpuTicks(peer.pid) - before) / accepted;
        if (round > 0) taken[which].push(micros); // the first is to get warm
        console.log(`  delivery, round ${round}: ${which} a script ${micros.toFixed(0)} µs a message`);
      }
    }
    const [a, b] = [median(taken.with), median(taken.without)];
    console.log(
      `delivery of 4 KB: ${a.toFixed(0)} µs with ${RULES} rules, ${b.toFixed(0)} without: ${(a / b).toFixed(2)}`,
    );
  } finally {
    await peer.stop();
  }
}

/** Hundredths of a second that a process has used. */
function cpuTicks(pid: number): number {
  const [user, system] = Deno.readTextFileSync(`/proc/${pid}/stat`).replace(/^.*\) /, "").split(" ").slice(11, 13);
  return Number(user) + Number(system);
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;
}
