import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { Chromium } from "../chromium.ts";
import type { Scenario } from "../scenario.ts";

/** The pages for people in a real browser, as narrow as a small phone. */
export const browser: readonly Scenario[] = [
  {
    name: "chromium: signing in, a passkey, and the answer to a client, under the policies of the pages",
    needs: ["chromium"],
    async run(stage) {
      const { palomar } = stage;
      const kim = await palomar.account("kim");
      const base = `http://localhost:${palomar.ports.http}`;
      const page = await Chromium.open(stage);
      const at = (path: string) => (url: string) => url.startsWith(base + path);
      const fits = async () =>
        ok(await page.run<number>("document.documentElement.scrollWidth") <= 320, await page.url);
      const password = { login: kim.address, password: kim.password };

      await page.go(`${base}/account`);
      await fits();
      await page.press("button.main", password, at("/account"));
      await fits();
      for (const path of ["/account/app-passwords", "/account/second-step", "/account/password", "/device"]) {
        await page.go(base + path);
        await fits();
      }
      await page.go(`${base}/account/passkeys`);
      await page.press("#passkey button", { name: "phone" }, at("/account/passkeys"));
      ok((await page.run<string>("document.body.innerText")).includes("never used"));
      await page.go(`${base}/account`);
      await page.press('form[action="/sign-out"] button', {}, at("/sign-in"));
      await page.press("#passkey button", {}, at("/account"));

      // Browsers apply the policy of a page to where its form leads in the end.
      const client = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, () => new Response("done"));
      stage.defer(() => client.shutdown());
      const redirect = `http://127.0.0.1:${client.addr.port}/done`;
      const metadata = { client_name: "Interop", redirect_uris: ["http://127.0.0.1/done"] };
      const registered = await fetch(`${base}/oauth/register`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(metadata),
      });
      const { client_id } = await registered.json() as { client_id: string };
      const query = new URLSearchParams({
        response_type: "code",
        client_id,
        redirect_uri: redirect,
        state: "s",
        code_challenge: "A".repeat(43),
        code_challenge_method: "S256",
      });
      for (const [answer, given] of [["yes", "code"], ["no", "error"]] as const) {
        await page.go(`${base}/oauth/authorize?${query}`);
        await fits();
        await page.press(`button[value=${answer}]`, {}, (url) => url.startsWith(redirect));
        const parameters = new URL(await page.url).searchParams;
        ok(parameters.has(given), await page.url);
        strictEqual(parameters.get("iss"), base);
      }
      const own = page.complaints.filter((text) => !text.includes("favicon"));
      deepStrictEqual(own, []);
    },
  },
];
