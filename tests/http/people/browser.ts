/** A browser for tests: cookies, redirects within the server, forms by their fields. It runs no scripts. */
import assert from "node:assert/strict";
import type { TestServer } from "../../../src/server/test_server.ts";

export const ORIGIN = "https://mail.example.test";

export interface Loaded {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** Where it is, or where it would go: outside of the server nothing is loaded. */
  readonly url: string;
}

export class Browser {
  readonly server: TestServer;
  cookie = "";
  address = "192.0.2.9";
  page: Loaded | null = null;

  constructor(server: TestServer) {
    this.server = server;
  }

  async get(url: string): Promise<Loaded> {
    return await this.#load(new URL(url, ORIGIN), {});
  }

  /** Sends the form with that action which stands on the page; `more` fills in its fields and presses a button. */
  async submit(
    action: string,
    more: Readonly<Record<string, string>>,
    headers: Record<string, string> = {},
  ): Promise<Loaded> {
    assert.ok(this.page, "there is no page");
    const form = formsOf(this.page.text).find((one) => one.action === action);
    assert.ok(form, `there is no form for ${action} on the page: ${this.page.text}`);
    for (const name of Object.keys(more)) {
      assert.ok(form.names.includes(name), `the form has no field ${name}: ${form.names}`);
    }
    const body = new URLSearchParams({ ...form.hidden, ...more });
    return await this.post(action, body, headers);
  }

  async post(url: string, body: URLSearchParams, headers: Record<string, string> = {}): Promise<Loaded> {
    const own = { "origin": ORIGIN, "sec-fetch-site": "same-origin", ...headers };
    return await this.#load(new URL(url, ORIGIN), { method: "POST", body, headers: own });
  }

  async signIn(name: string, password: string = name): Promise<Loaded> {
    await this.get("/sign-in");
    return await this.submit("/sign-in", { login: `${name}@example.test`, password });
  }

  async #load(url: URL, init: RequestInit, hops = 0): Promise<Loaded> {
    const request = new Request(url, { ...init, redirect: "manual" });
    if (this.cookie !== "") request.headers.set("cookie", this.cookie);
    const response = await this.server.server.fetch(request, { address: this.address });
    const set = response.headers.get("set-cookie");
    if (set !== null) {
      assert.match(set, /^__Host-palomar=[A-Za-z0-9_-]{32}; Path=\/; Secure; HttpOnly; SameSite=Lax$/);
      this.cookie = set.split(";")[0]!;
    }
    const location = response.headers.get("location");
    const text = await response.text();
    if (location !== null && response.status >= 300 && response.status < 400) {
      const next = location.startsWith("/") ? new URL(location, url) : new URL(location);
      if (next.origin !== ORIGIN) return { status: response.status, headers: response.headers, text, url: location };
      assert.ok(hops < 10, "too many redirects");
      return await this.#load(next, {}, hops + 1);
    }
    this.page = { status: response.status, headers: response.headers, text, url: url.href.slice(ORIGIN.length) };
    return this.page;
  }
}

interface Form {
  readonly action: string;
  readonly hidden: Readonly<Record<string, string>>;
  readonly names: readonly string[];
}

function formsOf(text: string): Form[] {
  return [...text.matchAll(/<form method="post" action="([^"]*)"[^>]*>([\s\S]*?)<\/form>/g)].map(
    ([, action, content]) => {
      const fields = [...content!.matchAll(/<(input|button|select|textarea)\b([^>]*)>/g)].map(([, , given]) =>
        Object.fromEntries(
          [...given!.matchAll(/([a-z-]+)="([^"]*)"/g)].map(([, name, value]) => [name!, unescape(value!)]),
        )
      );
      const kept = fields.filter(({ type, name }) => name !== undefined && (type === "hidden"));
      return {
        action: unescape(action!),
        hidden: Object.fromEntries(kept.map(({ name, value }) => [name!, value ?? ""])),
        names: fields.map(({ name }) => name ?? ""),
      };
    },
  );
}

function unescape(text: string): string {
  return text.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&quot;", '"').replaceAll("&#39;", "'")
    .replaceAll("&amp;", "&");
}
