/** A store with people and messages in it, for the tests of all drivers. */
import assert from "node:assert/strict";
import { Secret } from "../../src/base/secret.ts";
import { utf8Bytes } from "../../src/base/bytes.ts";
import type {
  AcceptArgs,
  Account,
  AccountId,
  AnswerOf,
  Args,
  BlobId,
  Delivery,
  EnvelopeSender,
  Mailbox,
  MailboxId,
  Quota,
  StorageOp,
  TraceId,
  Uid,
} from "../../src/contract/mod.ts";
import { indexMessage } from "../../src/message/mod.ts";
import type { SealedBlob, Storage } from "../../src/storage/storage.ts";

export const ALL = [{ first: 1 as Uid, last: 4294967295 as Uid }];
export const NO_QUOTA: Quota = { bytes: null, messages: null };
export const SENDER: EnvelopeSender = {
  reversePath: "sender@example.net",
  size: null,
  body: "7bit",
  smtputf8: false,
  requireTls: false,
  ret: null,
  envid: null,
};
const KEYS = new Secret(new Uint8Array([1, 2]));
export const CREDENTIALS = {
  password: new Secret("$scrypt$"),
  scramSha256: { salt: new Uint8Array([3]), iterations: 4096, storedKey: KEYS, serverKey: KEYS },
};

export function uids(...numbers: readonly number[]): Args<"email.read">["ranges"] {
  return numbers.map((uid) => ({ first: uid as Uid, last: uid as Uid }));
}

/** A message with a header and a body of the given text. */
export function message(text: string, header = "Subject: hi"): Uint8Array {
  return utf8Bytes(`${header}\r\n\r\n${text}`);
}

/** Throws where an operation was refused. */
export function granted<T extends object>(answer: T): Exclude<T, { readonly refused: string }> {
  if ("refused" in answer) assert.fail(`refused: ${JSON.stringify(answer)}`);
  return answer as Exclude<T, { readonly refused: string }>;
}

/** Shorter words for what tests do all the time. `ann` and `bob` are accounts of example.org. */
export class Scene {
  readonly store: Storage;
  ann = "" as AccountId;
  bob = "" as AccountId;
  #traces = 0;

  constructor(store: Storage) {
    this.store = store;
  }

  ask<K extends StorageOp>(op: K, args: Args<K>): Promise<AnswerOf<K>> {
    return this.store.perform(op, args);
  }

  async people(): Promise<this> {
    await this.ask("domain.add", { name: "example.org", now: 1 });
    this.ann = (await this.account("ann@example.org")).accountId;
    this.bob = (await this.account("bob@example.org")).accountId;
    return this;
  }

  async account(address: string, quota: Quota = NO_QUOTA): Promise<Account> {
    return granted(await this.ask("account.add", { address, name: "", quota, credentials: CREDENTIALS, now: 1 }));
  }

  async seal(bytes: Uint8Array, piece = 20_000): Promise<SealedBlob> {
    const writer = this.store.createBlob();
    for (let at = 0; at < bytes.length; at += piece) {
      const chunk = bytes.slice(at, at + piece);
      await writer.write(chunk);
      chunk.fill(33); // chunks are borrowed
    }
    return await writer.seal(indexMessage(bytes));
  }

  async append(
    accountId: AccountId,
    path: string,
    bytes: Uint8Array,
    flags: readonly string[] = [],
    internalDate: number | null = null,
  ): Promise<AnswerOf<"email.append">> {
    const blob = await this.seal(bytes);
    try {
      const messages = [{ blobId: blob.blobId, flags, internalDate }];
      return await this.ask("email.append", { accountId, path, messages, now: 5 });
    } finally {
      blob.release();
    }
  }

  /** Appends texts to a mailbox of ann and answers it. */
  async filled(path: string, ...texts: readonly string[]): Promise<Mailbox> {
    for (const text of texts) granted(await this.append(this.ann, path, message(text)));
    return await this.mailbox(this.ann, path);
  }

  async mailbox(accountId: AccountId, path: string): Promise<Mailbox> {
    const mailbox = await this.ask("mailbox.get", { accountId, path });
    assert.ok(mailbox, `there is no mailbox ${path}`);
    return mailbox;
  }

  async rows(accountId: AccountId, mailboxId: MailboxId, ranges: Args<"email.read">["ranges"] = ALL) {
    const { rows } = await this.ask("email.read", { accountId, mailboxId, ranges, fields: [], limit: 10_000 });
    return rows;
  }

  delivery(accountId: AccountId, recipient: string, more: Partial<Delivery> = {}): Delivery {
    return {
      accountId,
      recipient,
      target: { role: "inbox" },
      flags: [],
      prefix: new Uint8Array(0),
      internalDate: 5,
      ...more,
    };
  }

  acceptArgs(blobId: BlobId, more: Partial<AcceptArgs>): AcceptArgs {
    return {
      traceId: `t.${++this.#traces}` as TraceId,
      sender: SENDER,
      blobId,
      deliveries: [],
      queued: [],
      journal: [],
      now: 10,
      overQuota: "refuse",
      ...more,
    };
  }

  async accept(bytes: Uint8Array, more: Partial<AcceptArgs>): Promise<AnswerOf<"mail.accept">> {
    const blob = await this.seal(bytes);
    try {
      return await this.ask("mail.accept", this.acceptArgs(blob.blobId, more));
    } finally {
      blob.release();
    }
  }

  /** Space of what nothing refers to comes back at the second call. */
  async reclaimAll(): Promise<number> {
    return await this.store.reclaim() + await this.store.reclaim();
  }

  async whole(blobId: BlobId): Promise<Uint8Array> {
    const pieces: Uint8Array[] = [];
    for (let at = 0;;) {
      const piece = await this.store.readBlob(blobId, at, at + 262_144);
      if (piece.length === 0) return new Uint8Array(await new Blob(pieces as BlobPart[]).arrayBuffer());
      pieces.push(piece);
      at += piece.length;
    }
  }
}

/** An empty store; where an option is given, with it. */
export type Open = (options?: { readonly undeleteMs: number; readonly wall: () => number }) => Promise<Storage>;

/** Registers a test that gets a scene of its own. */
export function sceneTest(name: string, open: Open, run: (scene: Scene) => Promise<void>): void {
  Deno.test(name, async () => {
    const store = await open();
    try {
      await run(await new Scene(store).people());
    } finally {
      await store.close();
    }
  });
}

/** A folder for one test. */
export function tempDir(): { readonly path: string; readonly remove: () => void } {
  const path = Deno.makeTempDirSync({ prefix: "palomar-test-" });
  let there = true;
  const remove = () => {
    if (there) Deno.removeSync(path, { recursive: true });
    there = false;
  };
  return { path, remove };
}
