import type {
  InboundAnswer,
  InboundDesk,
  InboundMessage,
  InboundSource,
  InboundTaken,
} from "../../http/inbound_desk.ts";
import type { Clock } from "../clock.ts";
import { OnceKey } from "../once_key.ts";
import { newSessionId } from "../submission.ts";
import { receiveBrought, type Received, type ReceiveParts } from "./receive.ts";
import { SourceBook } from "./source_book.ts";

export interface InboundDeskParts extends Omit<ReceiveParts, "world"> {
  /** Null: nobody takes mail in this process. */
  readonly world: ReceiveParts["world"] | null;
  readonly clock: Pick<Clock, "wall">;
}

/** Messages that are brought at the same time. */
const AT_ONCE = 100;

/** What the API asks of those who bring mail. */
export function inboundDesk(parts: InboundDeskParts): InboundDesk {
  const { storage, clock } = parts;
  const book = new SourceBook({ storage, now: () => clock.wall() });
  let underWay = 0;
  return {
    list: () => book.list(),
    get: (id) => book.get(id),
    add: (settings) => book.add(settings),
    change: (id, change) => book.change(id, (one) => ({ ...one, ...change })),
    remove: (id) => book.remove(id),
    rotate: (id) => book.rotate(id),
    find: (token) => book.find(token),
    async receive(source, message) {
      if (parts.world === null) return { busy: "Nobody takes mail here; the server does not run." };
      if (underWay >= AT_ONCE) return { busy: "Too much mail is being brought; try again." };
      underWay++;
      try {
        return await receiveOnce(source, message, { ...parts, world: parts.world });
      } finally {
        underWay--;
      }
    },
  };
}

async function receiveOnce(
  source: InboundSource,
  message: InboundMessage,
  parts: ReceiveParts & Pick<InboundDeskParts, "clock">,
): Promise<InboundAnswer> {
  const { storage, clock } = parts;
  const sessionId = newSessionId();
  if (message.key === null) return answerOf(await receiveBrought(source, message, sessionId, parts));
  // Of one message for several the parts may come under one name.
  const named = JSON.stringify([message.key, message.sender, [...message.recipients].sort()]);
  const key = new OnceKey<InboundTaken>(named, { storage, kind: "inboundSeen", owner: source.id });
  const state = await key.take(sessionId, clock.wall(), async (traceId) => {
    const journal = await storage.perform("journal.read", { traceId });
    const isThere = journal.some(({ event }) => event === "accepted");
    return isThere ? { traceId, recipients: message.recipients.map(() => null) } : null;
  });
  if (state.kind === "underWay") return { busy: "This message is being taken." };
  if (state.kind === "done") return { taken: state.answer, replayed: true };
  let isTaken = false;
  try {
    const received = await receiveBrought(source, message, sessionId, parts);
    if ("taken" in received) {
      isTaken = true;
      await key.finish("", received.taken, clock.wall());
    }
    return answerOf(received);
  } finally {
    if (!isTaken) await key.release().catch(() => {}); // it would be free in a quarter of an hour anyhow
  }
}

function answerOf(received: Received): InboundAnswer {
  return "taken" in received ? { ...received, replayed: false } : received;
}
