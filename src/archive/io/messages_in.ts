import { type FrameEvent, type FrameHead, FrameReader } from "../mod.ts";

/** The stream of messages broke off, or is none. */
export class BrokenStream extends Error {
  override readonly name = "BrokenStream";
}

/** Gives each message of a stream of frames to `take`, which need not read it to its end. */
export async function eachMessage(
  stream: AsyncIterable<Uint8Array>,
  take: (head: FrameHead, octets: AsyncIterable<Uint8Array>) => Promise<void>,
): Promise<void> {
  const events = eventsOf(stream);
  for (let event = await next(events); event !== null; event = await next(events)) {
    if (!("head" in event)) throw new BrokenStream("octets without a message");
    let isOpen = true;
    const octets = async function* (): AsyncGenerator<Uint8Array> {
      while (isOpen) {
        const event = await next(events);
        if (event === null || "head" in event) throw new BrokenStream("a message has no end");
        if ("octets" in event) yield event.octets;
        else isOpen = false;
      }
    };
    const one = octets();
    await take(event.head, one);
    // What was not read is passed over.
    for await (const _ of octets());
  }
}

async function next(events: AsyncGenerator<FrameEvent>): Promise<Exclude<FrameEvent, { wrong: string }> | null> {
  const { done, value } = await events.next();
  if (done) return null;
  if ("wrong" in value) throw new BrokenStream(value.wrong);
  return value;
}

async function* eventsOf(stream: AsyncIterable<Uint8Array>): AsyncGenerator<FrameEvent> {
  const reader = new FrameReader();
  try {
    for await (const chunk of stream) yield* reader.push(chunk);
  } catch (error) {
    throw new BrokenStream((error as Error).message);
  }
  const wrong = reader.finish();
  if (wrong !== null) throw new BrokenStream(wrong);
}
