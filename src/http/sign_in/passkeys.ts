/** Passkeys (WebAuthn): signing in by a device that knows its owner, and the list of one's own. */
import type { AuthenticationResponseJSON, RegistrationResponseJSON } from "@simplewebauthn/server";
import type { Hono } from "hono";
import { html } from "hono/html";
import { utf8Bytes } from "../../base/bytes.ts";
import { hmac } from "../../base/hash.ts";
import type { AccountId } from "../../contract/mod.ts";
import type { Parameters } from "../../oauth/mod.ts";
import { originOf } from "../oauth/origin.ts";
import { day } from "./account.ts";
import { makeChallenge, type Purpose, useChallenge } from "./challenge.ts";
import { alert, type Markup, notice, page } from "./page.ts";
import { ownPath, type PageParts, seeOther, Visit } from "./pages.ts";
import { PASSKEY_SCRIPT } from "./passkey_script.ts";
import { findPasskey, listPasskeys, type Passkey, putPasskey, removePasskey } from "./passkey_store.ts";
import type { WebSession } from "./sessions.ts";
import { enter } from "./enter.ts";

const PATH = "/account/passkeys";
const TIMEOUT_MS = 120_000;
/** ES256, EdDSA, RS256: COSE's numbers. */
const ALGORITHMS = [-7, -8, -257];
/** Characters of what a browser brings back. */
const CREDENTIAL = 9000;
const NAME = 60;

export function passkeys(app: Hono, parts: PageParts): void {
  const { people, deps } = parts;

  app.post("/sign-in/passkey", async (c) => {
    const visit = await Visit.of(c, parts);
    const form = await visit.fields();
    if (form instanceof Response) return form;
    const refuse = (why: string) => {
      people.note("web.passkeyRefused", { from: visit.address, why });
      return notice("This passkey opens nothing here", "Sign in with your password, and look at your passkeys.", 403);
    };
    const credential = readCredential(form);
    const found = credential && await findPasskey(deps, credential.id);
    if (!credential || !found) return await refuse("unknown");
    const { passkey, accountId, version } = found;
    if (!people.mayTry(passkey.address, visit.address)) return await notice("Too many attempts", "Wait a while.", 429);
    // Whoever the device says it is: the handle that we gave it.
    const handle = credential.response["userHandle"];
    if (handle !== undefined && handle !== userHandle(accountId, await people.key())) return await refuse("handle");
    const counter = await assertionCounter(visit, credential, passkey);
    if (counter === null) {
      people.failed(passkey.address, visit.address);
      return await refuse("signature");
    }
    const used = { ...passkey, counter, usedAt: deps.now() };
    if (!await putPasskey(deps, accountId, used, version)) return await refuse("counter");
    const person = await people.person(passkey.address);
    if (person?.accountId !== accountId) return await refuse("disabled");
    return await enter(visit, person, ownPath(form.get("next")), "passkey");
  });

  app.get(PATH, async (c) => {
    const visit = await Visit.of(c, parts);
    const { session } = visit;
    if (session === null || !visit.isFresh) return visit.toSignIn(PATH, session !== null);
    return await listPage(visit, session, null);
  });

  app.post(PATH, async (c) => {
    const visit = await Visit.of(c, parts);
    const change = await visit.change(true);
    if (change instanceof Response) return change;
    const { form, session } = change;
    const credential = readCredential(form);
    const made = credential && await registered(visit, credential);
    if (!made) return await listPage(visit, session, "The device did not answer as it should. Try again.", 422);
    const name = (form.get("name") ?? "").trim().slice(0, NAME) || "Passkey";
    const { accountId, address } = session;
    const passkey: Passkey = { ...made, address, name, createdAt: deps.now(), usedAt: null };
    if (!await putPasskey(deps, accountId, passkey, null)) {
      return await listPage(visit, session, "This passkey is there already, or there are too many.", 422);
    }
    people.note("passkey.added", { account: address, from: visit.address });
    return seeOther(PATH);
  });

  app.post(`${PATH}/remove`, async (c) => {
    const visit = await Visit.of(c, parts);
    const change = await visit.change(true);
    if (change instanceof Response) return change;
    const { form, session: { accountId, address } } = change;
    if (!await removePasskey(deps, accountId, form.get("passkey") ?? "")) {
      return await notice("Not there", "This passkey is gone already.", 404);
    }
    people.note("passkey.removed", { account: address, from: visit.address });
    return seeOther(PATH);
  });
}

/** What the page for signing in has besides the password; hidden until the script has found that it works. */
export async function passkeyBox(visit: Visit, next: string): Promise<Markup> {
  const options = {
    challenge: makeChallenge(visit.visitor, await visit.parts.people.key(), "assert", visit.parts.deps.now()),
    rpId: new URL(originOf(visit.c)).hostname,
    userVerification: "required",
    timeout: TIMEOUT_MS,
  };
  return box(
    visit,
    "/sign-in/passkey",
    options,
    html`<input type="hidden" name="next" value="${next}">
<button>Sign in with a passkey</button>`,
  );
}

interface Credential {
  readonly id: string;
  readonly rawId: string;
  readonly type: "public-key";
  readonly clientExtensionResults: Record<never, never>;
  readonly response: Readonly<Record<string, unknown>>;
}

/** What the browser brought, if it has the shape; what is in it is for the library to judge. */
function readCredential(form: Parameters): Credential | null {
  const text = form.get("credential") ?? "";
  if (text.length > CREDENTIAL) return null;
  try {
    const { id, rawId, type, response } = JSON.parse(text) as Partial<Credential>;
    const isId = typeof id === "string" && /^[A-Za-z0-9_-]{16,1400}$/.test(id) && rawId === id;
    if (!isId || type !== "public-key" || typeof response !== "object" || response === null) return null;
    return { id, rawId, type, clientExtensionResults: {}, response };
  } catch {
    return null;
  }
}

/** The new count of uses of a passkey that has signed our challenge; null: it has not. */
async function assertionCounter(visit: Visit, credential: Credential, passkey: Passkey): Promise<number | null> {
  const { verifyAuthenticationResponse } = await import("@simplewebauthn/server");
  try {
    const { verified, authenticationInfo } = await verifyAuthenticationResponse({
      response: credential as unknown as AuthenticationResponseJSON,
      ...await expected(visit, "assert"),
      credential: {
        id: passkey.id,
        publicKey: Uint8Array.fromBase64(passkey.publicKey, { alphabet: "base64url" }),
        counter: passkey.counter,
      },
    });
    return verified ? authenticationInfo.newCounter : null;
  } catch {
    return null; // what a stranger sent is wrong in one of many ways
  }
}

async function registered(
  visit: Visit,
  credential: Credential,
): Promise<Pick<Passkey, "id" | "publicKey" | "counter" | "transports"> | null> {
  const { verifyRegistrationResponse } = await import("@simplewebauthn/server");
  try {
    const { verified, registrationInfo } = await verifyRegistrationResponse({
      response: credential as unknown as RegistrationResponseJSON,
      ...await expected(visit, "register"),
      supportedAlgorithmIDs: ALGORITHMS,
    });
    if (!verified || registrationInfo.credential.id !== credential.id) return null;
    const { id, publicKey, counter } = registrationInfo.credential;
    const given = credential.response["transports"];
    const transports = Array.isArray(given)
      ? given.filter((one): one is string => typeof one === "string" && /^[a-z-]{1,20}$/.test(one)).slice(0, 8)
      : [];
    return { id, counter, transports, publicKey: publicKey.toBase64({ alphabet: "base64url", omitPadding: true }) };
  } catch {
    return null;
  }
}

async function expected({ c, visitor, parts }: Visit, purpose: Purpose) {
  const [origin, key] = [originOf(c), await parts.people.key()];
  return {
    expectedChallenge: (text: string) => useChallenge(parts.deps, visitor, key, purpose, text),
    expectedOrigin: origin,
    expectedRPID: new URL(origin).hostname,
    requireUserVerification: true,
  };
}

/** Names an account to devices, and tells nothing of it. */
function userHandle(accountId: AccountId, key: Uint8Array): string {
  return hmac("sha256", key, utf8Bytes(`passkey ${accountId}`)).toBase64({ alphabet: "base64url", omitPadding: true });
}

function box(visit: Visit, action: string, options: object, content: Markup): Markup {
  return html`<div id="passkey" hidden><p id="passkey-problem" class="problem" role="alert" tabindex="-1"></p>${
    visit.form(
      action,
      html`
        <input type="hidden" name="options" value="${JSON.stringify(options)}"><input type="hidden" name="credential"
          value="">${content}
      `,
    )
  }</div>`;
}

async function listPage(visit: Visit, session: WebSession, problem: string | null, status = 200): Promise<Response> {
  const { people, deps } = visit.parts;
  const { accountId, address } = session;
  const [mine, key] = [await listPasskeys(deps, accountId), await people.key()];
  const options = {
    challenge: makeChallenge(visit.visitor, key, "register", deps.now()),
    rp: { id: new URL(originOf(visit.c)).hostname, name: deps.hostname },
    user: { id: userHandle(accountId, key), name: address, displayName: address },
    pubKeyCredParams: ALGORITHMS.map((alg) => ({ type: "public-key", alg })),
    authenticatorSelection: { residentKey: "required", userVerification: "required" },
    excludeCredentials: mine.map(({ id, transports }) => ({ type: "public-key", id, transports })),
    attestation: "none",
    timeout: TIMEOUT_MS,
  };
  return await page({
    title: "Passkeys",
    status,
    script: PASSKEY_SCRIPT,
    body: html`<h1>Passkeys</h1>${alert(problem)}
<p>A passkey opens your account on this page without a password: by the finger, face or PIN of a device of yours.</p>
${
      mine.length === 0
        ? html`<p>There are none.</p>`
        : html`<ul class="rows">${
          mine.map((one) =>
            html`<li><strong>${one.name}</strong><br>Made ${day(one.createdAt)}, ${
              one.usedAt === null ? "never used" : html`last used ${day(one.usedAt)}`
            }${
              visit.form(
                `${PATH}/remove`,
                html`<input type="hidden" name="passkey" value="${one.id}"><button>Remove <span class="said">${one.name}</span>
</button>`,
              )
            }</li>`
          )
        }</ul>`
    }
<noscript><p>To add one, JavaScript must be on.</p></noscript>
${
      box(
        visit,
        PATH,
        options,
        html`
          <label for="name">What you call it</label><input id="name" name="name" maxlength="60" autocomplete="off"
            required><button class="main">Add a passkey of this device</button>
        `,
      )
    }<p><a href="/account">Back</a></p>`,
  });
}
