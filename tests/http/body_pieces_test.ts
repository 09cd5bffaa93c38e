import assert from "node:assert/strict";
import { takePieces } from "../../src/http/body_pieces.ts";
import { ProblemError } from "../../src/http/problem.ts";

const LIMITS = { size: 1_000_000, waitMs: 10_000 };

function bytes(type: "bytes" | undefined, pieces: readonly number[], end: "close" | "error" | "hang" = "close") {
  const left = [...pieces];
  return new ReadableStream({
    ...(type && { type }),
    pull(controller: ReadableStreamDefaultController<Uint8Array> | ReadableByteStreamController) {
      const next = left.shift();
      if (next !== undefined) controller.enqueue(new Uint8Array(next).fill(next & 255) as never);
      else if (end === "close") {
        controller.close();
        if (type) (controller as ReadableByteStreamController).byobRequest?.respond(0);
      } else if (end === "error") controller.error(new Error("reset"));
      else return new Promise<void>(() => {});
    },
  } as unknown as UnderlyingDefaultSource<Uint8Array>);
}

const code = (promise: Promise<unknown>): Promise<string> =>
  promise.then(() => "nothing", (error) => {
    assert.ok(error instanceof ProblemError, String(error));
    return error.problem.code;
  });

for (const type of ["bytes", undefined] as const) {
  const kind = type ?? "any";
  Deno.test(`takePieces() of a stream of ${kind}: all octets, in order, and no more than may be`, async () => {
    const got: number[] = [];
    const take = async (piece: Uint8Array) => {
      await Promise.resolve();
      got.push(...new Set(piece));
    };
    assert.equal(await takePieces(bytes(type, [1, 2, 300_003, 4]), LIMITS, take), true);
    assert.deepEqual([...new Set(got)], [1, 2, 300_003 & 255, 4]);
    assert.equal(await takePieces(bytes(type, [600_000, 600_000]), LIMITS, () => {}), false);
    assert.equal(await takePieces(bytes(type, []), LIMITS, () => {}), true);
  });

  Deno.test(`takePieces() of a stream of ${kind}: what breaks off, what does not come, and a store that fails`, async () => {
    assert.equal(await code(takePieces(bytes(type, [5], "error"), LIMITS, () => {})), "brokenBody");
    const quick = { ...LIMITS, waitMs: 40 };
    assert.equal(await code(takePieces(bytes(type, [5], "hang"), quick, () => {})), "timeout");
    // A slow store is not a slow client.
    const slow = () => new Promise<void>((resolve) => setTimeout(resolve, 130));
    assert.equal(await takePieces(bytes(type, [1, 1]), quick, slow), true);
    const full = takePieces(bytes(type, [5, 5]), LIMITS, () => Promise.reject(new Error("full")));
    await assert.rejects(full, /^Error: full$/);
  });
}
