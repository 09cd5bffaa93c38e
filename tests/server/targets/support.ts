/** Messages for places, and a folder for them. */
import { utf8Bytes } from "../../../src/base/bytes.ts";
import type { TargetWay } from "../../../src/mda/mod.ts";
import type { ProgramConfig } from "../../../src/server/config/delivery.ts";
import type { TransportAnswer, TransportMessage } from "../../../src/server/outbound/transports/transport.ts";

export const NOW = Date.UTC(2027, 0, 2, 3, 4, 5);
export const SIGNAL = new AbortController().signal;

export const way = (more: Partial<TargetWay> = {}): TargetWay => ({
  target: "program:x",
  account: "alice@example.org",
  arguments: [],
  orKeep: false,
  ...more,
});

export function message(
  text: string,
  more: { sender?: string; recipient?: string; key?: string } = {},
): TransportMessage {
  const octets = utf8Bytes(text.replace(/\r?\n/g, "\r\n"));
  return {
    traceId: "t.1",
    key: more.key ?? "0123456789abcdef",
    sender: {
      reversePath: more.sender ?? "bob@example.net",
      size: null,
      body: "7bit",
      smtputf8: false,
      requireTls: false,
      ret: null,
      envid: null,
    },
    recipients: [{ forwardPath: more.recipient ?? "alice@example.org", notify: null, orcpt: null }],
    size: octets.length,
    async *octets() {
      await Promise.resolve();
      for (let at = 0; at < octets.length; at += 70_000) yield octets.slice(at, at + 70_000);
    },
  };
}

export const program = (command: readonly string[], more: Partial<ProgramConfig> = {}): ProgramConfig => ({
  command,
  timeout: 5_000,
  output: 100_000,
  processes: 4,
  arguments: 0,
  lineEnds: "lf",
  fromLine: false,
  environment: {},
  directory: null,
  ...more,
});

export const said = ({ results }: TransportAnswer): string => {
  const { kind, enhanced, text } = results[0]!;
  return `${kind} ${enhanced} ${text}`;
};

/** A folder that goes when the test ends. */
export async function folder(): Promise<{ path: string } & AsyncDisposable> {
  const path = await Deno.realPath(await Deno.makeTempDir());
  return { path, [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }) };
}
