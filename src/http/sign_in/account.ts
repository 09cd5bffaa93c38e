/** A person's own account: programs that are let in, browsers, and how he signs in. */
import type { Hono } from "hono";
import { html } from "hono/html";
import { factorState } from "../../factors/mod.ts";
import { describeScope, listGrants, readScope, removeGrant, removeGrants } from "../../oauth/mod.ts";
import { passwordRows } from "./app_passwords.ts";
import { type Markup, notice, page } from "./page.ts";
import { type PageParts, seeOther, Visit } from "./pages.ts";
import { listPasskeys } from "./passkey_store.ts";
import { endSessions, listSessions, type WebSession } from "./sessions.ts";
import { factorSection } from "./second_factor.ts";

export function account(app: Hono, parts: PageParts): void {
  const { people, deps } = parts;

  app.get("/account", async (c) => {
    const visit = await Visit.of(c, parts);
    return visit.session === null ? visit.toSignIn("/account") : await overview(visit, visit.session);
  });

  app.post("/account/disconnect", async (c) => {
    const visit = await Visit.of(c, parts);
    const change = await visit.change(false);
    if (change instanceof Response) return change;
    const { accountId, address, print } = change.session;
    const wanted = change.form.get("grant") ?? "";
    const grant = (await people.run(listGrants(accountId, print))).find(({ grantId }) => grantId === wanted);
    if (grant === undefined) return await notice("Not there", "This program is not connected any more.", 404);
    await people.run(removeGrant(grant.grantId));
    people.note("oauth.disconnected", { account: address, client: grant.clientId });
    deps.accountChanged?.(address);
    return seeOther("/account");
  });

  app.post("/account/sign-out-everywhere", async (c) => {
    const visit = await Visit.of(c, parts);
    const change = await visit.change(false);
    if (change instanceof Response) return change;
    const { accountId, address } = change.session;
    await endSessions(deps, accountId, visit.visitor);
    if (change.form.get("programs") === "yes") await people.run(removeGrants(accountId, null));
    people.note("web.signedOutEverywhere", { account: address, from: visit.address });
    deps.accountChanged?.(address);
    return seeOther("/account");
  });
}

async function overview(visit: Visit, session: WebSession): Promise<Response> {
  const { people, deps } = visit.parts;
  const { accountId, address, print } = session;
  const [grants, tokens, sessions, factor, passkeys] = await Promise.all([
    people.run(listGrants(accountId, print)),
    deps.perform("token.list", { address }),
    listSessions(deps, session),
    people.run(factorState(accountId)),
    listPasskeys(deps, accountId),
  ]);
  return await page({
    title: `${address} – ${deps.hostname}`,
    body: html`<h1>${address}</h1>
${visit.form("/sign-out", html`<button>Sign out</button>`)}
<h2>Programs that you have let in</h2>
${
      grants.length === 0
        ? html`<p>There are none.</p>`
        : html`<ul class="rows">${
          grants.map((grant) =>
            html`<li><strong>${grant.clientName || "A program without a name"}</strong>${
              grant.place === null ? "" : html`
                (${grant.place})
              `
            }<br>${describe(grant.scope)}<br>Since ${day(grant.createdAt)}, last renewed ${day(grant.usedAt)}
${
              visit.form(
                "/account/disconnect",
                html`<input type="hidden" name="grant" value="${grant.grantId}"><button>Disconnect <span class="said">
${grant.clientName}</span></button>`,
              )
            }</li>`
          )
        }</ul>`
    }
<h2>App passwords</h2>
<p>For mail programs that ask for a password: one for each, so that you can take it back.</p>
${"refused" in tokens ? "" : passwordRows(visit, tokens)}
<p><a href="/account/app-passwords">Make an app password</a></p>
<h2>Password</h2>
<p><a href="/account/password">Change the password</a></p>
<h2>A second step when you sign in</h2>
${factorSection(factor)}
<h2>Passkeys</h2>
<p>${passkeys.length === 0 ? "You have none" : `You have ${passkeys.length}`}.
<a href="/account/passkeys">Look at your passkeys</a></p>
<h2>Browsers</h2>
<p>You are signed in with ${sessions.length === 1 ? "this browser only" : `${sessions.length} browsers`}.</p>
<ul class="rows">${
      sessions.map((one) => html`<li>${one.browser || "A browser without a name"}<br>${one.from}, ${day(one.at)}</li>`)
    }</ul>
${
      visit.form(
        "/account/sign-out-everywhere",
        html`<label class="choice"><input type="checkbox" name="programs" value="yes"> Disconnect all programs too</label>
<button>Sign out all other browsers</button>`,
      )
    }`,
  });
}

function describe(words: readonly string[]): Markup {
  const scope = readScope(words.join(" "));
  return html`${scope === null ? "" : describeScope(scope).join(". ")}`;
}

/** A date as everybody reads it. */
export function day(at: number): Markup {
  const text = new Date(at).toISOString();
  return html`<time datetime="${text}">${text.slice(0, 16).replace("T", " ")} UTC</time>`;
}
