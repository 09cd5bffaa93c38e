/** TOTP of one's own account: on, off, recovery codes, and whether mail programs may go on with the password. */
import type { Hono } from "hono";
import { html, raw } from "hono/html";
import {
  beginTotp,
  confirmTotp,
  type FactorState,
  factorState,
  proveSecond,
  removeTotp,
  renewRecoveryCodes,
  setPasswordAtDoors,
} from "../../factors/mod.ts";
import { alert, type Markup, notice, page } from "./page.ts";
import { type PageParts, seeOther, Visit } from "./pages.ts";
import { endSessions, type WebSession } from "./sessions.ts";

const PATH = "/account/second-step";

export function secondFactor(app: Hono, parts: PageParts): void {
  const { people, deps } = parts;

  app.get(PATH, async (c) => {
    const visit = await Visit.of(c, parts);
    const { session } = visit;
    if (session === null || !visit.isFresh) return visit.toSignIn(PATH, session !== null);
    const state = await people.run(factorState(session.accountId));
    return state.on ? await statePage(visit, state, null) : await beginPage(visit, session, null);
  });

  app.post(`${PATH}/confirm`, async (c) => {
    const visit = await Visit.of(c, parts);
    const change = await visit.change(true);
    if (change instanceof Response) return change;
    const { form, session } = change;
    const { accountId, address } = session;
    if ((await people.run(factorState(accountId))).on) return seeOther(PATH);
    const codes = await people.run(confirmTotp(accountId, form.get("code") ?? ""));
    if (codes === null) {
      return await beginPage(
        visit,
        session,
        "This code is wrong. Here is a new secret: add it to your app, and try again.",
        422,
      );
    }
    people.note("totp.on", { account: address, from: visit.address });
    await endSessions(deps, accountId, visit.visitor);
    deps.accountChanged?.(address); // mail programs with the account's password are asked again
    return await codesPage("The second step is on", codes);
  });

  app.post(`${PATH}/off`, async (c) => {
    const visit = await Visit.of(c, parts);
    const proven = await proveFirst(visit);
    if (proven instanceof Response) return proven;
    await people.run(removeTotp(proven.accountId));
    people.note("totp.off", { account: proven.address, from: visit.address });
    return await notice("The second step is off", "From now on the password alone opens your account.");
  });

  app.post(`${PATH}/recovery`, async (c) => {
    const visit = await Visit.of(c, parts);
    const proven = await proveFirst(visit);
    if (proven instanceof Response) return proven;
    const codes = await people.run(renewRecoveryCodes(proven.accountId));
    if (codes === null) return seeOther(PATH);
    people.note("totp.recoveryRenewed", { account: proven.address, from: visit.address });
    return await codesPage("New recovery codes", codes);
  });

  app.post(`${PATH}/programs`, async (c) => {
    const visit = await Visit.of(c, parts);
    const change = await visit.change(true);
    if (change instanceof Response) return change;
    const { accountId, address } = change.session;
    const allow = change.form.get("password") === "yes";
    await people.run(setPasswordAtDoors(accountId, allow));
    people.note("totp.passwordAtDoors", { account: address, allowed: allow ? "yes" : "no" });
    if (!allow) deps.accountChanged?.(address);
    return seeOther(PATH);
  });

  /** What makes the account weaker wants a code, not only a young session. */
  async function proveFirst(visit: Visit): Promise<WebSession | Response> {
    const change = await visit.change(true);
    if (change instanceof Response) return change;
    const { form, session } = change;
    if (!people.mayTry(session.address, visit.address)) {
      return await notice("Too many attempts", "Wait a while, and try again.", 429);
    }
    const verdict = await people.run(proveSecond(session.accountId, form.get("code") ?? ""));
    if (verdict === "right") return session;
    people.failed(session.address, visit.address);
    const state = await people.run(factorState(session.accountId));
    if (!state.on) return seeOther(PATH);
    return await statePage(visit, state, "This code is wrong, or was used already. Wait for the next one.", 422);
  }
}

/** What the overview of the account says of it. */
export function factorSection({ on, recoveryLeft, passwordAtDoors }: FactorState): Markup {
  return on
    ? html`<p>It is on: signing in here needs a code of your app. ${recoveryLeft} recovery codes are left. Mail programs
${passwordAtDoors ? "may still use your password" : "need app passwords, or have to be let in"}.</p>
<p><a href="${PATH}">Change it</a></p>`
    : html`
      <p>It is off: your password alone opens your account.</p>
      <p><a href="${PATH}">Turn it on</a></p>
    `;
}

async function beginPage(visit: Visit, session: WebSession, problem: string | null, status = 200): Promise<Response> {
  const { people, deps } = visit.parts;
  const secret = await people.run(beginTotp(session.accountId));
  const uri = otpauth(deps.hostname, session.address, secret);
  return await page({
    title: "Turn on the second step",
    status,
    body: html`<h1>Turn on the second step</h1>${alert(problem)}
<p>You need an app that counts codes on your phone. Let it read this picture:</p>
${raw(await picture(uri))}
<p>Or type the secret into it: <code class="secret">${secret.match(/.{1,4}/g)?.join(" ") ?? ""}</code></p>
<p><a href="${uri}">Open it in an app on this device</a></p>
<p>Once it is on, <strong>mail programs cannot use your password any more</strong>: make an app password for each, or let
them in by signing in here.</p>
${
      visit.form(
        `${PATH}/confirm`,
        html`${codeField("Code that the app shows")}<button class="main">Turn it on</button>`,
      )
    }<p><a href="/account">Back</a></p>`,
  });
}

async function statePage(visit: Visit, state: FactorState, problem: string | null, status = 200): Promise<Response> {
  return await page({
    title: "The second step",
    status,
    body: html`<h1>The second step is on</h1>${alert(problem)}
<p>${state.recoveryLeft} recovery codes are left.</p>
<h2>Mail programs</h2>
${
      visit.form(
        `${PATH}/programs`,
        html`
          <label
            class="choice"><input type="checkbox" name="password" value="yes"${state.passwordAtDoors
              ? html`
                checked
              `
              : ""}> Mail programs may use my password (less safe: whoever has it needs no code)</label><button>Save</button>
        `,
      )
    }
<h2>Recovery codes</h2><p>New ones make the old ones worthless.</p>
${
      visit.form(
        `${PATH}/recovery`,
        html`${codeField("Code of your app, or a recovery code", "recovery-code")}<button>Make new ones</button>`,
      )
    }
<h2>Turn it off</h2>
${
      visit.form(
        `${PATH}/off`,
        html`${codeField("Code of your app, or a recovery code", "off-code")}<button>Turn it off</button>`,
      )
    }
<p><a href="/account">Back</a></p>`,
  });
}

function codesPage(title: string, codes: readonly string[]): Promise<Response> {
  return page({
    title,
    body: html`<h1>${title}</h1>
<p>These are your recovery codes. Each opens your account once, in place of a code, if you lose your phone. Write them
down, or print them; they are shown only now.</p>
<ul>${codes.map((code) => html`<li><code class="secret">${code}</code></li>`)}</ul>
<p><a href="/account">I have kept them</a></p>`,
  });
}

function codeField(words: string, id = "code"): Markup {
  return html`
    <label for="${id}">${words}</label><input id="${id}" name="code" required autocomplete="one-time-code"
      maxlength="40" spellcheck="false">
  `;
}

/** What apps for codes read: issuer and account, and the usual numbers. */
function otpauth(hostname: string, address: string, secret: string): string {
  const label = `${encodeURIComponent(hostname)}:${encodeURIComponent(address)}`;
  const query = new URLSearchParams({ secret, issuer: hostname, algorithm: "SHA1", digits: "6", period: "30" });
  return `otpauth://totp/${label}?${query}`;
}

/** The URI as a QR code. */
async function picture(uri: string): Promise<string> {
  const { renderSVG } = await import("uqr");
  return renderSVG(uri, { ecc: "M", border: 4 })
    .replace("<svg ", '<svg class="code" role="img" aria-label="QR code with the secret" ');
}
