/** IMAP, JMAP and delivery on one account at once, and clients that follow it: its owner's, and one of somebody it is shared with. */
import { JmapClient } from "./client.ts";
import { ModelClient } from "./model_client.ts";
import { ALL, scene } from "./scene.ts";

const PATHS: readonly string[] = ["INBOX", "Archive", "Trash", "Extra"];
const RIGHTS: readonly string[] = ["", "l", "lr", "lrs", "lrswipkxte", "lrswipkxte"];

/** Throws where a client that follows changes knows something else than what is there. */
export async function runModel(seed: number, steps: number): Promise<void> {
  await using s = await scene();
  const random = randomNumbers(seed);
  const pick = <T>(list: readonly T[]): T => list[random(list.length)]!;
  const say = await imapOf(s.server);
  await say("CREATE Extra");
  const { list } = await s.call("Mailbox/get");
  const boxes: string[] = list.map(({ id }: { id: string }) => id);
  const watcher = new JmapClient(s.server, "bob");
  await watcher.session();
  const clients = [
    new ModelClient(s.alice, s.alice.accountId, s.boxes["inbox"]!, false),
    new ModelClient(watcher, s.alice.accountId, s.boxes["inbox"]!, true),
  ];
  const ids = async (): Promise<string[]> => (await s.call("Email/query", { limit: 20 }))["ids"];
  const action = async (step: number): Promise<unknown> => {
    switch (random(13)) {
      case 0:
      case 1:
      case 2:
        return await s.deliver(
          `Message-ID: <${step}@x>\nIn-Reply-To: <${random(step + 1)}@x>\nSubject: s\n\n${"x".repeat(random(99))}`,
        );
      case 3:
      case 4:
        await say(`SELECT ${pick(PATHS)}`);
        return await say(
          `STORE 1:${1 + random(3)} ${pick(["+", "-"])}FLAGS (${
            pick(["\\Seen", "\\Deleted", "\\Flagged k1", "\\Draft"])
          })`,
        );
      case 5:
        await say(`SELECT ${pick(PATHS)}`);
        return await say(`${pick(["COPY", "MOVE"])} ${1 + random(3)} ${pick(PATHS)}`);
      case 6:
        await say(`SELECT ${pick(PATHS)}`);
        return await say("EXPUNGE");
      case 7: {
        const id = pick(await ids());
        const patch = { "keywords/$seen": pick([true, null]), [`mailboxIds/${pick(boxes)}`]: pick([true, null]) };
        return id && await s.call("Email/set", { update: { [id]: patch } });
      }
      case 8: {
        const id = pick(await ids());
        return id && await s.call("Email/set", { destroy: [id] });
      }
      case 9:
        return await s.call("Email/set", {
          create: { k: { mailboxIds: { [pick(boxes)]: true }, subject: `s${step}` } },
        });
      case 10:
        return await s.call("Mailbox/set", {
          create: { k: { name: `b${step}`, parentId: pick([null, pick(boxes)]) } },
          update: {
            [pick(boxes)]: pick<object>([
              { sortOrder: random(9) },
              { isSubscribed: random(2) === 0 },
              { name: `n${step}` },
              { role: null },
              { role: pick(["trash", "archive"]) },
            ]),
          },
        });
      case 11:
        return await s.call("Mailbox/set", { destroy: [pick(boxes.slice(6))], onDestroyRemoveEmails: random(2) === 0 });
      case 12:
        return await say(`SETACL ${pick(PATHS)} bob@example.test "${pick(RIGHTS)}"`);
    }
  };
  for (let step = 0; step < steps; step++) {
    // Commands of one IMAP session come one after the other, everything else at once.
    const following = clients.map((client) => client.follow(1 + random(5)));
    await Promise.all([...following, action(step), ...Array.from({ length: random(3) }, () => jmapAction())]);
    if (random(4) > 0 && step < steps - 1) continue;
    await s.server.clock.advance(6000); // who shares with whom is believed for five seconds
    for (const [i, client] of clients.entries()) {
      await client.follow(1 + random(5));
      await client.check(`of client ${i}, seed ${seed}, step ${step}`);
    }
  }
  async function jmapAction(): Promise<void> {
    const [id] = await ids();
    if (id) {
      await s.alice.call(
        "Email/set",
        { update: { [id]: { "keywords/$flagged": random(2) === 0 ? true : null } } },
        ALL,
      );
    }
  }
}

async function imapOf(
  server: Awaited<ReturnType<typeof scene>>["server"],
): Promise<(command: string) => Promise<string>> {
  const imap = server.connect("imap");
  let tag = 0;
  await imap.until("* OK");
  const say = async (command: string): Promise<string> => {
    const name = `t${++tag}`;
    return await imap.ask(`${name} ${command}`, `${name} `);
  };
  await say("LOGIN alice@example.test alice");
  return say;
}

function randomNumbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor(state / 4294967296 * below);
  };
}
