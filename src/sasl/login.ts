import { latin1Bytes } from "../base/bytes.ts";
import { parseLogin, parsePassword } from "./credentials.ts";
import type { SaslExchange } from "./exchange.ts";
import { challenge, outcomeOf, question } from "./request.ts";

/**
 * LOGIN (draft-murchison-sasl-login, obsolete, but all that some clients know): name, then password. The prompts are
 * the ones clients compare with. An initial response is the name.
 */
export function* loginExchange(initial: Uint8Array | null): SaslExchange {
  const name = initial !== null && initial.length > 0 ? initial : yield* challenge(latin1Bytes("Username:"));
  if (name === null) return { refused: "cancelled" };
  const login = parseLogin(name);
  if (login === null) return { refused: "malformed" };
  const secret = yield* challenge(latin1Bytes("Password:"));
  if (secret === null) return { refused: "cancelled" };
  const password = parsePassword(secret);
  if (password === null) return { refused: "malformed" };
  return outcomeOf(yield* question("auth.password", { login, password }));
}
