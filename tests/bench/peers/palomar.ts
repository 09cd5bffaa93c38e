import { ACCOUNTS, DOMAIN, PASSWORD, type Peer, type PeerKind, stopChild, waitForPort } from "./peer.ts";

const ROOT = new URL("../../../", import.meta.url).pathname;

/** The words of the `start` task without `deno` and `start`: what is measured is what people run. */
const RUN: readonly string[] = JSON.parse(Deno.readTextFileSync(`${ROOT}deno.json`)).tasks.start.split(" ").slice(
  1,
  -1,
);

export interface PalomarPeer extends Peer {
  readonly imapPort: number;
  readonly imapsPort: number;
  readonly httpPort: number;
  readonly lmtpPort: number;
  readonly config: string;
}

/** Palomar from this checkout, as `deno task start` runs it, on SQLite. */
export const palomar: PeerKind & { start(folder: string, port: number): Promise<PalomarPeer> } = {
  name: "palomar",
  missing: () => null,
  start: startPalomar,
};

/** What a benchmark wants otherwise. */
export interface PalomarSetup {
  /** Laid over the configuration, key by key. */
  readonly config?: Readonly<Record<string, unknown>>;
  /** Made in place of the accounts, at the first start. */
  readonly aliases?: readonly (readonly [address: string, target: string])[];
  /** The data folder has been filled already. */
  readonly accounts?: "there";
}

export async function startPalomar(folder: string, port: number, setup: PalomarSetup = {}): Promise<PalomarPeer> {
  const config = `${folder}/palomar.jsonc`;
  const first = !exists(config);
  if (first || setup.config) {
    await Deno.writeTextFile(config, JSON.stringify({ ...configuration(folder, port), ...setup.config }));
  }
  if (first && setup.aliases) {
    await cli(config, ["domain", "add", DOMAIN]);
    for (const [address, target] of setup.aliases) await cli(config, ["alias", "add", address, target]);
  } else if (first && setup.accounts !== "there") await seed(folder, config);
  const child = new Deno.Command(Deno.execPath(), {
    args: [...RUN, "start", "--config", config],
    cwd: ROOT,
    stdout: "null",
    stderr: "null",
  }).spawn();
  for (const offset of [0, 1, 4]) await waitForPort(port + offset);
  return {
    name: "palomar",
    settings: "SQLite, synchronous=FULL, group commit before 250",
    smtpPort: port,
    imapPort: port + 1,
    imapsPort: port + 2,
    httpPort: port + 3,
    lmtpPort: port + 4,
    pid: child.pid,
    config,
    delivered: null, // DESIGN: 250 means that it is in the mailbox
    stop: () => stopChild(child),
  };
}

function configuration(folder: string, port: number) {
  const at = (protocol: string, offset: number, tls: string) => ({
    protocol,
    address: "127.0.0.1",
    port: port + offset,
    tls,
  });
  return {
    hostname: `mail.${DOMAIN}`,
    dataDir: `${folder}/data`,
    listeners: [
      at("smtp", 0, "starttls"),
      at("imap", 1, "starttls"),
      at("imap", 2, "implicit"),
      at("http", 3, "none"),
      at("lmtp", 4, "none"),
    ],
    auth: { allowPlaintext: true },
    limits: {
      connectionsPerAddress: 20000,
      connections: 20000,
      connectionRate: 1_000_000,
      messagesPerConnection: 1_000_000,
      messageSize: "100MB",
    },
  };
}

/** The data folder with its accounts, made once in a run and copied from then on. */
let seeded: string | null = null;

async function seed(folder: string, config: string): Promise<void> {
  if (seeded === null) {
    await makeAccounts(config);
    const kept = Deno.makeTempDirSync({ prefix: "palomar-seed-", dir: Deno.env.get("BENCH_DIR") ?? "/var/tmp" });
    globalThis.addEventListener("unload", () => Deno.removeSync(kept, { recursive: true }));
    await new Deno.Command("cp", { args: ["-a", `${folder}/data`, kept] }).output();
    seeded = `${kept}/data`;
  } else await new Deno.Command("cp", { args: ["-a", seeded, folder] }).output();
}

async function makeAccounts(config: string): Promise<void> {
  await cli(config, ["domain", "add", DOMAIN]);
  for (let i = 1; i <= ACCOUNTS; i++) {
    await cli(config, ["account", "add", `u${i}@${DOMAIN}`, "--password-stdin"], PASSWORD);
  }
}

async function cli(config: string, args: readonly string[], stdin = ""): Promise<void> {
  const child = new Deno.Command(Deno.execPath(), {
    args: [...RUN, ...args, "--config", config],
    cwd: ROOT,
    stdin: "piped",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(stdin + "\n"));
  await writer.close();
  const { success, stderr } = await child.output();
  if (!success) throw new Error(`palomar ${args.join(" ")}: ${new TextDecoder().decode(stderr)}`);
}

function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch {
    return false;
  }
}
