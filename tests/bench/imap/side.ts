/** One of the servers that are measured beside each other: its data stays where it is over restarts. */
import { startDovecot } from "../peers/dovecot.ts";
import { startPalomar } from "../peers/palomar.ts";
import { type Peer, processTree } from "../peers/peer.ts";
import { BenchClient } from "./client.ts";

export interface ImapPeer extends Peer {
  readonly imapPort: number;
  readonly lmtpPort: number;
}

export type SideName = "palomar" | "maildir" | "sdbox";

export class Side {
  readonly name: SideName;
  readonly #folder: string;
  readonly #port: number;
  #peer: ImapPeer | null = null;
  #client: BenchClient | null = null;

  constructor(name: SideName, folder: string, port: number) {
    this.name = name;
    this.#folder = folder;
    this.#port = port;
  }

  get peer(): ImapPeer {
    if (!this.#peer) throw new Error(`${this.name} does not run`);
    return this.#peer;
  }

  /** The session of user 1 that does the work. */
  get client(): BenchClient {
    if (!this.#client) throw new Error(`${this.name} does not run`);
    return this.#client;
  }

  async start(): Promise<void> {
    this.#peer = this.name === "palomar"
      ? await startPalomar(this.#folder, this.#port)
      : await startDovecot(this.#folder, this.#port, this.name);
    this.#client = await BenchClient.connect(this.#peer.imapPort);
  }

  /** A new process with nothing in its memory; the system keeps its page cache. */
  async restart(): Promise<void> {
    await this.stop();
    await this.start();
  }

  async stop(): Promise<void> {
    this.#client?.close();
    this.#client = null;
    await this.#peer?.stop();
    this.#peer = null;
  }

  connect(): Promise<BenchClient> {
    return BenchClient.connect(this.peer.imapPort);
  }

  /** Memory of all its processes, kB, each shared page counted once over all that share it. */
  memoryKb(): number {
    let sum = 0;
    for (const pid of processTree(this.peer.pid)) {
      try {
        const rollup = Deno.readTextFileSync(`/proc/${pid}/smaps_rollup`);
        sum += Number(/^Pss:\s+(\d+)/m.exec(rollup)?.[1] ?? 0);
      } catch { /* it has ended */ }
    }
    return sum;
  }
}
