/** Everything a command has to do with the process it runs in; tests give their own. */
export interface Io {
  /** To stdout: what was asked for. */
  out(text: string): void;
  /** To stderr: what is wrong, and what a person should know besides. */
  err(text: string): void;
  readonly env: ReadonlyMap<string, string>;
  readonly cwd: string;
  /** Whether a person sits at stdin and stderr, who can be asked. */
  readonly interactive: boolean;
  /** All of stdin, at most `limit` octets; null where there is more. */
  readAll(limit: number): Promise<Uint8Array | null>;
  /** Stdin as it comes. */
  input(): AsyncIterable<Uint8Array>;
  /** Octets to stdout. */
  write(octets: Uint8Array): void;
  /** One line that a person types, without its end; null at the end of input. With `hidden` nothing of it is shown. */
  ask(question: string, options?: { hidden?: boolean }): Promise<string | null>;
}

const ENTER = new Set([10, 13]);
const BACKSPACE = new Set([8, 127]);
const [CONTROL_C, CONTROL_D, CONTROL_U] = [3, 4, 21];

/** The real process. */
export function processIo(): Io {
  const encoder = new TextEncoder();
  return {
    out: (text) => writeAll(Deno.stdout, encoder.encode(text)),
    err: (text) => writeAll(Deno.stderr, encoder.encode(text)),
    env: new Map(Object.entries(Deno.env.toObject())),
    cwd: Deno.cwd(),
    interactive: Deno.stdin.isTerminal() && Deno.stderr.isTerminal(),
    async readAll(limit) {
      const pieces: Uint8Array[] = [];
      let size = 0;
      for await (const chunk of Deno.stdin.readable) {
        size += chunk.length;
        if (size > limit) return null;
        pieces.push(chunk);
      }
      const all = new Uint8Array(size);
      let at = 0;
      for (const piece of pieces) {
        all.set(piece, at);
        at += piece.length;
      }
      return all;
    },
    input: () => Deno.stdin.readable,
    write: (octets) => writeAll(Deno.stdout, octets),
    ask: (question, options) => askTerminal(question, options?.hidden === true),
  };
}

function writeAll(to: { writeSync(bytes: Uint8Array): number }, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length;) {
    try {
      at += to.writeSync(bytes.subarray(at));
    } catch (error) {
      // `palomar queue list | head`: whoever read has seen enough.
      if (error instanceof Deno.errors.BrokenPipe) return;
      throw error;
    }
  }
}

/** Reads one line in raw mode, so that nothing is echoed but what may be seen. */
async function askTerminal(question: string, hidden: boolean): Promise<string | null> {
  const echo = (text: string) => writeAll(Deno.stderr, new TextEncoder().encode(text));
  echo(question);
  Deno.stdin.setRaw(true);
  const line: number[] = [];
  const buffer = new Uint8Array(256);
  try {
    for (;;) {
      const count = await Deno.stdin.read(buffer);
      if (count === null) return null;
      for (const octet of buffer.subarray(0, count)) {
        if (ENTER.has(octet)) return new TextDecoder().decode(new Uint8Array(line));
        if (octet === CONTROL_C || (octet === CONTROL_D && line.length === 0)) return null;
        if (octet === CONTROL_U) line.length = 0;
        else if (BACKSPACE.has(octet)) removeCharacter(line);
        else if (octet >= 32) line.push(octet);
        if (!hidden && octet >= 32 && octet !== 127) echo(String.fromCharCode(octet));
      }
    }
  } finally {
    Deno.stdin.setRaw(false);
    echo("\n");
  }
}

/** UTF-8: a character is its first octet and the 10xxxxxx behind it. */
function removeCharacter(line: number[]): void {
  while (line.length > 0 && ((line.pop() ?? 0) & 0xc0) === 0x80);
}
