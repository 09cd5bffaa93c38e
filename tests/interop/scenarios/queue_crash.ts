import { ok } from "node:assert/strict";
import { createServer, type Socket } from "node:net";
import type { Palomar } from "../palomar.ts";
import { eventually, pause, type Scenario } from "../scenario.ts";
import { openSmtp, sendOver } from "../smtp_client.ts";

const SENDERS = 4;
/** A message whose final dot the other side had within this time before a crash may come again: RFC 5321 section 6.1. */
const IN_THE_AIR_MS = 2_000;

/** What the queue has taken goes out, whenever the server dies, and goes out again only where nobody can know better. */
export const queueCrash: readonly Scenario[] = [
  {
    name: "queue: SIGKILL while mail goes out loses nothing, and doubles only what was in the air",
    seconds: 1800,
    async run(stage) {
      const sink = await Sink.open();
      stage.defer(() => sink.close());
      const outbound = {
        relay: { host: "127.0.0.1", port: sink.port, tls: "none" },
        retry: { first: "1s", longest: "3s", giveUp: "1d" },
      };
      const palomar = await stage.startPalomar("queue.test", { config: { outbound } });
      await palomar.cli(["alias", "add", "away@queue.test", "somebody@far.test"]);
      const accepted = new Set<string>();
      const mayDouble = new Set<string>();
      for (let round = 1; round <= stage.sizes.rounds; round++) {
        const load = Array.from({ length: SENDERS }, (_, i) => send(palomar, `${round}-${i}`, accepted));
        await pause(200 + Math.random() * 800); // the time of the crash is what nobody chooses
        await palomar.kill();
        const now = performance.now();
        for (const [id, at] of sink.lastTaken) if (now - at < IN_THE_AIR_MS) mayDouble.add(id);
        await Promise.all(load);
        await palomar.start();
      }
      // Rows that a dead process had leased are free when their lease is over.
      await eventually("all that was accepted has gone out", () => {
        return Promise.resolve([...accepted].every((id) => sink.taken.has(id)));
      }, 400);
      await eventually("the queue is empty", async () => (await queued(palomar)) === 0, 400);
      let doubled = 0;
      for (const [id, times] of sink.taken) {
        if (times === 1) continue;
        doubled++;
        ok(mayDouble.has(id), `${id} came ${times} times and was not in the air`);
      }
      return `${accepted.size} messages in ${stage.sizes.rounds} crashes, ${doubled} came twice`;
    },
  },
];

async function queued(palomar: Palomar): Promise<number> {
  return (JSON.parse(await palomar.cli(["queue", "list", "--json"])) as unknown[]).length;
}

async function send(palomar: Palomar, name: string, accepted: Set<string>): Promise<void> {
  try {
    const wire = await openSmtp(palomar.ports.smtp);
    for (let number = 0;; number++) {
      const id = `<${name}-${number}@queue.test>`;
      await sendOver(wire, "", "away@queue.test", `Message-ID: ${id}\r\nFrom: x@outside.test\r\n\r\nHello`);
      accepted.add(id);
    }
  } catch { /* the crash */ }
}

/** Takes mail slowly and with moods, and remembers what it has taken. */
class Sink {
  readonly taken = new Map<string, number>();
  /** When the final dot of a message came, by its id; the last time. */
  readonly lastTaken = new Map<string, number>();
  readonly #server = createServer((socket) => this.#serve(socket));
  readonly #sockets = new Set<Socket>();

  static async open(): Promise<Sink> {
    const sink = new Sink();
    await new Promise<void>((resolve) => sink.#server.listen(0, "127.0.0.1", resolve));
    return sink;
  }

  get port(): number {
    return (this.#server.address() as { port: number }).port;
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
  }

  #serve(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on("close", () => this.#sockets.delete(socket));
    socket.on("error", () => {});
    const say = (text: string): void => void socket.write(text + "\r\n");
    let input = "";
    let body: string | null = null;
    say("220 far.test");
    socket.on("data", async (chunk) => {
      input += chunk.toString("latin1");
      for (let end = input.indexOf("\r\n"); end >= 0; end = input.indexOf("\r\n")) {
        const line = input.slice(0, end);
        input = input.slice(end + 2);
        if (body !== null && line !== ".") body += line + "\n";
        else if (body !== null) {
          const id = /<[^>]*>/.exec(/^Message-ID: .*$/mi.exec(body)?.[0] ?? "")?.[0] ?? "?";
          body = null;
          this.taken.set(id, (this.taken.get(id) ?? 0) + 1);
          this.lastTaken.set(id, performance.now());
          await pause(Math.random() * 20);
          say("250 2.0.0 Taken");
        } else if (/^DATA/i.test(line)) {
          body = "";
          say("354 Go on");
        } else if (/^RCPT/i.test(line)) say(Math.random() < 0.1 ? "451 4.3.0 Not now" : "250 2.1.5 Yes");
        else if (/^EHLO/i.test(line)) say("250-far.test\r\n250 8BITMIME");
        else if (/^QUIT/i.test(line)) {
          say("221 Bye");
          socket.end();
        } else say("250 2.0.0 Yes");
      }
    });
  }
}
