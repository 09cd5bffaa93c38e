/** What a benchmark needs of a server beside another: where it listens, and how much mail has arrived in it. */
export interface Peer {
  readonly name: string;
  /** One line on what makes its 250 worth something. */
  readonly settings: string;
  readonly smtpPort: number;
  /** Root of the server's processes, for memory. */
  readonly pid: number;
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
