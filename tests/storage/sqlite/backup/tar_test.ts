/** A backup as a tar archive: other programs open it, and nothing but a backup comes out of one. */
import assert from "node:assert/strict";
import { concatBytes, latin1Bytes } from "../../../../src/base/bytes.ts";
import { packBackup, unpackBackup } from "../../../../src/storage/sqlite/backup/tar.ts";
import { tempDir } from "../../scene.ts";

async function pack(folder: string): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  for await (const piece of packBackup(folder, (done, total) => assert.ok(done <= total))) pieces.push(piece);
  return concatBytes(pieces);
}

/** In pieces that fall across everything. */
async function* cut(octets: Uint8Array, piece: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < octets.length; at += piece) yield await Promise.resolve(octets.subarray(at, at + piece));
}

/** A name in an archive's first header, with the checksum that belongs to it. */
function renamed(archive: Uint8Array, name: string, type = "0"): Uint8Array {
  const copy = archive.slice();
  copy.fill(0, 0, 100);
  copy.set(latin1Bytes(name), 0);
  copy.set(latin1Bytes(type), 156);
  copy.fill(32, 148, 156);
  const sum = copy.subarray(0, 512).reduce((all, octet) => all + octet, 0);
  copy.set(latin1Bytes(sum.toString(8).padStart(6, "0") + "\0 "), 148);
  return copy;
}

Deno.test("backup as a file: octets come back however they are cut, tar reads it, other names and kinds are refused", async () => {
  const folder = tempDir();
  const from = `${folder.path}/from`;
  Deno.mkdirSync(`${from}/blobs`, { recursive: true });
  Deno.mkdirSync(`${from}/tls`);
  const files = new Map([
    ["backup.json", "{}"],
    ["palomar.db", "x".repeat(1024)],
    ["blobs/00000001.seg", "y".repeat(513)],
    ["tls/own.pem", ""],
  ]);
  for (const [name, text] of files) Deno.writeTextFileSync(`${from}/${name}`, text);
  Deno.writeTextFileSync(`${from}/palomar.db-wal`, "not ours");
  const archive = await pack(from);
  for (const piece of [1, 511, 512, 513, 1_000_000]) {
    const to = `${folder.path}/to-${piece}`;
    await unpackBackup(cut(archive, piece), to);
    for (const [name, text] of files) assert.equal(Deno.readTextFileSync(`${to}/${name}`), text);
    assert.throws(() => Deno.statSync(`${to}/palomar.db-wal`));
  }
  Deno.writeFileSync(`${folder.path}/x.tar`, archive);
  const listed = await new Deno.Command("tar", { args: ["tf", `${folder.path}/x.tar`] }).output();
  assert.equal(new TextDecoder().decode(listed.stdout), "blobs/00000001.seg\npalomar.db\ntls/own.pem\nbackup.json\n");
  for (const name of ["../evil", "/etc/passwd", "blobs/../../x", "tls/..", "palomar.db", "lock", "blobs/x.seg"]) {
    await assert.rejects(
      unpackBackup(cut(renamed(archive, name), 4096), `${folder.path}/bad-${name.length}`),
      /as no backup has/,
    );
  }
  await assert.rejects(
    unpackBackup(cut(renamed(archive, "palomar.db", "2"), 4096), `${folder.path}/link`),
    /plain files/,
  );
  const damaged = archive.slice();
  damaged[130]! ^= 1;
  await assert.rejects(unpackBackup(cut(damaged, 4096), `${folder.path}/damaged`), /damaged/);
  folder.remove();
});
