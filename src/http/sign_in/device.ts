/** Where people enter the code that a device shows (RFC 8628 section 3.3). */
import type { Hono } from "hono";
import { html } from "hono/html";
import { RateTable } from "../../abuse/mod.ts";
import { describeScope, findDevice, readScope, settleDevice, type WaitingDevice } from "../../oauth/mod.ts";
import { alert, notice, page } from "./page.ts";
import { type PageParts, Visit } from "./pages.ts";

/** RFC 8628 section 5.1: codes are short, so guesses are counted, by account. */
const GUESSES = { most: 10, windowMs: 10 * 60_000 };

export function device(app: Hono, parts: PageParts): void {
  const { people, deps } = parts;
  const guesses = new RateTable([GUESSES]);

  app.get("/device", async (c) => {
    const visit = await Visit.of(c, parts);
    const code = (c.req.query("user_code") ?? "").slice(0, 20);
    if (visit.session === null) {
      return visit.toSignIn(code === "" ? "/device" : `/device?user_code=${encodeURIComponent(code)}`);
    }
    return await codePage(visit, code, null);
  });

  app.post("/device", async (c) => {
    const visit = await Visit.of(c, parts);
    const form = await visit.fields();
    if (form instanceof Response) return form;
    const { session } = visit;
    if (session === null) return visit.toSignIn("/device");
    const code = (form.get("user_code") ?? "").slice(0, 40);
    if (guesses.check(session.address, 1, deps.now())) {
      return await codePage(visit, "", "There were too many codes. Wait ten minutes, and try again.", 429);
    }
    const found = await people.run(findDevice(code));
    if (found === null) {
      guesses.add(session.address, 1, deps.now());
      return await codePage(visit, code, "No device waits with this code. Codes are good for ten minutes.", 422);
    }
    const answer = form.get("answer");
    if (answer === null) return await askPage(visit, found);
    if (form.get("account") !== session.address) return await askPage(visit, found);
    const { accountId, address, print } = session;
    const yes = answer === "yes";
    const settled = await people.run(settleDevice(code, yes ? { accountId, address, print } : null));
    if (!settled) return await codePage(visit, "", "The device does not wait any more. Let it begin anew.", 422);
    people.note(yes ? "oauth.granted" : "oauth.denied", {
      account: address,
      client: found.client.clientId,
      device: "yes",
    });
    return yes
      ? await notice("Done", "The device is let in. It will notice within some seconds.")
      : await notice("Not let in", "The device is told that you said no.");
  });
}

async function codePage(visit: Visit, code: string, problem: string | null, status = 200): Promise<Response> {
  const described = problem === null ? "hint" : "problem hint";
  return await page({
    title: `Connect a device – ${visit.parts.deps.hostname}`,
    status,
    headers: visit.cookie,
    body: html`<h1>Connect a device</h1>${alert(problem)}${
      visit.form(
        "/device",
        html`
          <label for="user_code">Code that the device shows</label>
          <input id="user_code" name="user_code" required autocapitalize="characters" autocomplete="off" spellcheck="false"
            maxlength="20" value="${code}" aria-describedby="${described}">
          <p id="hint" class="hint">Eight letters. Enter only a code that you see on a device of your own: whoever sends you one
          wants to read your mail.</p>
          <button class="main">Go on</button>
        `,
      )
    }`,
  });
}

async function askPage(
  visit: Visit,
  { request, client }: WaitingDevice,
): Promise<Response> {
  const { session, parts } = visit;
  const minutes = Math.max(0, Math.round((parts.deps.now() - request.startedAt) / 60_000));
  const scope = readScope(request.scope.join(" "));
  const name = client.name || "A program without a name";
  return await page({
    title: `Let ${name} in? – ${parts.deps.hostname}`,
    body: html`<h1>Let “${name}” use your mail?</h1>
<p>You are signed in as <strong>${session?.address ?? ""}</strong>. A device that calls itself “${name}” asks to:</p>
<ul>${(scope ? describeScope(scope) : []).map((line) => html`<li>${line}</li>`)}</ul>
<p>It began ${
      minutes === 0 ? "just now" : minutes === 1 ? "a minute ago" : `${minutes} minutes ago`
    } at the network address
<strong>${request.from || "of this server"}</strong>. If that was not you, say no.</p>
${
      visit.form(
        "/device",
        html`<input type="hidden" name="user_code" value="${request.userCode}">
<input type="hidden" name="account" value="${session?.address ?? ""}">
<button class="main" name="answer" value="yes">Yes, let it in</button><button name="answer" value="no">No</button>`,
      )
    }`,
  });
}
