/** EXTERNAL (RFC 4422 appendix A): who the client is, its certificate has shown already. */
import { EMPTY } from "../base/bytes.ts";
import { parseLogin } from "./credentials.ts";
import type { SaslExchange } from "./exchange.ts";
import { challenge, outcomeOf, question } from "./request.ts";

/** One message: whom the client asks to be, or nothing. `addresses` are those of its certificate. */
export function* externalExchange(initial: Uint8Array | null, addresses: readonly string[]): SaslExchange {
  const message = initial ?? (yield* challenge(EMPTY));
  if (message === null) return { refused: "cancelled" };
  const login = message.length === 0 ? null : parseLogin(message);
  if (message.length > 0 && login === null) return { refused: "malformed" };
  return outcomeOf(yield* question("auth.external", { addresses, login }));
}
