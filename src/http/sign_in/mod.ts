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
import { account } from "./account.ts";
import { appPasswords } from "./app_passwords.ts";
import { authorize } from "./authorize.ts";
import { device } from "./device.ts";
import type { PageParts } from "./pages.ts";
import { passkeys } from "./passkeys.ts";
import { secondFactor } from "./second_factor.ts";
import { signIn } from "./sign_in.ts";

/** All pages. */
export function peoplePages(app: Hono, parts: PageParts): void {
  signIn(app, parts);
  authorize(app, parts);
  device(app, parts);
  account(app, parts);
  appPasswords(app, parts);
  secondFactor(app, parts);
  passkeys(app, parts);
}
