/**
 * Packing: how octets of bodies lie in a store. Plain, or in frames that are compressed where it pays and encrypted where
 * a key is given. Drivers share it; where the packed octets are (a row, a segment, rows of chunks, objects) is theirs.
 *
 * Rules:
 * - A body is cut into frames of 64 KiB, each packed by itself, so a range is read by unpacking its frames alone.
 * - What a reader must know of it (the table) is one cell beside its row, `null` for octets that lie as they came.
 * - Name and size of a body are those of its plain octets, whatever lies in the store.
 * - A body is packed before anybody looks whether it is there already, so nobody learns that from the time it takes.
 * - Wrong octets are never answered: each frame has a check, which is the cipher's where there is one.
 */
export { BodyPacking, type PackedBody, type PackingOptions } from "./body_packing.ts";
export { KeyMissing, Keys, readKeys } from "./keys.ts";
export type { Cipher } from "./ciphers.ts";
export { keyIdOf } from "./table.ts";
export { PlainHash } from "./plain_hash.ts";
export { TAG as OVERHEAD } from "./ciphers.ts";
export { FRAME, type Packed, Packer } from "./packer.ts";
export { type Packing, type Stretch, stretchOf, unpack } from "./unpack.ts";
