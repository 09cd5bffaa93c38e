/** Bodies in a store of objects, by themselves: what goes out, what comes back, and what happens on bad days. */
import assert from "node:assert/strict";
import type { BodyStore, BodyUpload } from "../../../src/storage/body_store.ts";
import { objectBodies, type ObjectOptions, type ObjectParts } from "../../../src/storage/objects/mod.ts";
import type { StorageError } from "../../../src/storage/storage.ts";
import { S3Double, type Seen } from "./s3_double.ts";

const KB = 1024;
/** Of a part: the true one is 5 MiB, and takes its time. */
const PART = 256 * KB;
const DAY = 86_400_000;

interface Stage {
  readonly s3: S3Double;
  readonly bodies: BodyStore;
  /** Places that something names. */
  readonly named: Set<string>;
  /** Bodies that stayed with the driver. */
  readonly own: Map<string, Uint8Array>;
  /** Milliseconds that were waited. */
  readonly waits: number[];
  open(more?: Partial<ObjectOptions>, identity?: string): Promise<BodyStore>;
}

function test(name: string, run: (stage: Stage) => Promise<void>, more: Partial<ObjectOptions> & ObjectParts = {}) {
  Deno.test(`objects: ${name}`, async () => {
    const s3 = await S3Double.start();
    s3.part = PART;
    const named = new Set<string>();
    const own = new Map<string, Uint8Array>();
    const waits: number[] = [];
    const opened: BodyStore[] = [];
    const open = async (options: Partial<ObjectOptions> = {}, identity = "database-1") => {
      const { memory, part = PART, ...rest } = more;
      const parts: ObjectParts = {
        sleep: (ms) => Promise.resolve(void waits.push(ms)),
        random: () => 0.5,
        part,
        ...(memory === undefined ? {} : { memory }),
      };
      const around = {
        own: ownBodies(own),
        identity,
        named: (places: readonly string[]) => Promise.resolve(new Set(places.filter((one) => named.has(one)))),
      };
      const bodies = await objectBodies(
        { ...s3.options, prefix: "/mm/", ...rest, ...options },
        parts,
      )(around);
      opened.push(bodies);
      return bodies;
    };
    try {
      const bodies = await open();
      s3.seen.length = 0;
      await run({ s3, bodies, named, own, waits, open });
    } finally {
      for (const bodies of opened) bodies.close?.();
      await s3.stop();
    }
  });
}

function ownBodies(kept: Map<string, Uint8Array>): BodyStore {
  const create = (): BodyUpload => {
    const pieces: Uint8Array[] = [];
    return {
      write: (octets) => Promise.resolve(void pieces.push(octets.slice())),
      finish: () => {
        const place = String(kept.size + 1);
        kept.set(place, new Uint8Array(Buffer.concat(pieces)));
        return Promise.resolve(place);
      },
      abort: () => Promise.resolve(void (pieces.length = 0)),
    };
  };
  return {
    create,
    read: (place, start, length) => Promise.resolve(kept.get(place)!.slice(start, start + length)),
    remove: (places) => Promise.resolve(places.forEach((place) => kept.delete(place))),
    sweep: () => Promise.resolve(),
    isElsewhere: () => false,
    sizes: (places) =>
      Promise.resolve(new Map(places.flatMap((one) => kept.has(one) ? [[one, kept.get(one)!.length]] : []))),
  };
}

/** Octets that differ from place to place. */
function octets(length: number, seed = 1): Uint8Array {
  const all = new Uint8Array(length);
  const words = new Uint32Array(all.buffer, 0, length >> 2);
  for (let i = 0, state = seed; i < words.length; i++) words[i] = state = Math.imul(state, 1664525) + 1013904223;
  return all;
}

/** Writes a body in pieces that are overwritten behind the call, as the contract allows. */
async function write(bodies: BodyStore, body: Uint8Array, piece = 100_000): Promise<string> {
  const upload = bodies.create();
  try {
    for (let at = 0; at < body.length; at += piece) {
      const chunk = body.slice(at, at + piece);
      await upload.write(chunk);
      chunk.fill(0);
    }
    return await upload.finish();
  } catch (error) {
    await upload.abort().catch(() => {});
    throw error;
  }
}

async function readAll(bodies: BodyStore, place: string, size: number, step = 256 * 1024): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  for (let at = 0; at < size; at += step) pieces.push(await bodies.read(place, at, Math.min(step, size - at)));
  return new Uint8Array(Buffer.concat(pieces));
}

const same = (a: Uint8Array, b: Uint8Array) => Buffer.from(a).equals(b);
const refusal = (reason: string, words: RegExp) => (error: StorageError) => {
  assert.equal(error.name, "StorageError");
  assert.match(error.message, words);
  assert.equal(error.reason, reason);
  assert(!error.message.includes("a secret/with+signs"));
  return true;
};

test("a body up to a part is one object, written by one request, whatever its size", async ({ bodies, s3 }) => {
  for (const size of [1, 65_537, PART]) {
    const body = octets(size);
    s3.seen.length = 0;
    const place = await write(bodies, body);
    assert.deepEqual(s3.seen.map(({ method }) => method), ["PUT"]);
    assert(same(await readAll(bodies, place, size), body));
    assert.equal((await bodies.sizes([place])).get(place), size);
  }
  assert(s3.bodies.every((key) => /^mm\/bodies\/[0-9a-f]{32}$/.test(key)), s3.bodies[0]);
});

test("a larger one goes up in parts as it comes", async ({ bodies, s3 }) => {
  const body = octets(2 * PART + 3);
  const upload = bodies.create();
  await upload.write(body.subarray(0, PART + 1));
  assert.deepEqual(s3.seen.map(({ octets }) => octets), [0, PART]);
  await upload.write(body.subarray(PART + 1));
  const place = await upload.finish();
  assert.deepEqual(s3.take("PUT").map(({ octets }) => octets), [PART, PART, 3]);
  assert(same(await readAll(bodies, place, body.length), body));
  assert.equal(s3.uploads.size, 0);
});

test("the parts of a true store have 5 MiB", async ({ bodies, s3 }) => {
  s3.part = 5 * 1024 * KB;
  const place = await write(bodies, octets(2 * s3.part), s3.part);
  assert.deepEqual(s3.take("PUT").map(({ octets }) => octets), [s3.part, s3.part]); // no empty one behind
  assert.equal((await bodies.sizes([place])).get(place), 2 * s3.part);
}, { part: 5 * 1024 * KB });

test("what is smaller than `from` stays with the driver", async ({ bodies, s3, own }) => {
  const small = await write(bodies, octets(99_999));
  const large = await write(bodies, octets(100_000));
  assert.equal(s3.bodies.length, 1);
  assert(same(await bodies.read(small, 10, 20), octets(99_999).subarray(10, 30)));
  assert.equal((await bodies.read(large, 10, 20)).length, 20);
  assert.deepEqual([...(await bodies.sizes([small, large])).values()], [99_999, 100_000]);
  await bodies.remove([small, large]);
  assert.equal(own.size + s3.bodies.length, 0);
}, { from: 100_000 });

test("where memory is used up bodies go to the driver, and later ones out again", async ({ bodies, s3, own }) => {
  const first = bodies.create();
  await first.write(octets(150 * KB));
  const body = octets(120 * KB, 2);
  const second = await write(bodies, body);
  assert(same(own.get(second)!, body));
  assert.equal(own.size, 1);
  await first.finish();
  await write(bodies, body);
  assert.equal(s3.bodies.length, 2);
  const third = bodies.create();
  await third.write(octets(150 * KB));
  await third.abort();
  await write(bodies, octets(150 * KB));
  assert.equal(own.size, 1); // what was thrown away gave its memory back
}, { memory: 300 * KB });

test("ranges at edges are what they say", async ({ bodies }) => {
  const body = octets(600_000);
  const place = await write(bodies, body);
  const ranges = [[0, 1], [599_999, 1], [599_999, 10], [600_000, 10], [700_000, 10], [0, 0], [5, -3], [262_143, 2]];
  for (const [start = 0, length = 0] of [...ranges, ...ranges]) {
    const read = await bodies.read(place, start, length);
    assert(same(read, body.subarray(start, start + Math.max(0, length))), `${start} ${length}`);
    read.fill(0); // its own
  }
});

test("whoever reads on is served from memory, by few requests", async ({ bodies, s3 }) => {
  const body = octets(2048 * KB);
  const place = await write(bodies, body);
  s3.seen.length = 0;
  assert(same(await readAll(bodies, place, body.length), body));
  assert(s3.take("GET").length <= 3);
  await bodies.read(place, 1024 * KB, 100);
  assert.equal(s3.take("GET").at(-1)!.range, `bytes=${1024 * KB}-${1024 * KB + 99}`); // a jump fetches no more than it is
});

test("a store without ranges is understood", async ({ bodies, s3 }) => {
  const place = await write(bodies, octets(100_000));
  s3.fault = () => ({ whole: true });
  assert(same(await bodies.read(place, 70_000, 50), octets(100_000).subarray(70_000, 70_050)));
});

test("what fails in passing is tried again, later each time", async ({ bodies, s3, waits }) => {
  const faults = [{ status: 500 }, { status: 503, code: "SlowDown", headers: { "retry-after": "3" } }, {
    status: 504,
  }] as const;
  let left = [...faults];
  s3.fault = () => left.shift() ?? null;
  const place = await write(bodies, octets(70_000));
  assert.deepEqual(waits, [100, 3000, 1600]);
  left = [{ status: 502 }, { status: 400, code: "RequestTimeout" }, { status: 408 }, { status: 500 }] as never;
  await assert.rejects(bodies.read(place, 0, 10), refusal("unavailable", /answered reading an object with 500/));
  assert.equal((await bodies.read(place, 0, 10)).length, 10); // the fifth answer
});

test("a connection that is torn in the middle of a range gives all of it or nothing", async ({ bodies, s3, waits }) => {
  const body = octets(200_000);
  const place = await write(bodies, body);
  let tears = 2;
  s3.fault = () => tears-- > 0 ? { tear: 50_000 } : null;
  assert(same(await bodies.read(place, 1000, 150_000), body.subarray(1000, 151_000)));
  assert.equal(waits.length, 2);
  s3.fault = ({ method }) => method === "GET" ? { tear: 149_999 } : null;
  await assert.rejects(
    bodies.read(await write(bodies, body), 1000, 150_000),
    refusal("unavailable", /cannot be reached for reading/),
  );
});

test("a store that says nothing is given up, and does not block", async ({ s3, open }) => {
  const bodies = await open({ timeoutMs: 100 });
  const place = await write(bodies, octets(70_000));
  s3.fault = () => ({ silent: true });
  const error = refusal(
    "unavailable",
    /cannot be reached for reading an object: (no answer in time|too many other requests)/,
  );
  await Promise.all(Array.from({ length: 40 }, () => assert.rejects(bodies.read(place, 0, 10), error)));
  s3.fault = () => ({ drip: true });
  await assert.rejects(bodies.read(place, 0, 1000), refusal("unavailable", /no answer in time/));
  s3.fault = () => null;
  assert.equal((await bodies.read(place, 0, 10)).length, 10);
});

test("a store that is gone is said to be so", async ({ s3, bodies, open }) => {
  const place = await write(bodies, octets(70_000));
  await s3.stop();
  await assert.rejects(
    bodies.read(place, 0, 10),
    refusal("unavailable", /127\.0\.0\.1:\d+, bucket mail cannot be reached/),
  );
  await assert.rejects(write(bodies, octets(70_000)), refusal("unavailable", /cannot be reached for writing/));
  await assert.rejects(open(), refusal("unavailable", /start it, or correct storage\.objects\.endpoint/));
});

test("a store that is full says so", async ({ bodies, s3 }) => {
  s3.fault = () => ({ status: 507, code: "XMinioStorageFull" });
  await assert.rejects(write(bodies, octets(70_000)), refusal("full", /XMinioStorageFull/));
});

test("a missing object is a damage, a missing bucket is none", async ({ bodies, s3 }) => {
  const place = await write(bodies, octets(70_000));
  s3.objects.delete(s3.bodies[0]!);
  await assert.rejects(
    bodies.read(place, 0, 10),
    refusal("bug", /the object "mm\/bodies\/[0-9a-f]{32}" of .* is missing/),
  );
  assert.equal((await bodies.sizes([place])).size, 0);
  s3.fault = () => ({ status: 404, code: "NoSuchBucket" });
  await assert.rejects(bodies.read(place, 0, 10), refusal("unavailable", /there is no such bucket/));
  await assert.rejects(bodies.remove([place]), refusal("unavailable", /there is no such bucket/));
});

test("an answer that was lost at the end of an upload is looked for", async ({ bodies, s3 }) => {
  const lose = (when: (seen: Seen) => boolean) => {
    let once = true;
    s3.fault = (seen) => when(seen) && once ? (once = false, { lose: true }) : null;
  };
  lose(({ method, query }) => method === "POST" && query.has("uploadId"));
  const body = octets(PART + 9);
  const place = await write(bodies, body);
  assert(same(await readAll(bodies, place, body.length), body));
  // And an error behind a 200.
  let left = 1;
  s3.fault = ({ method, query }) =>
    method === "POST" && query.has("uploadId") && left-- > 0 ? { status: 200, code: "InternalError" } : null;
  assert.equal((await bodies.sizes([await write(bodies, body)])).size, 1);
});

test("an upload that fails or is thrown away leaves nothing", async ({ bodies, s3 }) => {
  s3.fault = ({ query }) => query.get("partNumber") === "2" ? { status: 500 } : null;
  await assert.rejects(write(bodies, octets(3 * PART), PART), refusal("unavailable", /writing a part with 500/));
  s3.fault = () => null;
  const upload = bodies.create();
  await upload.write(octets(PART + 9));
  assert.equal(s3.uploads.size, 1);
  await upload.abort();
  // While a request is under way.
  const racing = bodies.create();
  const written = racing.write(octets(3 * PART)).then(() => racing.finish());
  await racing.abort();
  await assert.rejects(written, /thrown away/);
  const whole = bodies.create();
  await whole.write(octets(PART));
  const finished = whole.finish();
  await whole.abort();
  await assert.rejects(finished, /thrown away/);
  assert.deepEqual([s3.uploads.size, s3.bodies.length], [0, 0]);
  // An object whose answer never came.
  s3.fault = ({ method }) => method === "PUT" ? { lose: true } : null;
  await assert.rejects(write(bodies, octets(PART)), refusal("unavailable", /cannot be reached/));
  assert.equal(s3.bodies.length, 0);
});

test("a sweep takes what is a day old and unnamed, and nothing else", async ({ bodies, s3, named }) => {
  const old = [await write(bodies, octets(70_000)), await write(bodies, octets(70_000))];
  const begun = bodies.create();
  await begun.write(octets(PART + 9));
  for (const name of ["notes", "bodies/README", "bodies/zz", "bodies/" + "A".repeat(32)]) {
    s3.objects.set("mm/" + name, { octets: octets(4), at: 0 });
  }
  s3.objects.set("bodies/" + "a".repeat(32), { octets: octets(4), at: 0 }); // of another prefix
  named.add(old[0]!);
  await bodies.sweep();
  assert.deepEqual([s3.objects.size, s3.uploads.size], [2 + 5 + 1, 1]);
  s3.ahead = DAY + 1000;
  const fresh = await write(bodies, octets(70_000));
  await bodies.sweep();
  assert.deepEqual([...(await bodies.sizes([...old, fresh])).keys()].sort(), [old[0]!, fresh].sort());
  assert.deepEqual([s3.objects.size, s3.uploads.size], [2 + 5 + 1, 0]);
});

test("a sweep of many goes on where the last one ended, and begins anew", async ({ bodies, s3, named }) => {
  s3.page = 2;
  const places = await Promise.all(Array.from({ length: 25 }, () => write(bodies, octets(70_000))));
  places.forEach((place) => named.add(place));
  s3.ahead = DAY + 1000;
  await bodies.sweep();
  const [lost] = [...places].sort();
  named.delete(lost!);
  named.delete([...places].sort().at(-1)!);
  await bodies.sweep();
  assert.equal(s3.bodies.length, 24);
  await bodies.sweep();
  assert.equal(s3.bodies.length, 23);
});

test("a sweep works with a store that cannot list uploads", async ({ bodies, s3 }) => {
  s3.fault = ({ query }) => query.has("uploads") ? { status: 501, code: "NotImplemented" } : null;
  await bodies.sweep();
});

test("whoever opens is told what is wrong, and what to do", async ({ s3, open }) => {
  const cases: [Partial<ObjectOptions>, RegExp][] = [
    [{ accessKeyId: "other" }, /InvalidAccessKeyId.*correct storage\.objects\.accessKeyId/],
    [
      { secretAccessKey: "other" },
      /SignatureDoesNotMatch.*correct storage\.objects\.accessKeyId and \.secretAccessKey/,
    ],
    [{ region: "moon-1" }, /correct storage\.objects\.region/],
    [{ bucket: "male" }, /bucket male.*there is no such bucket: make it, or correct storage\.objects\.bucket/],
  ];
  for (const [options, words] of cases) await assert.rejects(open(options), refusal("unavailable", words));
  const denied = refusal("unavailable", /s3:PutObject/);
  for (const method of ["PUT", "DELETE", "GET"]) {
    s3.fault = (seen) => seen.method === method ? { status: 403, code: "AccessDenied" } : null;
    await assert.rejects(open(), denied);
  }
  s3.fault = () => ({ status: 403, code: "RequestTimeTooSkewed" });
  await assert.rejects(open(), refusal("unavailable", /the clock of this machine is wrong/));
});

test("a prefix belongs to one database", async ({ s3, open, bodies }) => {
  await open(); // another node
  await assert.rejects(open({}, "database-2"), refusal("unavailable", /the mail of another database: choose another/));
  await open({ prefix: "second" }, "database-2");
  s3.objects.delete("mm/palomar-store");
  await open({}, "database-2"); // it has taken its place
  const theirs = await write(await open({}, "database-2"), octets(70_000));
  s3.ahead = 2 * DAY;
  await assert.rejects(bodies.sweep(), refusal("unavailable", /the mail of another database/)); // and what it has stays
  assert.equal((await bodies.sizes([theirs])).size, 1);
  await assert.rejects(open(), refusal("unavailable", /remove the object "mm\/palomar-store" and start again/));
});

test("a body of 50 MB passes through the memory of one part", async ({ bodies, s3, own }) => {
  const piece = octets(PART);
  const upload = bodies.create();
  for (let i = 0; i < 200; i++) {
    await upload.write(piece);
    for (const { parts } of s3.uploads.values()) parts.clear();
  }
  assert.equal(s3.take("PUT").length, 199);
  assert.equal(own.size, 0);
  await upload.abort();
  await write(bodies, piece); // and gives it back
  assert.deepEqual([own.size, s3.bodies.length], [0, 1]);
}, { memory: PART });
