import assert from "node:assert/strict";
import { zstdCompressSync } from "node:zlib";
import fc from "fast-check";
import { digest } from "../../../src/base/hash.ts";
import { decrypt, encrypt } from "../../../src/storage/packing/ciphers.ts";
import {
  BodyPacking,
  FRAME,
  type PackingOptions,
  readKeys,
  stretchOf,
  unpack,
} from "../../../src/storage/packing/mod.ts";
import { readTable, writeTable } from "../../../src/storage/packing/table.ts";
import { unpackFrame } from "../../../src/storage/packing/frame.ts";

const KEY = new Uint8Array(32).fill(7);
const OTHER = new Uint8Array(32).fill(8);
const WAYS: readonly PackingOptions[] = [
  { compression: "none" },
  { compression: "zstd" },
  { compression: "none", keys: [KEY] },
  { compression: "zstd", keys: [KEY] },
  { compression: "zstd", keys: [KEY], cipher: "aes-256-gcm" },
];
const SIZES = [0, 1, 511, 512, 4000, FRAME - 1, FRAME, FRAME + 1, 2 * FRAME, 3 * FRAME + 700];

/** Text that is compressed well, with stretches of noise. */
function body(size: number, noise: boolean): Uint8Array {
  const octets = new Uint8Array(size);
  let state = size + 1;
  for (let i = 0; i < size; i++) {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    octets[i] = noise && Math.floor(i / 50_000) % 2 === 1 ? state >>> 24 : 97 + (i % 7);
  }
  return octets;
}

function packed(how: PackingOptions, octets: Uint8Array) {
  const way = new BodyPacking(how);
  const hash = digest("sha256", octets);
  const { rest, stored, packing } = way.pack(octets, hash);
  assert.equal(rest.length, stored);
  return { way, hash, stored, octets: rest.slice(), table: packing };
}

function read(how: PackingOptions, made: ReturnType<typeof packed>, size: number, from = 0, to = size): Uint8Array {
  if (made.table === null) return made.octets.subarray(from, to);
  const packing = new BodyPacking(how).open(made.table, made.hash, size);
  const stretch = stretchOf(packing, from, to);
  return unpack(packing, stretch, made.octets.subarray(stretch.start, stretch.start + stretch.length));
}

Deno.test("a packed body is what it was, at every size around the edges of frames", () => {
  for (const how of WAYS) {
    for (const size of SIZES) {
      for (const noise of [false, true]) {
        const octets = body(size, noise);
        assert.deepEqual(
          new Uint8Array(read(how, packed(how, octets), size)),
          octets,
          `${JSON.stringify(how)} ${size}`,
        );
      }
    }
  }
});

Deno.test("a packed body comes in any pieces and is read in any ranges", () => {
  const whole = body(3 * FRAME + 700, true);
  fc.assert(
    fc.property(
      fc.constantFrom(...WAYS),
      fc.integer({ min: 0, max: whole.length }),
      fc.array(fc.integer({ min: 1, max: 2 * FRAME }), { maxLength: 6 }),
      fc.array(fc.tuple(fc.integer({ min: -9, max: whole.length + 9 }), fc.integer({ min: 0, max: 2 * FRAME })), {
        maxLength: 4,
      }),
      (how, size, cuts, ranges) => {
        const octets = whole.subarray(0, size);
        const packer = new BodyPacking(how).packer();
        const out: Uint8Array[] = [];
        for (let at = 0, i = 0; at < size; i++) {
          const chunk = octets.slice(at, at + (cuts[i] ?? size));
          for (const piece of packer.push(chunk)) out.push(piece.slice());
          chunk.fill(0); // chunks are borrowed
          at += chunk.length;
        }
        const hash = digest("sha256", octets);
        const { rest, stored, packing } = packer.finish(hash);
        const all = new Uint8Array(joined(out, rest));
        assert.equal(all.length, stored);
        const made = { way: new BodyPacking(how), hash, stored, octets: all, table: packing };
        for (const [from, length] of [[0, size] as const, ...ranges]) {
          const wanted = octets.subarray(Math.max(0, from), Math.max(0, from + length));
          assert.ok(Buffer.from(read(how, made, size, Math.max(0, from), Math.max(0, from + length))).equals(wanted));
        }
      },
    ),
    { numRuns: 40 },
  );
});

function joined(pieces: readonly Uint8Array[], rest: Uint8Array): Uint8Array {
  return Buffer.concat([...pieces, rest]);
}

Deno.test("text becomes small, noise stays as it is, and a store that does not pack has no table", () => {
  const text = packed({ compression: "zstd" }, body(200_000, false));
  assert.ok(text.stored < 20_000);
  const noise = packed({ compression: "zstd" }, crypto.getRandomValues(new Uint8Array(65_536)));
  assert.deepEqual([noise.stored, noise.table], [65_536, null]);
  assert.equal(packed({ compression: "none" }, body(200_000, false)).table, null);
  // The noise in the middle is not compressed, and what follows it is.
  const mixed = packed(
    { compression: "zstd" },
    Buffer.concat([body(FRAME, false), crypto.getRandomValues(new Uint8Array(FRAME)), body(3 * FRAME, false)]),
  );
  assert.ok(mixed.stored < FRAME + FRAME + 10_000 + FRAME / 2);
});

Deno.test("a frame that is torn or garbled is an error, never other octets", () => {
  const octets = body(2 * FRAME + 100, true);
  for (const how of WAYS.slice(1)) {
    const made = packed(how, octets);
    for (let i = 0; i < 40; i++) {
      const at = Math.floor(made.octets.length * i / 40);
      const broken = { ...made, octets: made.octets.slice() };
      broken.octets[at]! ^= 1 << (i % 8);
      assert.throws(() => read(how, broken, octets.length), /frame \d of the body b[0-9a-f]{64} is damaged/);
    }
    const torn = { ...made, octets: made.octets.subarray(0, made.octets.length - 1) };
    assert.throws(() => read(how, torn, octets.length), /is not whole/);
  }
});

Deno.test("a table that was changed is refused, or leads to an error", () => {
  const octets = body(FRAME + 100, true);
  for (const how of WAYS.slice(1)) {
    const made = packed(how, octets);
    if (made.table === null) continue;
    for (let at = 0; at < made.table.length; at++) {
      const table = made.table.slice();
      table[at]! ^= 0x41;
      assert.throws(() => read(how, { ...made, table }, octets.length), { name: "StorageError" }, `octet ${at}`);
    }
    assert.throws(() => read(how, made, octets.length - 1), { name: "StorageError" });
  }
});

Deno.test("an encrypted body is bound to its name: another's octets and table are refused", () => {
  const how = { keys: [KEY] };
  const [one, other] = [packed(how, body(100, false)), packed(how, body(100, false).fill(9))];
  assert.throws(() => read(how, { ...one, octets: other.octets, table: other.table }, 100), /another body's/);
  assert.throws(() => read(how, { ...one, octets: other.octets }, 100), /damaged/);
});

Deno.test("nothing that was encrypted can be seen, and no two bodies look alike", () => {
  const octets = new TextEncoder().encode("a secret that is long enough to be found again ".repeat(30));
  const made = packed({ keys: [KEY], compression: "none" }, octets);
  assert.ok(!Buffer.from(made.octets).includes("secret"));
  assert.notDeepEqual(made.octets, packed({ keys: [KEY], compression: "none" }, octets).octets);
});

Deno.test("keys can be changed: the first encrypts, the older ones decrypt, one that is missing is named", () => {
  const octets = body(5000, false);
  const old = packed({ keys: [OTHER] }, octets);
  assert.deepEqual(new Uint8Array(read({ keys: [KEY, OTHER] }, old, 5000)), octets);
  const id = new BodyPacking({ keys: [OTHER] }).keys.first!;
  for (const keys of [[], [KEY]]) {
    assert.throws(() => read({ keys }, old, 5000), (error: Error) => error.message.includes(`the key ${id}`));
  }
  const fresh = packed({ keys: [KEY, OTHER] }, octets);
  assert.deepEqual(new Uint8Array(read({ keys: [KEY] }, fresh, 5000)), octets);
});

Deno.test("a bomb is refused: a frame never becomes more than its plain octets", () => {
  const bomb = zstdCompressSync(new Uint8Array(30_000_000));
  const entry = { length: bomb.length, isPlain: false, check: crc(bomb) };
  const before = Deno.memoryUsage().rss;
  assert.equal(unpackFrame(bomb, 4096, entry, 0, null), null);
  assert.ok(Deno.memoryUsage().rss - before < 20_000_000);
  // A table may not say that a compressed frame is as large as the plain one, nor have more frames than octets allow.
  const frames = [{ length: 4096, isPlain: false, check: 0 }];
  assert.equal(readTable(writeTable({ frame: FRAME, encrypted: null, frames }), 4096), null);
  assert.equal(readTable(writeTable({ frame: FRAME, encrypted: null, frames: [...frames, ...frames] }), 4096), null);
});

/** CRC-32 as a table of packed frames has it, by its polynomial. */
function crc(octets: Uint8Array): number {
  let sum = 0xffffffff;
  for (const octet of octets) {
    sum ^= octet;
    for (let i = 0; i < 8; i++) sum = (sum >>> 1) ^ (sum & 1 ? 0xedb88320 : 0);
  }
  return (sum ^ 0xffffffff) >>> 0;
}

Deno.test("keys are read as base64 or hexadecimal, with remarks, and a reason where they are none", () => {
  const text = `# of 2026\n${KEY.toBase64()}\n\n${OTHER.toHex().toUpperCase()}  # older\n`;
  assert.deepEqual(readKeys(text), [KEY, OTHER]);
  assert.deepEqual(readKeys(`${KEY.toHex()},${OTHER.toBase64()}`), [KEY, OTHER]);
  for (const wrong of ["", "# nothing", "password", KEY.toHex().slice(2), KEY.toBase64() + "AAAA", "ü"]) {
    assert.equal(typeof readKeys(wrong), "string", wrong);
  }
  assert.throws(() => new BodyPacking({ keys: [new Uint8Array(16)] }), /32 octets/);
});

Deno.test("the ciphers give what RFC 8439 section 2.8.2 and NIST's test case 16 give", () => {
  const hex = (text: string) => Uint8Array.fromHex(text);
  const text = new TextEncoder().encode(
    "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen would be it.",
  );
  const key = hex("808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f");
  const [nonce, aad] = [hex("070000004041424344454647"), hex("50515253c0c1c2c3c4c5c6c7")];
  const sealed = encrypt("chacha20-poly1305", key, nonce, aad, text);
  assert.equal(sealed.subarray(0, 16).toHex(), "d31a8d34648e60db7b86afbc53ef7ec2");
  assert.equal(sealed.subarray(-16).toHex(), "1ae10b594f09e26a7e902ecbd0600691");
  assert.deepEqual(new Uint8Array(decrypt("chacha20-poly1305", key, nonce, aad, sealed)!), text);
  assert.equal(decrypt("chacha20-poly1305", key, nonce, hex("00"), sealed), null);
  const gcm = encrypt(
    "aes-256-gcm",
    hex("feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308"),
    hex("cafebabefacedbaddecaf888"),
    hex("feedfacedeadbeeffeedfacedeadbeefabaddad2"),
    hex(
      "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39",
    ),
  );
  assert.equal(gcm.subarray(-16).toHex(), "76fc6ece0f4e1768cddf8853bb2d551b");
});
