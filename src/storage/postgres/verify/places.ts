/** A quick look at bodies in a store of objects: that each is there, without reading it. */
import type { BlobId } from "../../../contract/mod.ts";
import type { BodyStore } from "../../body_store.ts";
import { Report, type VerifyEvent } from "../../verify/finding.ts";
import type { Look } from "./look.ts";

const PAGE = 500;
const ELSEWHERE = "select id, hash, place from blobs where id > ?i and place >= 'a' order by id limit ?i";

/** `placesOf` says where a body is missed. */
export async function* verifyPlaces(
  look: Look,
  sizes: BodyStore["sizes"],
  placesOf: (blob: number, blobId: BlobId) => Promise<readonly string[]>,
): AsyncGenerator<VerifyEvent> {
  const report = new Report("blobs");
  const [[total]] = await look.all("select count(*) from blobs where place >= 'a'") as [[number]];
  let done = 0;
  for await (const rows of look.pages(ELSEWHERE, PAGE)) {
    const there = await sizes(rows.map(([, , place]) => place as string));
    for (const [id, hash, place] of rows as unknown as readonly (readonly [number, Uint8Array, string])[]) {
      if ((there.get(place) ?? 0) > 0) continue;
      // It may have gone since its row was read.
      if ((await look.all("select 1 from blobs where id = ?i", id)).length === 0) continue;
      const blobId = "b" + hash.toHex() as BlobId;
      for (const where of await placesOf(id, blobId)) yield report.lost(where, `${blobId}: its object is missing`);
    }
    yield report.progress(done += rows.length, Math.max(done, total));
  }
}
