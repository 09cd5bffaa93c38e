/** Where clients send people: who asks for what, yes or no (RFC 6749 section 4.1). */
import type { Hono } from "hono";
import { html } from "hono/html";
import {
  type AuthorizationRequest,
  consent,
  denied,
  describeScope,
  formTarget,
  isRemembered,
  Parameters,
  type Person,
  placeOf,
  readAuthorization,
} from "../../oauth/mod.ts";
import { originOf } from "../oauth/origin.ts";
import { notice, page } from "./page.ts";
import { type PageParts, seeOther, Visit } from "./pages.ts";

/** Octets of a query; browsers and servers between them take about as much. */
const LONGEST = 8192;

export function authorize(app: Hono, parts: PageParts): void {
  const { people, deps } = parts;

  app.get("/oauth/authorize", async (c) => {
    const query = new URL(c.req.url).search.slice(1);
    const issuer = originOf(c);
    const read = await readQuery(parts, query, issuer);
    if (!("request" in read)) return read.answer;
    const { request } = read;
    const visit = await Visit.of(c, parts);
    const { session } = visit;
    if (request.prompt === "none") {
      const remembered = session && await people.run(isRemembered(request, session));
      if (remembered) return seeOther(await grant(parts, request, session, issuer));
      return seeOther(denied(request, issuer, session ? "consent_required" : "login_required"));
    }
    if (session === null || (request.prompt === "login" && !justNow(session.at, deps.now()))) {
      return visit.toSignIn(`/oauth/authorize?${query}`, session !== null);
    }
    if (await people.run(isRemembered(request, session))) return seeOther(await grant(parts, request, session, issuer));
    return await consentPage(visit, request, session, query);
  });

  app.post("/oauth/authorize", async (c) => {
    const visit = await Visit.of(c, parts);
    const form = await visit.fields();
    if (form instanceof Response) return form;
    const query = form.get("request") ?? "";
    const issuer = originOf(c);
    // The form is ours, what is in it is read as strictly as before.
    const read = await readQuery(parts, query, issuer);
    if (!("request" in read)) return read.answer;
    if (visit.session === null) return visit.toSignIn(`/oauth/authorize?${query}`);
    // Somebody else signed in meanwhile: he has not seen what was asked.
    if (form.get("account") !== visit.session.address) return seeOther(`/oauth/authorize?${query}`);
    if (form.get("answer") !== "yes") return seeOther(denied(read.request, issuer));
    return seeOther(await grant(parts, read.request, visit.session, issuer));
  });
}

/** `prompt=login` is satisfied by a sign-in of the last minutes: the one that it led to. */
function justNow(at: number, now: number): boolean {
  return now - at < 3 * 60_000;
}

async function readQuery(
  { people }: PageParts,
  query: string,
  issuer: string,
): Promise<{ request: AuthorizationRequest } | { answer: Response }> {
  if (query.length > LONGEST) return { answer: await stray("the request is too long") };
  const read = await people.run(readAuthorization(new Parameters(new URLSearchParams(query)), issuer));
  if ("request" in read) return read;
  return { answer: "redirect" in read ? seeOther(read.redirect) : await stray(read.refused.description) };
}

function stray(why: string): Promise<Response> {
  return notice("This link does not work", `The program that led you here made a mistake: ${why}.`, 400);
}

async function grant({ people }: PageParts, request: AuthorizationRequest, person: Person, issuer: string) {
  people.note("oauth.granted", {
    account: person.address,
    client: request.client.clientId,
    scope: request.scope.words.join(" "),
  });
  return await people.run(consent(request, person, issuer));
}

/** What the page must let its forms lead to, where it is on the way to a client, and whom that expects. */
export async function formTargetOf(
  visit: Visit,
  next: string,
): Promise<{ formTarget?: string; loginHint?: string | null }> {
  const [path, query] = [next.slice(0, next.indexOf("?")), next.slice(next.indexOf("?") + 1)];
  if (path !== "/oauth/authorize" || query.length > LONGEST) return {};
  const parameters = new Parameters(new URLSearchParams(query));
  const read = await visit.parts.people.run(readAuthorization(parameters, originOf(visit.c)));
  if (!("request" in read)) return {};
  const { redirectUri, loginHint } = read.request;
  return { formTarget: formTarget(redirectUri), loginHint };
}

async function consentPage(
  visit: Visit,
  request: AuthorizationRequest,
  person: Person,
  query: string,
): Promise<Response> {
  const { client, redirectUri, scope } = request;
  const name = client.name || "A program without a name";
  return await page({
    title: `Let ${name} in? – ${visit.parts.deps.hostname}`,
    formTarget: formTarget(redirectUri),
    headers: visit.cookie,
    body: html`<h1>Let “${name}” use your mail?</h1>
<p>You are signed in as <strong>${person.address}</strong>.
A program that calls itself “${name}” asks to:</p>
<ul>${describeScope(scope).map((line) => html`<li>${line}</li>`)}</ul>
<p>Your answer goes to <strong>${placeOf(redirectUri)}</strong>.
${client.uri === null ? "" : html`It says its home is <span>${placeOf(client.uri)}</span>.`}
This server has not checked who made it. If you did not just begin this yourself, say no.</p>
${
      visit.form(
        "/oauth/authorize",
        html`<input type="hidden" name="request" value="${query}">
<input type="hidden" name="account" value="${person.address}">
<button class="main" name="answer" value="yes">Yes, let it in</button><button name="answer" value="no">No</button>`,
      )
    }<p><a href="/sign-in?${String(new URLSearchParams({ again: "1", next: `/oauth/authorize?${query}` }))}">Use another
account</a></p>`,
  });
}
