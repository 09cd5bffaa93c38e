/**
 * Pages for people: signing in, letting programs in (OAuth), and their own account. Made on the server, without scripts
 * but for passkeys; readable at any width, by keyboard, and by screen readers.
 *
 * Rules:
 * - All that came from somebody is put in by `html`, which escapes it.
 * - Every change is a POST with a field that only our page for this browser can have (`visitor.ts`).
 * - No redirect leads elsewhere but to what a client has registered (`authorize.ts`).
 * - The store knows a browser by the hash of its cookie.
 */
import type { Hono } from "hono";
import { removeGrants } from "../../oauth/mod.ts";
import { account } from "./account.ts";
import { appPasswords } from "./app_passwords.ts";
import { authorize } from "./authorize.ts";
import { device } from "./device.ts";
import { onlyPrivate } from "./only_private.ts";
import { notice } from "./page.ts";
import type { PageParts } from "./pages.ts";
import { passkeys } from "./passkeys.ts";
import { password } from "./password.ts";
import { secondFactor } from "./second_factor.ts";
import { endSessions } from "./sessions.ts";
import { signIn } from "./sign_in.ts";

/** Whoever is disabled signs in anew when he is not any more, and so does what he has let in. */
async function forgetDisabled({ deps, people }: PageParts, address: string): Promise<void> {
  const account = await deps.perform("account.get", { address });
  if (!account?.disabled) return;
  await endSessions(deps, account.accountId, null);
  await people.run(removeGrants(account.accountId, null));
}

/** All pages. */
export function peoplePages(app: Hono, parts: PageParts): void {
  parts.deps.onAccountChanged?.((address) => void forgetDisabled(parts, address).catch(() => {}));
  const refused = () =>
    notice("This page needs HTTPS", "What you type here would be read on the way. Ask whoever runs this server.", 403);
  for (const path of ["/sign-in", "/sign-in/*", "/account", "/account/*", "/device"]) {
    app.use(path, onlyPrivate(refused));
  }
  signIn(app, parts);
  authorize(app, parts);
  device(app, parts);
  account(app, parts);
  appPasswords(app, parts);
  secondFactor(app, parts);
  passkeys(app, parts);
  password(app, parts);
}
