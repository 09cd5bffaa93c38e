/** What a benchmark needs of a server beside another: where it listens, and how much mail has arrived in it. */
export interface Peer {
  readonly name: string;
  /** One line on what makes its 250 worth something. */
  readonly settings: string;
  readonly smtpPort: number;
  /** Root of the server's processes, for memory. */
  readonly pid: number;
  /** Roots of what belongs to it beside. */
  readonly others?: readonly number[];
  /** Messages that are in the mailboxes; null where the 250 itself says so. */
  delivered: (() => number) | null;
  stop(): Promise<void>;
}

/** A peer that can be started, or the reason why not on this machine. */
export interface PeerKind {
  readonly name: string;
  /** Null where it can run here; else what is missing, for the person who reads the output. */
  missing(): string | null;
  start(folder: string, port: number): Promise<Peer>;
}

export const ACCOUNTS = 10;
export const DOMAIN = "bench.test";
export const PASSWORD = "bench-password";

/** Waits until something accepts connections on the port of 127.0.0.1; throws after `seconds`. */
export async function waitForPort(port: number, seconds = 30): Promise<void> {
  const end = performance.now() + seconds * 1000;
  for (;;) {
    try {
      (await Deno.connect({ hostname: "127.0.0.1", port })).close();
      return;
    } catch (error) {
      if (performance.now() > end) {
        throw new Error(`nothing listens on port ${port} after ${seconds} s`, { cause: error });
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}

/** Ends a child process: SIGTERM, then SIGKILL after ten seconds. */
export async function stopChild(child: Deno.ChildProcess): Promise<void> {
  const timer = setTimeout(() => child.kill("SIGKILL"), 10_000);
  try {
    child.kill("SIGTERM");
  } catch { /* it has ended already */ }
  await child.status;
  clearTimeout(timer);
}

export function isOnPath(command: string): boolean {
  const folders = (Deno.env.get("PATH") ?? "").split(":").concat("/usr/sbin", "/sbin");
  return folders.some((folder) => {
    try {
      return Deno.statSync(`${folder}/${command}`).isFile;
    } catch {
      return false;
    }
  });
}

/** Resident memory of a process, kB; the sum of private and shared pages as the kernel counts them. */
export function residentKb(pid: number): number {
  const line = Deno.readTextFileSync(`/proc/${pid}/status`).split("\n").find((row) => row.startsWith("VmRSS:"));
  return Number(line?.split(/\s+/)[1] ?? 0);
}

/** A process and all below it. */
export function processTree(root: number): number[] {
  const parents = new Map<number, number>();
  for (const { name } of Deno.readDirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const stat = statOf(Number(name));
    if (stat) parents.set(Number(name), Number(stat[1]));
  }
  const below = (pid: number): boolean => pid === root || (parents.has(pid) && below(parents.get(pid)!));
  return [...parents.keys()].filter(below);
}

/** Seconds of processor that a process and all below it have had, those that ended with them. */
export function cpuSeconds(root: number): number {
  let ticks = 0;
  for (const pid of processTree(root)) {
    // utime, stime, and those of children that were waited for.
    for (const count of statOf(pid)?.slice(11, 15) ?? []) ticks += Number(count);
  }
  return ticks / 100;
}

/** The fields of `/proc/PID/stat` behind the name; null: it has ended. */
function statOf(pid: number): readonly string[] | null {
  try {
    const stat = Deno.readTextFileSync(`/proc/${pid}/stat`);
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  } catch {
    return null;
  }
}
