// deno-lint-ignore-file no-console
/** What an idle IMAP session costs: 1,000 of them logged in, INBOX selected, in IDLE; plain and TLS. */
import { startPalomar } from "./peers/palomar.ts";
import { DOMAIN, PASSWORD, residentKb } from "./peers/peer.ts";

const SESSIONS = 1000;
/** Open before the count begins: the heap has its size by then, and what is measured is what one session more costs. */
const BEFORE = 500;

export async function idle(): Promise<void> {
  for (const tls of [false, true]) {
    const folder = await Deno.makeTempDir({ prefix: "palomar-bench-", dir: "/var/tmp" });
    const peer = await startPalomar(folder, 21225);
    const open: Deno.Conn[] = [];
    try {
      const port = tls ? peer.imapsPort : peer.imapPort;
      const ca = await Deno.readTextFile(`${folder}/data/tls/ca.pem`);
      const openMore = async (count: number): Promise<void> => {
        for (let i = 0; i < count; i += 20) {
          open.push(...await Promise.all(Array.from({ length: 20 }, () => session(port, tls ? ca : null))));
        }
      };
      await openMore(BEFORE);
      await pause(3000);
      const before = residentKb(peer.pid);
      await openMore(SESSIONS);
      await pause(3000);
      const kb = (residentKb(peer.pid) - before) / SESSIONS;
      console.log(`${SESSIONS} idle IMAP sessions, ${tls ? "TLS" : "plain"}: ${kb.toFixed(1)} KB each`);
    } finally {
      for (const connection of open) connection.close();
      await peer.stop();
      await Deno.remove(folder, { recursive: true });
    }
  }
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** `ca` not null: over TLS. */
async function session(port: number, ca: string | null): Promise<Deno.Conn> {
  const connection = ca === null
    ? await Deno.connect({ hostname: "127.0.0.1", port })
    : await Deno.connectTls({ hostname: "127.0.0.1", port, caCerts: [ca] });
  const buffer = new Uint8Array(4096);
  const decoder = new TextDecoder();
  const until = async (end: RegExp): Promise<void> => {
    for (let text = ""; !end.test(text);) {
      const count = await connection.read(buffer);
      if (count === null) throw new Error(`connection closed after ${JSON.stringify(text)}`);
      text += decoder.decode(buffer.subarray(0, count));
    }
  };
  const command = async (line: string, end: RegExp): Promise<void> => {
    await connection.write(new TextEncoder().encode(line + "\r\n"));
    await until(end);
  };
  await until(/^\* OK.*\r\n/);
  await command(`a LOGIN u1@${DOMAIN} ${PASSWORD}`, /^a OK/m);
  await command("b SELECT INBOX", /^b OK/m);
  await command("c IDLE", /^\+/m);
  return connection;
}
