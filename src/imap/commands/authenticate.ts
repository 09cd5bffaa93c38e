import { decodeBase64 } from "../../base/base64.ts";
import { EMPTY } from "../../base/bytes.ts";
import { mayLogIn } from "../capability.ts";
import { BEFORE_LOGIN, type Command, replyWith } from "../command.ts";
import { no } from "../reply.ts";
import { offeredMechanisms, parseMechanism, type SaslMechanism } from "../../sasl/mod.ts";
import type { CommandProgram } from "../session.ts";
import { TEXTS } from "../texts.ts";

/** AUTHENTICATE (RFC 9051 section 6.2.2) with an initial response (RFC 4959). */
export const authenticate: Command = {
  states: BEFORE_LOGIN,
  parse(lexer, state) {
    lexer.sp();
    const name = lexer.atom();
    let initial: Uint8Array | null = null;
    if (lexer.tryChar(" ")) {
      const text = lexer.chars((code) => code > 32 && code < 127);
      // RFC 4959 section 3: "=" is an empty initial response.
      initial = text === "=" ? EMPTY : decodeBase64(text) ?? lexer.fail("The response is no Base64");
    }
    lexer.end();
    const mechanism = parseMechanism(name, offeredMechanisms(state.options.mechanisms, state.tls));
    if (mechanism === null) return replyWith(no(TEXTS.noMechanism));
    if (!mayLogIn(state)) return replyWith(no(TEXTS.privacyRequired, "PRIVACYREQUIRED"));
    return run(mechanism, initial);
  },
};

// deno-lint-ignore require-yield
function* run(mechanism: SaslMechanism, initial: Uint8Array | null): CommandProgram {
  return { then: "authenticate", mechanism, initial };
}
