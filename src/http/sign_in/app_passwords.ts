/** App passwords of one's own account. */
import type { Hono } from "hono";
import { html } from "hono/html";
import { type Scope, SCOPES, type Token } from "../../contract/mod.ts";
import { day } from "./account.ts";
import { alert, type Markup, notice, page } from "./page.ts";
import { type PageParts, seeOther, Visit } from "./pages.ts";

const DAY_MS = 86_400_000;
/** Doors that people know, in their words; `admin` is made by the operator alone. */
const DOORS: readonly (readonly [Scope, string])[] = [
  ["imap", "Read mail (IMAP)"],
  ["pop3", "Fetch mail (POP3)"],
  ["submission", "Send mail"],
  ["sieve", "Change mail filters"],
  ["jmap", "Read and send mail (JMAP)"],
];
const ENDS: readonly (readonly [string, string])[] = [["", "Never"], ["30", "In 30 days"], ["90", "In 90 days"], [
  "365",
  "In a year",
]];

export function appPasswords(app: Hono, parts: PageParts): void {
  const { people, deps } = parts;

  app.get("/account/app-passwords", async (c) => {
    const visit = await Visit.of(c, parts);
    if (!visit.isFresh) return visit.toSignIn("/account/app-passwords", visit.session !== null);
    return await makePage(visit, null);
  });

  app.post("/account/app-passwords", async (c) => {
    const visit = await Visit.of(c, parts);
    const change = await visit.change(true);
    if (change instanceof Response) return change;
    const { form, session: { address } } = change;
    const scopes = DOORS.map(([door]) => door).filter((door) => form.get(`scope-${door}`) === "yes");
    const days = ENDS.find(([value]) => value === (form.get("days") ?? ""))?.[0];
    if (scopes.length === 0 || days === undefined) {
      return await makePage(visit, "Choose at least one thing that it is for.", 422);
    }
    const { secret, hash } = deps.makeToken();
    const now = deps.now();
    const made = await deps.perform("token.add", {
      address,
      name: form.get("name") ?? "",
      hash,
      scopes,
      expiresAt: days === "" ? null : now + Number(days) * DAY_MS,
      now,
    });
    if ("refused" in made) return await makePage(visit, `That cannot be: ${made.text}.`, 422);
    people.note("token.added", { account: address, token: made.tokenId, scopes: scopes.join(" ") });
    return await page({
      title: "App password",
      body: html`
        <h1>App password “${made.name}”</h1>
        <p>Put this into the program, in place of your password. It is shown only now.</p>
        <p><code class="secret">${secret.reveal()}</code></p>
        <p>Your user name is <strong>${address}</strong>.</p>
        <p><a href="/account">Your account</a></p>
      `,
    });
  });

  app.post("/account/app-passwords/remove", async (c) => {
    const visit = await Visit.of(c, parts);
    const change = await visit.change(false);
    if (change instanceof Response) return change;
    const { form, session: { address } } = change;
    const removed = await deps.perform("token.remove", { address, tokenId: form.get("token") ?? "" });
    if ("refused" in removed) return await notice("Not there", "This app password is gone already.", 404);
    people.note("token.removed", { account: address, token: form.get("token") ?? "" });
    deps.accountChanged?.(address);
    return seeOther("/account");
  });
}

/** The app passwords of an account, each with a button to take it back. */
export function passwordRows(visit: Visit, tokens: readonly Token[]): Markup {
  if (tokens.length === 0) return html`<p>There are none.</p>`;
  return html`<ul class="rows">${
    tokens.map((token) =>
      html`<li><strong>${token.name}</strong> (${token.scopes?.join(", ") ?? "everything"})<br>Made ${
        day(token.createdAt)
      }${token.expiresAt === null ? "" : html`, ends ${day(token.expiresAt)}`}, ${
        token.lastUsedAt === null
          ? "never used"
          : html`last used ${day(token.lastUsedAt)} from ${token.lastUsedFrom ?? "somewhere"}`
      }
${
        visit.form(
          "/account/app-passwords/remove",
          html`<input type="hidden" name="token" value="${token.tokenId}"><button>Take back <span class="said">
${token.name}</span></button>`,
        )
      }</li>`
    )
  }</ul>`;
}

async function makePage(visit: Visit, problem: string | null, status = 200): Promise<Response> {
  return await page({
    title: "Make an app password",
    status,
    body: html`<h1>Make an app password</h1>${alert(problem)}${
      visit.form(
        "/account/app-passwords",
        html`<label for="name">What it is for</label>
<input id="name" name="name" required maxlength="100" autocomplete="off" aria-describedby="hint">
<p id="hint" class="hint">As “phone”, or “Thunderbird on the laptop”: so that you know it again.</p>
<fieldset><legend>It may be used to</legend>${
          DOORS.filter(([door]) => SCOPES.includes(door)).map(([door, words]) =>
            html`<label class="choice"><input type="checkbox" name="scope-${door}" value="yes"${
              door === "imap" || door === "submission"
                ? html`
                  checked
                `
                : ""
            }> ${words}</label>`
          )
        }</fieldset>
<label for="days">It ends</label>
<select id="days" name="days">${ENDS.map(([value, words]) => html`<option value="${value}">${words}</option>`)}</select>
<button class="main">Make it</button>`,
      )
    }<p><a href="/account">Back</a></p>`,
  });
}
