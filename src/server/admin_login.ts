/** Logins of accounts at the admin API: with the delays and bans of every other door. */
import type { HttpDeps } from "../http/deps.ts";
import type { Guard } from "./abuse/guard.ts";
import type { Auth } from "./auth.ts";

export function adminLogin(auth: Auth, guard: Guard): NonNullable<HttpDeps["logIn"]> {
  return async (shown, address, door) => {
    if (guard.isBanned(address)) return { refused: "tooMany" };
    const answer = "token" in shown
      ? await auth.bearer({ login: null, token: shown.token }, address, door)
      : await auth.password(shown, address, door);
    guard.loginEnded(answer, address);
    return answer;
  };
}
