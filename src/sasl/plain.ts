import { EMPTY, equalBytes } from "../base/bytes.ts";
import { parseLogin, parsePassword } from "./credentials.ts";
import type { SaslExchange } from "./exchange.ts";
import { challenge, outcomeOf, question } from "./request.ts";

/** PLAIN (RFC 4616): one message, `[authzid] NUL authcid NUL passwd`. */
export function* plainExchange(initial: Uint8Array | null): SaslExchange {
  const message = initial ?? (yield* challenge(EMPTY));
  if (message === null) return { refused: "cancelled" };
  const first = message.indexOf(0);
  const second = first < 0 ? -1 : message.indexOf(0, first + 1);
  if (second < 0) return { refused: "malformed" };
  const authzid = message.subarray(0, first);
  const authcid = message.subarray(first + 1, second);
  const login = parseLogin(authcid);
  const password = parsePassword(message.subarray(second + 1)); // a third NUL is refused there
  if (login === null || password === null) return { refused: "malformed" };
  // RFC 4616 section 2: the identity to act as must be one that the credentials permit; here that is oneself alone.
  if (authzid.length > 0 && !equalBytes(authzid, authcid) && parseLogin(authzid) !== login) {
    return { refused: "credentials" };
  }
  return outcomeOf(yield* question("auth.password", { login, password }));
}
