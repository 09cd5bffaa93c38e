import assert from "node:assert/strict";
import { type Place, RECORD_HEADER, Segments } from "../../../src/storage/sqlite/segments.ts";
import { tempDir } from "../scene.ts";

const HASH = new Uint8Array(32);

function put(segments: Segments, fills: readonly number[]): Place[] {
  const writers = fills.map(() => segments.writer());
  for (let round = 0; round < 3; round++) {
    writers.forEach((writer, i) => writer.write(new Uint8Array(10).fill(fills[i]!)));
  }
  return writers.map((writer) => writer.finish(HASH));
}

Deno.test("Segments: bodies that come at once are apart, and a crowd's files are used again", async () => {
  const folder = tempDir();
  const segments = new Segments(folder.path, new Map());
  const fills = Array.from({ length: 40 }, (_, i) => i);
  const places = [...put(segments, fills), ...put(segments, fills)];
  await segments.sync();
  places.push(...put(segments, fills));
  await segments.sync();
  assert.equal(segments.list().length, 40);
  places.forEach((place, i) => {
    assert.deepEqual(segments.read(place, 0, 30), new Uint8Array(30).fill(i % 40));
  });
  segments.close();

  // And so they are after a restart.
  const ends = new Map<number, number>();
  for (const { segment, start } of places) ends.set(segment, Math.max(ends.get(segment) ?? 0, start + 30));
  const again = new Segments(folder.path, ends);
  places.push(...put(again, [7, 8]));
  assert.equal(again.list().length, 40);
  places.forEach((place, i) => {
    assert.deepEqual(again.read(place, 0, 30), new Uint8Array(30).fill(i < 120 ? i % 40 : i - 113));
  });
  again.close();
  folder.remove();
});

Deno.test("Segments: an aborted body leaves no trace, one that rests takes no more", async () => {
  const folder = tempDir();
  const segments = new Segments(folder.path, new Map());
  const [kept] = put(segments, [1]);
  const writer = segments.writer();
  writer.write(new Uint8Array(5000));
  writer.abort();
  writer.abort();
  assert.equal(segments.sizeOf(kept!.segment), RECORD_HEADER + 30);
  const busy = segments.writer();
  assert.equal(segments.rest(kept!.segment), false);
  busy.abort();
  assert.equal(segments.rest(kept!.segment), true);
  const [next] = put(segments, [2]);
  assert.notEqual(next!.segment, kept!.segment);
  assert.deepEqual(segments.read(kept!, 0, 30), new Uint8Array(30).fill(1));
  await segments.sync();
  assert.throws(() => segments.read({ segment: kept!.segment, start: RECORD_HEADER }, 0, 31), { reason: "bug" });
  segments.close();
  folder.remove();
});
