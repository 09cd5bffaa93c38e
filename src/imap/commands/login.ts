import { Secret } from "../../base/secret.ts";
import { ask } from "../../contract/mod.ts";
import { BEFORE_LOGIN, type Command, replyWith } from "../command.ts";
import { mayLogIn } from "../capability.ts";
import { no } from "../reply.ts";
import { saslPrep } from "../../sasl/mod.ts";
import type { CommandProgram } from "../session.ts";
import { TEXTS } from "../texts.ts";
import { utf8Text } from "../wire/lexer.ts";

const CREDENTIAL_LIMIT = 1024; // octets, before anything is hashed

/** LOGIN (RFC 9051 section 6.2.3). */
export const login: Command = {
  states: BEFORE_LOGIN,
  parse(lexer, state) {
    lexer.sp();
    const user = utf8Text(lexer, lexer.astring());
    lexer.sp();
    const password = utf8Text(lexer, lexer.astring());
    lexer.end();
    // RFC 9051 section 11.3: no password is looked at that came in the clear.
    if (!mayLogIn(state)) return replyWith(no(TEXTS.privacyRequired, "PRIVACYREQUIRED"));
    return run(user, new Secret(password));
  },
};

function* run(user: string, password: Secret): CommandProgram {
  const text = password.reveal();
  // A NUL would be cut off by whoever thinks in C strings: two different passwords must never be one.
  if (!isUsable(user) || !isUsable(text)) return { then: "refused", why: "credentials", user: "" };
  // RFC 4013, so that LOGIN and SASL know the same password.
  const prepared = saslPrep(text);
  const name = saslPrep(user);
  if (prepared === null || name === null) return { then: "refused", why: "credentials", user: "" };
  const answer = yield* ask("auth.password", { login: name, password: new Secret(prepared) });
  if ("refused" in answer) return { then: "refused", why: answer.refused, user };
  return { then: "loggedIn", login: answer };
}

function isUsable(text: string): boolean {
  return text.length > 0 && text.length <= CREDENTIAL_LIMIT && !text.includes("\0");
}
