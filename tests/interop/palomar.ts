/** Palomar from this checkout as a child process: started as `deno task start` starts it, told what to do by its CLI. */
import { join } from "node:path";
import { ensureDemoCertificate } from "../../src/net/demo_ca.ts";
import { eventually } from "./scenario.ts";

export interface Account {
  readonly address: string;
  readonly password: string;
}

/** Ports of the listeners; the names are those of their well-known numbers. */
export interface Ports {
  readonly smtp: number;
  readonly smtps: number;
  readonly submission: number;
  readonly lmtp: number;
  readonly imaps: number;
  readonly imap: number;
  readonly pop3s: number;
  readonly pop3: number;
  readonly managesieve: number;
  readonly http: number;
}

export interface PalomarOptions {
  /** Laid over the configuration, key by key at the top level. */
  readonly config?: Readonly<Record<string, unknown>>;
  readonly ports?: Ports;
}

/** How a process ended. */
export interface Ended {
  readonly code: number;
  readonly signal: string | null;
}

const ROOT = new URL("../../", import.meta.url).pathname;
const START_SECONDS = 30;
const STOP_SECONDS = 20;
const encoder = new TextEncoder();

/**
 * Free ports of 127.0.0.1, below those that the system gives to outgoing connections, so that nobody takes one between
 * now and the start of a server; held together while they are chosen, so that none is chosen twice.
 */
export function freePorts(): Ports {
  const held: Deno.Listener[] = [];
  while (held.length < 10) {
    try {
      held.push(Deno.listen({ hostname: "127.0.0.1", port: 10_000 + Math.floor(Math.random() * 20_000) }));
    } catch { /* taken */ }
  }
  const [smtp, smtps, submission, lmtp, imaps, imap, pop3s, pop3, managesieve, http] = held.map((one) =>
    (one.addr as Deno.NetAddr).port
  );
  for (const one of held) one.close();
  return { smtp, smtps, submission, lmtp, imaps, imap, pop3s, pop3, managesieve, http } as Ports;
}

/** Writes a configuration into `folder`, adds the domain, starts the server and waits until it listens. */
export async function startPalomar(folder: string, domain: string, options: PalomarOptions = {}): Promise<Palomar> {
  const ports = options.ports ?? freePorts();
  const names = [`mail.${domain}`, "localhost", "127.0.0.1"];
  const certificate = await ensureDemoCertificate(join(folder, "tls"), names);
  const configFile = join(folder, "palomar.jsonc");
  const config = { ...configuration(folder, domain, ports, certificate), ...options.config };
  await Deno.writeTextFile(configFile, JSON.stringify(config, null, 2));
  const server = new Palomar(folder, domain, ports, certificate, configFile);
  await server.cli(["domain", "add", domain]);
  await server.start();
  return server;
}

/** One server in one folder; it can be killed and started again on the same data. */
export class Palomar {
  readonly folder: string;
  readonly domain: string;
  readonly ports: Ports;
  /** Certificate of the authority, the server's certificate and its key. */
  readonly tls: { readonly caFile: string; readonly certFile: string; readonly keyFile: string };
  readonly configFile: string;
  /** What the process wrote on stderr since the first start, line by line. */
  readonly log: string[] = [];
  #child: Deno.ChildProcess | null = null;
  #accounts = 0;

  constructor(folder: string, domain: string, ports: Ports, tls: Palomar["tls"], configFile: string) {
    this.folder = folder;
    this.domain = domain;
    this.ports = ports;
    this.tls = tls;
    this.configFile = configFile;
  }

  get caFile(): string {
    return this.tls.caFile;
  }

  get pid(): number {
    if (!this.#child) throw new Error("the server does not run");
    return this.#child.pid;
  }

  /** Starts the process; resolves when every listener accepts. */
  async start(): Promise<void> {
    if (this.#child) throw new Error("the server runs already");
    const child = spawn(["start", "--config", this.configFile], "null");
    this.#child = child;
    const reading = this.#read(child.stderr);
    let ended: Ended | null = null;
    void child.status.then((status) => ended = status);
    try {
      for (const port of [this.ports.http, this.ports.smtp, this.ports.imaps]) {
        await eventually("the server listens", async () => {
          if (ended) throw new Error(`the server ended with ${ended.code}`);
          return await accepts(port);
        }, START_SECONDS);
      }
    } catch (error) {
      this.#child = null;
      kill(child, "SIGKILL");
      await child.status;
      await reading;
      throw new Error(`${(error as Error).message}\n${this.log.slice(-20).join("\n")}`, { cause: error });
    }
  }

  /** Sends a signal and does not wait. */
  signal(name: Deno.Signal): void {
    if (this.#child) kill(this.#child, name);
  }

  /** SIGTERM, and SIGKILL for one that does not end; how it ended, or null where it did not run. */
  stop(): Promise<Ended | null> {
    return this.#end("SIGTERM");
  }

  /** Ends the process as a crash does. */
  kill(): Promise<Ended | null> {
    return this.#end("SIGKILL");
  }

  /** Adds an account of a name nobody has yet. */
  async account(hint = "user"): Promise<Account> {
    const account = {
      address: `${hint}${++this.#accounts}@${this.domain}`,
      password: `pass word ${crypto.randomUUID()}`,
    };
    await this.cli(["account", "add", account.address, "--password-stdin"], account.password + "\n");
    return account;
  }

  /** Runs a command of the CLI on this server; its stdout. Throws, with its stderr, where it is refused. */
  async cli(args: readonly string[], stdin = ""): Promise<string> {
    const child = spawn([...args, "--config", this.configFile], "piped");
    const output = child.output();
    const writer = child.stdin.getWriter();
    await writer.write(encoder.encode(stdin)).catch(() => {});
    await writer.close().catch(() => {});
    const { code, stdout, stderr } = await output;
    if (code !== 0) {
      throw new Error(`palomar ${args.join(" ")} ended with ${code}: ${new TextDecoder().decode(stderr)}`);
    }
    return new TextDecoder().decode(stdout);
  }

  /** Starts a command of the CLI on this server, to be watched or killed. */
  command(args: readonly string[]): Deno.ChildProcess {
    return spawn([...args, "--config", this.configFile], "piped");
  }

  /** A shell script in the server's folder that runs a command of the CLI on this server, for programs that call one. */
  async script(name: string): Promise<string> {
    const { args } = command([name, "--config", this.configFile]);
    const file = join(this.folder, `palomar-${name}`);
    const words = [Deno.execPath(), ...args].map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(" ");
    await Deno.writeTextFile(file, `#!/bin/sh\ncd '${ROOT}' && exec ${words} "$@"\n`);
    await Deno.chmod(file, 0o755);
    return file;
  }

  /** Resident memory of the process, in MB. */
  memory(): number {
    const row = Deno.readTextFileSync(`/proc/${this.pid}/status`).split("\n").find((line) => line.startsWith("VmRSS:"));
    return Number(row?.split(/\s+/)[1] ?? 0) / 1024;
  }

  async #end(signal: Deno.Signal): Promise<Ended | null> {
    const child = this.#child;
    if (!child) return null;
    this.#child = null;
    const timer = setTimeout(() => kill(child, "SIGKILL"), STOP_SECONDS * 1000);
    kill(child, signal);
    const { code, signal: by } = await child.status;
    clearTimeout(timer);
    return { code, signal: by };
  }

  async #read(stream: ReadableStream<Uint8Array>): Promise<void> {
    let rest = "";
    const file = await Deno.open(join(this.folder, "log"), { create: true, append: true });
    const decoder = new TextDecoder();
    for await (const chunk of stream) {
      await file.write(chunk);
      const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
      rest = lines.pop() ?? "";
      this.log.push(...lines);
    }
    file.close();
  }
}

/** A second process on the data of a server: what it says and how it ends. */
export async function startAgain(configFile: string, signal: AbortSignal): Promise<{ code: number; stderr: string }> {
  const { args, env } = command(["start", "--config", configFile]);
  const { code, stderr } = await new Deno.Command(Deno.execPath(), { args, env, cwd: ROOT, signal, stdin: "null" })
    .output();
  return { code, stderr: new TextDecoder().decode(stderr) };
}

/** All listeners, on 127.0.0.1. */
export function listenersAt(ports: Ports) {
  const at = (protocol: string, port: number, tls: string) => ({ protocol, address: "127.0.0.1", port, tls });
  return [
    at("smtp", ports.smtp, "starttls"),
    at("submission", ports.smtps, "implicit"),
    at("submission", ports.submission, "starttls"),
    at("lmtp", ports.lmtp, "none"),
    at("imap", ports.imaps, "implicit"),
    at("imap", ports.imap, "starttls"),
    at("pop3", ports.pop3s, "implicit"),
    at("pop3", ports.pop3, "starttls"),
    at("managesieve", ports.managesieve, "starttls"),
    at("http", ports.http, "none"),
  ];
}

function configuration(folder: string, domain: string, ports: Ports, certificate: Palomar["tls"]) {
  return {
    hostname: `mail.${domain}`,
    dataDir: join(folder, "data"),
    listeners: listenersAt(ports),
    tls: { certificates: [{ certFile: certificate.certFile, keyFile: certificate.keyFile }] },
    auth: { allowPlaintext: false },
    // Every client comes from one address here.
    limits: {
      connections: 5000,
      connectionsPerAddress: 5000,
      connectionRate: 1_000_000,
      messagesPerConnection: 100_000,
    },
    log: { level: "info", format: "json" },
  };
}

/** The words of the `start` task, so that what is tested is what people run, permissions included. */
function command(words: readonly string[]): { args: string[]; env: Record<string, string> } {
  const task: string = JSON.parse(Deno.readTextFileSync(join(ROOT, "deno.json"))).tasks.start;
  const [deno, ...args] = task.split(" ");
  if (deno !== "deno" || args.pop() !== "start") throw new Error(`the start task is not "deno … start": ${task}`);
  return { args: [...args, ...words], env: { NO_COLOR: "1" } };
}

function spawn(words: readonly string[], stdin: "piped" | "null"): Deno.ChildProcess {
  const { args, env } = command(words);
  return new Deno.Command(Deno.execPath(), {
    args,
    env,
    cwd: ROOT,
    stdin,
    stdout: stdin === "null" ? "null" : "piped",
    stderr: "piped",
  }).spawn();
}

function kill(child: Deno.ChildProcess, signal: Deno.Signal): void {
  try {
    child.kill(signal);
  } catch { /* it has ended already */ }
}

async function accepts(port: number): Promise<boolean> {
  try {
    (await Deno.connect({ hostname: "127.0.0.1", port })).close();
    return true;
  } catch {
    return false;
  }
}
