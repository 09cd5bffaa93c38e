/** The C programs of the benchmarks, compiled once into the user's cache. */
const FOLDER = new URL("./native/", import.meta.url).pathname;

export function cacheFolder(): string {
  const base = Deno.env.get("XDG_CACHE_HOME") ?? `${Deno.env.get("HOME") ?? "/var/tmp"}/.cache`;
  return `${base}/palomar-bench`;
}

/** Path of a compiled program; throws with the compiler's words where it cannot be built. */
export function native(name: "smtpgen" | "bound" | "sink"): string {
  const source = `${FOLDER}${name}.c`;
  const binary = `${cacheFolder()}/${name}`;
  if (isNewer(binary, source)) return binary;
  Deno.mkdirSync(cacheFolder(), { recursive: true });
  const { success, stderr } = new Deno.Command("cc", {
    args: ["-O2", "-w", "-o", binary, source, "-lssl", "-lcrypto", "-lm", "-lpthread"],
    stderr: "piped",
  }).outputSync();
  if (!success) {
    throw new Error(`cannot compile ${name}.c (needs cc and libssl-dev):\n${new TextDecoder().decode(stderr)}`);
  }
  return binary;
}

function isNewer(binary: string, source: string): boolean {
  try {
    return Deno.statSync(binary).mtime! > Deno.statSync(source).mtime!;
  } catch {
    return false;
  }
}

/** What `smtpgen` prints. */
export interface Load {
  readonly accepted: number;
  readonly rejected: number;
  readonly errors: number;
  readonly seconds: number;
  readonly msgs_s: number;
  readonly first_error?: string;
}

/** Sends `messages` of `size` octets over `connections`, and waits for the last reply. */
export async function generate(
  port: number,
  load: {
    connections: number;
    messages: number;
    size: number;
    domain: string;
    accounts: number;
    seconds?: number;
    lmtp?: boolean;
  },
): Promise<Load> {
  const { stdout } = await new Deno.Command(native("smtpgen"), {
    args: [
      ...["--port", String(port), "--conns", String(load.connections), "--msgs", String(load.messages)],
      ...["--size", String(load.size), "--rcpt", `u%d@${load.domain}`, "--rcpts", String(load.accounts)],
      ...["--limit", String(load.seconds ?? 30), ...load.lmtp ? ["--lmtp"] : []],
    ],
    stdout: "piped",
    stderr: "inherit",
  }).output();
  return JSON.parse(new TextDecoder().decode(stdout)) as Load;
}
