/**
 * Whose a bucket is. What no database names is swept away, so two databases on one prefix would destroy each other's
 * mail: the first writes its name there, another one is refused.
 */
import { StorageError } from "../storage.ts";
import type { Bucket } from "./bucket.ts";
import { ObjectRefusal, Unreachable } from "./refusal.ts";

const MARK = "palomar-store";
const HEAD = "This prefix belongs to the mail of one database of Palomar.\n";
const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Takes the prefix for a database, and tries all that will be needed. Rejects with what to do. */
export async function takeBucket(bucket: Bucket, prefix: string, identity: string): Promise<void> {
  try {
    await take(bucket, prefix, identity);
  } catch (error) {
    if (!(error instanceof Unreachable)) throw error;
    throw new StorageError("unavailable", `${error.message}: start it, or correct storage.objects.endpoint`, error);
  }
}

async function take(bucket: Bucket, prefix: string, identity: string): Promise<void> {
  const mark = prefix + MARK;
  const wanted = `${HEAD}${identity}\n`;
  if (await read(bucket, mark) === null) await bucket.put(mark, encoder.encode(wanted));
  await expectOwner(bucket, prefix, identity);
  await probe(bucket, prefix);
}

/** Rejects where the prefix is not, or no longer, this database's. */
export async function expectOwner(bucket: Bucket, prefix: string, identity: string): Promise<void> {
  const mark = prefix + MARK;
  if (await read(bucket, mark) !== `${HEAD}${identity}\n`) throw foreign(bucket, prefix, mark);
}

async function read(bucket: Bucket, mark: string): Promise<string | null> {
  const octets = await bucket.get(mark, 0, 1024);
  return octets === null ? null : decoder.decode(octets);
}

/** Writes, reads a part of, lists and removes an object. */
async function probe(bucket: Bucket, prefix: string): Promise<void> {
  const key = `${prefix}probe/${crypto.getRandomValues(new Uint8Array(8)).toHex()}`;
  try {
    await bucket.put(key, encoder.encode("palomar"));
    const octets = await bucket.get(key, 2, 3);
    if (octets === null || decoder.decode(octets) !== "lom") {
      const what = `the store of objects at ${bucket.where} does not give back what was written`;
      throw new StorageError("unavailable", `${what}: it must be consistent at once, and answer ranges`);
    }
    await bucket.list(prefix + "probe/", "", 1);
  } finally {
    await bucket.remove(key).catch((error) => {
      if (error instanceof ObjectRefusal) throw error;
    });
  }
}

function foreign(bucket: Bucket, prefix: string, mark: string): StorageError {
  const what = `at "${prefix}" of the store of objects at ${bucket.where} there is the mail of another database`;
  const advice = "choose another storage.objects.prefix; or, if this database has taken its place (restored, moved) " +
    `and the other is gone for good, remove the object "${mark}" and start again`;
  return new StorageError("unavailable", `${what}: ${advice}`);
}
