/** The command line in this process: what it prints and with which code it ends. */
import { latin1String, utf8Bytes } from "../../src/base/bytes.ts";
import { type Admin, adminOver, type StreamExchange } from "../../src/cli/admin.ts";
import type { Io } from "../../src/cli/io.ts";
import { main, type MainParts } from "../../src/cli/main.ts";
import { type TestAdmin, testAdmin } from "../http/admin_over_memory.ts";

/** How a command ended. */
export interface Ended {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

export interface Terminal {
  readonly env?: Record<string, string>;
  readonly cwd?: string;
  readonly stdin?: string | Uint8Array;
  /** What a person types, line by line; there is a person where this is given. */
  readonly typed?: readonly (string | null)[];
}

export async function runMain(args: readonly string[], terminal: Terminal = {}, parts?: MainParts): Promise<Ended> {
  let out = "";
  let err = "";
  const typed = [...terminal.typed ?? []];
  const io: Io = {
    out: (text) => void (out += text),
    err: (text) => void (err += text),
    env: new Map(Object.entries(terminal.env ?? {})),
    cwd: terminal.cwd ?? "/nonexistent",
    interactive: terminal.typed !== undefined,
    readAll(limit) {
      const { stdin = "" } = terminal;
      const octets = typeof stdin === "string" ? utf8Bytes(stdin) : stdin;
      return Promise.resolve(octets.length > limit ? null : octets);
    },
    async *input() {
      const { stdin = "" } = terminal;
      yield await Promise.resolve(typeof stdin === "string" ? utf8Bytes(stdin) : stdin);
    },
    write: (octets) => void (out += latin1String(octets)),
    ask(question, options) {
      const answer = typed.shift() ?? null;
      err += options?.hidden ? `${question}\n` : `${question}${answer}\n`;
      return Promise.resolve(answer);
    },
  };
  const code = await main(args, io, parts);
  return { code, out, err };
}

function streamTo(server: TestAdmin): StreamExchange {
  return async (method, path, body, type) => {
    const response = await server.app.fetch(
      new Request(`http://localhost/api/v1${path}`, {
        method,
        headers: type === null ? {} : { "content-type": type },
        body: body === null ? null : ReadableStream.from(body) as ReadableStream<Uint8Array<ArrayBuffer>>,
      }),
    );
    return { status: response.status, octets: response.body ?? ReadableStream.from([]) };
  };
}

/** A command line whose server is the admin API over a store in memory. */
export interface Desk extends TestAdmin {
  run(line: string, terminal?: Terminal): Promise<Ended>;
  /** How many administrations were opened, and how many closed. */
  readonly opened: { count: number; closed: number };
}

export function desk(server: TestAdmin = testAdmin({ trusted: true })): Desk {
  const opened = { count: 0, closed: 0 };
  const openAdmin = (): Promise<Admin> => {
    opened.count++;
    return Promise.resolve(adminOver(async (method, path, body) => {
      if (typeof body === "object" && body !== null) throw new Error("no messages here");
      const { status, text } = await server.ask(method, path, body ?? undefined);
      return { status, text };
    }, { online: true, stream: streamTo(server), close: () => Promise.resolve(void opened.closed++) }));
  };
  return { ...server, opened, run: (line, terminal) => runMain(line.split(" "), terminal, { openAdmin }) };
}
