/** Signing what leaves: submitted messages in the store, and reports of our own before they are stored. */
import { concatBytes, latin1Bytes } from "../../base/bytes.ts";
import type { AnswerOf, Args, BlobId, Op, Program } from "../../contract/mod.ts";
import { type DkimSigningKey, prepareDkim, sealArc } from "../../mailauth/mod.ts";
import { Breath } from "../../storage/search_source.ts";
import type { Storage } from "../../storage/storage.ts";
import { runProgram } from "../run_program.ts";
import type { DkimKeys } from "./keys.ts";
import { signApart } from "./sign_apart.ts";

export interface SignerParts {
  readonly keys: Pick<DkimKeys, "signing">;
  readonly storage: Pick<Storage, "perform">;
  /** Our name, in whose name reports are written. */
  readonly hostname: string;
}

/** A page takes less than one more; a seal (ARC) has two signatures of RSA at its end, which take three each. */
const SLICE_MS = 3;

/** Signs with the keys that a domain has now. */
export interface Signer {
  /** The answer to `message.sign`. Rejects where the store fails. */
  sign(args: Args<"message.sign">): Promise<AnswerOf<"message.sign">>;
  /** The answer to `message.seal`. Rejects where the store fails. */
  seal(args: Args<"message.seal">): Promise<AnswerOf<"message.seal">>;
  /** A report with its signatures before it, or as it is where nothing can sign it. Rejects where the store fails. */
  signReport(bytes: Uint8Array, now: number): Promise<Uint8Array>;
}

export function createSigner({ keys, storage, hostname }: SignerParts): Signer {
  /** A large body is hashed page by page, and everybody else has a turn in between. */
  const run = <R>(program: Program<R>): Promise<R> => {
    const breath = new Breath(SLICE_MS);
    const perform = async (op: Op, question: unknown): Promise<never> => {
      if (op !== "blob.read") throw new Error(`signing does not ask ${op}`);
      await breath.take();
      return await storage.perform(op, question as Args<"blob.read">) as never;
    };
    return runProgram(program, perform as never, () => {});
  };
  const sign = async (args: Args<"message.sign">): Promise<AnswerOf<"message.sign">> => {
    const found = await keysOf(args.domains, keys);
    if (found === null) return { unsigned: "noKeys" };
    const { blobId, size, prefix, now } = args;
    const prepared = await run(prepareDkim({ blobId, size, prefix }, { now, keys: found }));
    if ("refused" in prepared) return { unsigned: prepared.refused };
    const fields = await Promise.all(
      prepared.drafts.map(async ({ key, draft }) => `${draft.finish(await signApart(key, draft.data))}\r\n`),
    );
    return { fields: fields.join(""), domain: found[0]!.domain };
  };
  return {
    sign,
    async seal({ domains, blobId, size, prefix, now, authenticationResults, chain }) {
      const found = await keysOf(domains, keys);
      if (found === null) return { unsealed: "noKeys" };
      // A set has one seal. RSA is what everybody verifies (RFC 8617 section 4.1.3 has the algorithms of DKIM).
      const key = found.find(({ algorithm }) => algorithm === "rsa-sha256") ?? found[0]!;
      const sealed = await run(sealArc({ blobId, size, prefix }, { now, key, authenticationResults, chain }));
      return "refused" in sealed ? { unsealed: sealed.refused } : { fields: sealed.fields };
    },
    async signReport(bytes, now) {
      const message = { blobId: "" as BlobId, size: 0, prefix: bytes };
      const signed = await sign({ ...message, domains: withParents(hostname), now });
      return "fields" in signed ? concatBytes([latin1Bytes(signed.fields), bytes]) : bytes;
    },
  };
}

async function keysOf(
  domains: readonly string[],
  keys: SignerParts["keys"],
): Promise<readonly DkimSigningKey[] | null> {
  for (const domain of domains) {
    const found = await keys.signing(domain);
    if (found.length > 0) return found;
  }
  return null;
}

/** `mail.example.org` and `example.org`: a parent is as good as the host itself (RFC 7489 section 3.1.1). */
function withParents(hostname: string): string[] {
  const labels = hostname.split(".");
  return labels.slice(0, -1).map((_, index) => labels.slice(index).join("."));
}
