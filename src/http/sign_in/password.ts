/** The password of one's own account. */
import type { Hono } from "hono";
import { html } from "hono/html";
import { Secret } from "../../base/secret.ts";
import { alert, page } from "./page.ts";
import { type PageParts, Visit } from "./pages.ts";
import { enter } from "./enter.ts";

const PATH = "/account/password";
/** Characters; what else a password may be is decided where it is hashed. */
const [SHORTEST, LONGEST] = [8, 1024];

export function password(app: Hono, parts: PageParts): void {
  const { people, deps } = parts;

  app.get(PATH, async (c) => {
    const visit = await Visit.of(c, parts);
    return visit.session === null ? visit.toSignIn(PATH) : await passwordPage(visit, null);
  });

  app.post(PATH, async (c) => {
    const visit = await Visit.of(c, parts);
    // Whoever came by a passkey says by another one, or by a code, that it is still he.
    const change = await visit.change(true);
    if (change instanceof Response) return change;
    const { form, session: { address } } = change;
    const [old, wanted, again] = ["old", "new", "again"].map((name) => form.get(name) ?? "");
    const wrong = (problem: string, status = 422) => passwordPage(visit, problem, status);
    if (wanted !== again) return await wrong("The new password was not typed twice alike.");
    if ([...wanted!].length < SHORTEST || wanted!.length > LONGEST) {
      return await wrong(`The new password should have ${SHORTEST} characters or more.`);
    }
    const proven = await people.signIn(address, new Secret(old!.slice(0, LONGEST)), visit.address);
    if ("refused" in proven) {
      return proven.refused === "tooMany"
        ? await wrong("There were too many failed attempts. Wait a while, and try again.", 429)
        : await wrong("The password as it is now is not right.", 403);
    }
    const credentials = await deps.makeCredentials(new Secret(wanted!));
    if ("refused" in credentials) return await wrong(`That cannot be: ${credentials.text}.`);
    await deps.perform("account.change", { address, credentials });
    deps.accountChanged?.(address);
    people.note("web.passwordChanged", { account: address, from: visit.address });
    // All sessions have ended with the old password; this browser goes on with a new one.
    const person = await people.person(address);
    return person === null ? visit.toSignIn("/account") : await enter(visit, person, "/account", "password");
  });
}

async function passwordPage(visit: Visit, problem: string | null, status = 200): Promise<Response> {
  return await page({
    title: "Change the password",
    status,
    body: html`<h1>Change the password</h1>${alert(problem)}
<p>Other browsers are signed out, and programs that you have let in ask again. App passwords stay.</p>
${
      visit.form(
        PATH,
        html`
          <input type="hidden" name="username" autocomplete="username" value="${visit.session?.address ?? ""}">
          <label for="old">The password as it is now</label>
          <input id="old" name="old" type="password" autocomplete="current-password" required maxlength="1024">
          <label for="new">The new one</label>
          <input id="new" name="new" type="password" autocomplete="new-password" required minlength="8" maxlength="1024"
            aria-describedby="hint">
          <p id="hint" class="hint">Eight characters or more; four words are easy to keep, and hard to guess.</p>
          <label for="again">The new one again</label>
          <input id="again" name="again" type="password" autocomplete="new-password" required minlength="8" maxlength="1024">
          <button class="main">Change it</button>
        `,
      )
    }<p><a href="/account">Back</a></p>`,
  });
}
