import { ok, strictEqual } from "node:assert/strict";
import * as oauth from "oauth4webapi";
import { arrives } from "../mailbox.ts";
import type { Account, Palomar } from "../palomar.ts";
import { pause, type Scenario, type Stage } from "../scenario.ts";
import { overTls } from "./jmap.ts";

const needs = ["curl"];
const REDIRECT = "http://127.0.0.1:53999/done";
const TEXT = "To: kim@jmap.test\r\nSubject: By OAuth\r\nMIME-Version: 1.0\r\n\r\nHi\r\n";

/** A person with curl for a browser: it keeps cookies, checks certificates, and stops at redirects to elsewhere. */
class CurlBrowser {
  readonly #stage: Stage;
  readonly #palomar: Palomar;
  readonly #base: string;

  constructor(stage: Stage, palomar: Palomar, base: string) {
    this.#stage = stage;
    this.#palomar = palomar;
    this.#base = base;
  }

  /** Where it ends, and what stands there. */
  async open(url: string, fields?: Readonly<Record<string, string>>): Promise<{ url: string; text: string }> {
    const jar = `${this.#stage.folder}/cookies`;
    const form = Object.entries(fields ?? {}).flatMap(([name, value]) => ["--data-urlencode", `${name}=${value}`]);
    for (let hops = 0; hops < 10; hops++) {
      const own = hops === 0 ? [...form, ...(fields ? ["-H", `Origin: ${this.#base}`] : [])] : [];
      const asked = [
        "-sS",
        "--cacert",
        this.#palomar.caFile,
        "-b",
        jar,
        "-c",
        jar,
        ...own,
        "-w",
        "\n%{redirect_url}",
        url,
      ];
      const { stdout } = await this.#stage.run("curl", asked);
      const [text, next] = [stdout.slice(0, stdout.lastIndexOf("\n")), stdout.slice(stdout.lastIndexOf("\n") + 1)];
      if (next === "") return { url, text };
      url = next;
      if (!url.startsWith(this.#base)) return { url, text };
    }
    throw new Error("too many redirects");
  }

  /** Sends the form of a page. */
  async submit(page: { text: string }, action: string, more: Readonly<Record<string, string>>) {
    const form = page.text.slice(page.text.indexOf(`action="${action}"`)).split("</form>")[0]!;
    const hidden = [...form.matchAll(/<input type="hidden" name="([^"]+)"\s+value="([^"]*)"/g)];
    const fields = Object.fromEntries(hidden.map(([, name, value]) => [name!, value!.replaceAll("&amp;", "&")]));
    return await this.open(this.#base + action, { ...fields, ...more });
  }
}

async function discover(base: string, fetch: typeof globalThis.fetch) {
  const options = { [oauth.customFetch]: fetch as never };
  const issuer = new URL(base);
  const found = await oauth.discoveryRequest(issuer, { algorithm: "oauth2", ...options });
  return { as: await oauth.processDiscoveryResponse(issuer, found), options };
}

/** What a token is good for: curl reads and sends mail with it, and JMAP opens. */
async function use(stage: Stage, palomar: Palomar, account: Account, token: string, fetch: typeof globalThis.fetch) {
  const { imaps, smtps, http } = palomar.ports;
  const who = ["-sS", "--cacert", palomar.caFile, "--oauth2-bearer", token, "-u", `${account.address}:`];
  const mail = ["--mail-from", account.address, "--mail-rcpt", account.address, "-T", "-"];
  await stage.run("curl", [...who, `smtps://localhost:${smtps}`, ...mail], { stdin: TEXT });
  await arrives(palomar, account, "Subject: By OAuth");
  const read = await stage.run("curl", [...who, `imaps://localhost:${imaps}/INBOX;MAILINDEX=1`]);
  ok(read.stdout.includes("Subject: By OAuth"), read.stdout);
  const session = await fetch(`https://localhost:${http}/jmap/session`, {
    headers: { authorization: `Bearer ${token}` },
  });
  strictEqual((await session.json()).username, account.address);
}

/** An independent client of OAuth 2.0 from npm, over TLS, with curl as the browser and as the mail program. */
export const oauthClients: readonly Scenario[] = [
  {
    name:
      "oauth4webapi: registers, PKCE by a loopback port, refreshes; curl reads and sends by OAUTHBEARER, JMAP opens",
    needs,
    async run(stage) {
      const { palomar, base, fetch } = await overTls(stage);
      const kim = await palomar.account("kim");
      const { as, options } = await discover(base, fetch);
      const wanted = {
        client_name: "Interop",
        redirect_uris: ["http://127.0.0.1/done"],
        grant_types: ["authorization_code", "refresh_token"],
        token_endpoint_auth_method: "none",
      };
      const registered = await oauth.dynamicClientRegistrationRequest(as, wanted, options);
      const client = await oauth.processDynamicClientRegistrationResponse(registered);
      const [verifier, state] = [oauth.generateRandomCodeVerifier(), oauth.generateRandomState()];
      const link = new URL(as.authorization_endpoint!);
      link.search = String(
        new URLSearchParams({
          client_id: client.client_id,
          redirect_uri: REDIRECT,
          response_type: "code",
          scope: "mail offline_access",
          state,
          code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
          code_challenge_method: "S256",
        }),
      );
      const browser = new CurlBrowser(stage, palomar, base);
      const signIn = await browser.open(link.href);
      const asked = await browser.submit(signIn, "/sign-in", { login: kim.address, password: kim.password });
      ok(asked.text.includes("Interop"), asked.text);
      const back = await browser.submit(asked, "/oauth/authorize", { answer: "yes" });
      const answer = oauth.validateAuthResponse(as, client, new URL(back.url), state);
      const none = oauth.None();
      const got = await oauth.authorizationCodeGrantRequest(as, client, none, answer, REDIRECT, verifier, options);
      const tokens = await oauth.processAuthorizationCodeResponse(as, client, got);
      await use(stage, palomar, kim, tokens.access_token, fetch);
      const again = await oauth.refreshTokenGrantRequest(as, client, none, tokens.refresh_token!, options);
      const fresh = await oauth.processRefreshTokenResponse(as, client, again);
      await use(stage, palomar, kim, fresh.access_token, fetch);
      await oauth.processRevocationResponse(
        await oauth.revocationRequest(as, client, none, fresh.refresh_token!, options),
      );
      const shut = await fetch(`${base}/jmap/session`, { headers: { authorization: `Bearer ${fresh.access_token}` } });
      strictEqual(shut.status, 401);
      await shut.body?.cancel();
    },
  },
  {
    name: "oauth4webapi: a device is let in by its code, and only once",
    needs,
    async run(stage) {
      const { palomar, base, fetch } = await overTls(stage);
      const kim = await palomar.account("kim");
      const { as, options } = await discover(base, fetch);
      const wanted = { client_name: "TV", grant_types: ["urn:ietf:params:oauth:grant-type:device_code"] };
      const registered = await oauth.dynamicClientRegistrationRequest(as, wanted, options);
      const client = await oauth.processDynamicClientRegistrationResponse(registered);
      const none = oauth.None();
      const begun = await oauth.deviceAuthorizationRequest(as, client, none, { scope: "mail" }, options);
      const device = await oauth.processDeviceAuthorizationResponse(as, client, begun);
      const poll = async () =>
        await oauth.processDeviceCodeResponse(
          as,
          client,
          await oauth.deviceCodeGrantRequest(as, client, none, device.device_code, options),
        );
      const early = await poll().catch((error) => error);
      ok(early instanceof oauth.ResponseBodyError && early.error === "authorization_pending", String(early));
      const browser = new CurlBrowser(stage, palomar, base);
      const signIn = await browser.open(device.verification_uri_complete!);
      const page = await browser.submit(signIn, "/sign-in", { login: kim.address, password: kim.password });
      const asked = await browser.submit(page, "/device", { user_code: device.user_code });
      ok((await browser.submit(asked, "/device", { answer: "yes" })).text.includes("is let in"));
      await pause((device.interval ?? 5) * 1000);
      const tokens = await poll();
      await use(stage, palomar, kim, tokens.access_token, fetch);
      const late = await poll().catch((error) => error);
      ok(late instanceof oauth.ResponseBodyError && late.error === "expired_token", String(late));
    },
  },
];
