/** Sieve scripts as objects (RFC 9661 section 2): the same that ManageSieve and the admin API change. */
import { utf8Strict } from "../../base/bytes.ts";
import { ask, type Modseq, type Program, SIEVE_STORE_LIMITS, type SieveObject } from "../../contract/mod.ts";
import type { JmapAccount } from "../account.ts";
import { printScriptBlobId } from "../blob_id.ts";
import { findOctets, sizeOf, visitOctets } from "../blob/octets.ts";
import type { Call } from "../call.ts";
import { invalidProperties, MethodError, SetError } from "../error.ts";
import type { Json, JsonObject } from "../json.ts";

/** The account, which must be one's own: what runs over mail is its owner's business. */
export function ownAccount(account: JmapAccount): JmapAccount {
  if (!account.isPersonal) throw new MethodError("accountNotSupportedByMethod");
  return account;
}

export function* allScripts(
  call: Call,
): Program<{ readonly state: Modseq; readonly scripts: readonly SieveObject[] }> {
  return yield* ask("sieve.objects", { accountId: call.context.user.accountId });
}

/** All properties. */
export function printScript({ objectId, name, active, tag }: SieveObject): JsonObject & { readonly id: string } {
  return { id: objectId, name, blobId: printScriptBlobId(objectId, tag), isActive: active };
}

/** The text of a blob that is to be a script. Throws a `SetError`. */
export function* readScript(call: Call, account: JmapAccount, value: Json): Program<string> {
  if (typeof value !== "string") throw invalidProperties(["blobId"]);
  const id = call.resolve(value);
  const octets = yield* findOctets(call, account, id);
  if (!octets) throw new SetError("blobNotFound", "", { notFound: [id] });
  const size = yield* sizeOf(call, octets);
  const limit = SIEVE_STORE_LIMITS.octets;
  if (size > limit) throw new SetError("tooLarge", `a script has at most ${limit} octets; this one has ${size}`);
  const bytes = new Uint8Array(size);
  let at = 0;
  yield* visitOctets(call, octets, 0, size, (piece) => {
    bytes.set(piece, at);
    at += piece.length;
  });
  const text = utf8Strict(bytes);
  if (text === null) throw new SetError("invalidSieve", "a script is text in UTF-8, and this one is not");
  return text;
}

const ERRORS = 20;

/** Throws `invalidSieve` with the place of each error. `name`: what language it is in. */
export function* unlessWrong(name: string, content: string): Program<void> {
  const errors = yield* ask("sieve.check", { name, content });
  if (errors.length === 0) return;
  const told = errors.slice(0, ERRORS).map(({ line, column, reason }) => `line ${line}, column ${column}: ${reason}`);
  const more = errors.length > ERRORS ? [`and ${errors.length - ERRORS} more`] : [];
  throw new SetError("invalidSieve", [...told, ...more].join("\n"));
}
