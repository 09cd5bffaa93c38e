import type { Program } from "../../contract/mod.ts";
import type { Call } from "../call.ts";
import { SetError } from "../error.ts";
import type { JsonObject } from "../json.ts";
import { ownAccount, readScript, unlessWrong } from "./scripts.ts";

/** SieveScript/validate (RFC 9661 section 2.5): nothing is kept. */
export function* sieveValidate(call: Call): Program<JsonObject> {
  const account = ownAccount(call.account());
  const blobId = call.string("blobId");
  call.done();
  try {
    yield* unlessWrong("", yield* readScript(call, account, blobId));
    return { accountId: account.accountId, error: null };
  } catch (error) {
    if (!(error instanceof SetError)) throw error;
    return { accountId: account.accountId, error: error.toJson() };
  }
}
