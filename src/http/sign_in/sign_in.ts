/** Signing in: the password, then a code where there is TOTP; and signing out. */
import type { Hono } from "hono";
import { html } from "hono/html";
import { Secret } from "../../base/secret.ts";
import { factorState, proveSecond } from "../../factors/mod.ts";
import { formTargetOf } from "./authorize.ts";
import { enter } from "./enter.ts";
import { alert, type Markup, notice, page } from "./page.ts";
import { ownPath, type PageParts, seeOther, Visit } from "./pages.ts";
import type { Person } from "../../oauth/mod.ts";
import { passkeyBox } from "./passkeys.ts";
import { PASSKEY_SCRIPT } from "./passkey_script.ts";
import { endSession } from "./sessions.ts";
import { newVisitor, setCookie, visitorKey } from "./visitor.ts";

/** Somebody who knows the password and has to show more. */
interface Pending {
  readonly person: Person;
  readonly next: string;
  readonly tries: number;
}

const PENDING_MS = 5 * 60_000;
const TRIES = 5;
const [LONGEST_LOGIN, LONGEST_PASSWORD] = [320, 1024];

export function signIn(app: Hono, parts: PageParts): void {
  app.get("/sign-in", async (c) => {
    const visit = await Visit.of(c, parts);
    const next = ownPath(c.req.query("next") ?? null);
    if (visit.session && c.req.query("again") === undefined) return seeOther(next);
    return await passwordPage(visit, { next, login: visit.session?.address ?? "", problem: null });
  });

  app.post("/sign-in", async (c) => {
    const visit = await Visit.of(c, parts);
    const form = await visit.fields();
    if (form instanceof Response) return form;
    const next = ownPath(form.get("next"));
    const [login, password] = [(form.get("login") ?? "").trim(), form.get("password") ?? ""];
    if (login === "" || login.length > LONGEST_LOGIN || password === "" || password.length > LONGEST_PASSWORD) {
      return await passwordPage(visit, { next, login, problem: "Enter your address and your password.", status: 422 });
    }
    const answer = await parts.people.signIn(login, new Secret(password), visit.address);
    if ("refused" in answer) return await passwordPage(visit, { next, login, ...refusals[answer.refused] });
    const { on } = await parts.people.run(factorState(answer.accountId));
    return on
      ? await toSecond(visit, { person: answer, next, tries: 0 })
      : await enter(visit, answer, next, "password");
  });

  app.get("/sign-in/code", async (c) => {
    const visit = await Visit.of(c, parts);
    const pending = await pendingOf(visit);
    return pending ? await codePage(visit, pending, null) : visit.toSignIn("/account");
  });

  app.post("/sign-in/code", async (c) => {
    const visit = await Visit.of(c, parts);
    const form = await visit.fields();
    if (form instanceof Response) return form;
    const pending = await pendingOf(visit);
    if (pending === null) return visit.toSignIn("/account");
    const { person, next, tries } = pending;
    if (!parts.people.mayTry(person.address, visit.address)) {
      return await codePage(visit, pending, refusals.tooMany.problem, 429);
    }
    const verdict = await parts.people.run(proveSecond(person.accountId, form.get("code") ?? ""));
    if (verdict === "right") {
      await parts.deps.perform("record.remove", { kind: "web.second", key: visitorKey(visit.visitor) });
      return await enter(visit, person, next, "code");
    }
    parts.people.failed(person.address, visit.address);
    parts.people.note("web.codeWrong", { account: person.address, from: visit.address, verdict });
    if (tries + 1 >= TRIES) {
      await parts.deps.perform("record.remove", { kind: "web.second", key: visitorKey(visit.visitor) });
      return visit.toSignIn(next);
    }
    await keepPending(visit, { person, next, tries: tries + 1 });
    const problem = verdict === "wrong"
      ? "This code is wrong, or was used already. Wait for the next one."
      : "There were too many wrong codes. Use a recovery code, or try again in an hour.";
    return await codePage(visit, pending, problem, 403);
  });

  app.post("/sign-out", async (c) => {
    const visit = await Visit.of(c, parts);
    const form = await visit.fields();
    if (form instanceof Response) return form;
    await endSession(parts.deps, visit.visitor);
    return seeOther("/sign-in", { "set-cookie": setCookie(newVisitor()) });
  });
}

const refusals = {
  credentials: { problem: "This address and this password do not belong together.", status: 403 },
  tooMany: { problem: "There were too many failed attempts. Wait a while, and try again.", status: 429 },
  disabled: { problem: "This account is disabled.", status: 403 },
} as const;

interface PasswordPage {
  readonly next: string;
  readonly login: string;
  readonly problem: string | null;
  readonly status?: number;
}

async function passwordPage(visit: Visit, { next, login, problem, status = 200 }: PasswordPage): Promise<Response> {
  const { hostname } = visit.parts.deps;
  const { loginHint, ...target } = await formTargetOf(visit, next);
  const shown = login || (loginHint ?? "").slice(0, LONGEST_LOGIN);
  const invalid: Markup = problem === null ? html`` : html`
    aria-invalid="true" aria-describedby="problem"
  `;
  return await page({
    title: `Sign in – ${hostname}`,
    status,
    headers: visit.cookie,
    ...target,
    body: html`<h1>Sign in to ${hostname}</h1>${alert(problem)}${
      visit.form(
        "/sign-in",
        html`
          <input type="hidden" name="next" value="${next}">
          <label for="login">Your address</label>
          <input id="login" name="login" type="email" autocomplete="username" inputmode="email" spellcheck="false" required
            value="${shown}" maxlength="320" ${invalid}>
          <label for="password">Password</label>
          <input id="password" name="password" type="password" autocomplete="current-password" required
            maxlength="1024" ${invalid}>
          <button class="main">Sign in</button>
        `,
      )
    }${await passkeyBox(visit, next)}`,
    script: PASSKEY_SCRIPT,
  });
}

async function codePage(visit: Visit, { next }: Pending, problem: string | null, status = 200): Promise<Response> {
  const { loginHint: _, ...target } = await formTargetOf(visit, next);
  const described = problem === null ? "hint" : "problem hint";
  return await page({
    title: `Code – ${visit.parts.deps.hostname}`,
    status,
    ...target,
    body: html`<h1>One more step</h1>${alert(problem)}${
      visit.form(
        "/sign-in/code",
        html`
          <label for="code">Code of your app</label>
          <input id="code" name="code" autocomplete="one-time-code" required autofocus maxlength="40" spellcheck="false"
            aria-describedby="${described}">
          <p id="hint" class="hint">Six digits. If you have lost the app: one of your recovery codes.</p>
          <button class="main">Go on</button>
        `,
      )
    }<p><a href="/sign-in">Sign in as somebody else</a></p>`,
  });
}

/** Another cookie, under which only the second step is open. */
async function toSecond(visit: Visit, pending: Pending): Promise<Response> {
  await endSession(visit.parts.deps, visit.visitor);
  const visitor = newVisitor();
  if (!await keepPending({ parts: visit.parts, visitor }, pending)) {
    return await notice("Try again", "Something changed in between. Sign in again.", 409);
  }
  return seeOther("/sign-in/code", { "set-cookie": setCookie(visitor) });
}

async function keepPending({ parts, visitor }: Pick<Visit, "parts" | "visitor">, pending: Pending): Promise<boolean> {
  const now = parts.deps.now();
  const kept = await parts.deps.perform("record.put", {
    kind: "web.second",
    key: visitorKey(visitor),
    value: JSON.stringify(pending),
    now,
    accountId: pending.person.accountId,
    expiresAt: now + PENDING_MS,
  });
  return !("refused" in kept);
}

async function pendingOf({ parts, visitor }: Pick<Visit, "parts" | "visitor">): Promise<Pending | null> {
  if (visitor.fresh) return null;
  const row = { kind: "web.second", key: visitorKey(visitor), now: parts.deps.now() } as const;
  const found = await parts.deps.perform("record.get", row);
  return found && JSON.parse(found.value) as Pending;
}
