/** What all pages have: who visits, who is signed in, forms. */
import type { Context } from "hono";
import { html } from "hono/html";
import type { Parameters } from "../../oauth/mod.ts";
import type { HttpDeps } from "../deps.ts";
import { addressOf } from "../oauth/mod.ts";
import { type Markup, notice } from "./page.ts";
import type { PeopleDesk } from "./people_desk.ts";
import { FRESH_MS, sessionOf, type WebSession } from "./sessions.ts";
import { formToken, ownForm, setCookie, type Visitor, visitorOf } from "./visitor.ts";

/** What pages need of the server. */
export interface PageParts {
  readonly people: PeopleDesk;
  readonly deps: Pick<
    HttpDeps,
    "perform" | "now" | "hostname" | "makeCredentials" | "accountChanged" | "onAccountChanged" | "makeToken"
  >;
}

/** A request for a page. */
export class Visit {
  readonly c: Context;
  readonly parts: PageParts;
  readonly visitor: Visitor;
  readonly session: WebSession | null;
  readonly #key: Uint8Array;

  private constructor(c: Context, parts: PageParts, visitor: Visitor, session: WebSession | null, key: Uint8Array) {
    this.c = c;
    this.parts = parts;
    this.visitor = visitor;
    this.session = session;
    this.#key = key;
  }

  static async of(c: Context, parts: PageParts): Promise<Visit> {
    const visitor = visitorOf(c);
    const session = await sessionOf(parts.deps, parts.people, visitor);
    return new Visit(c, parts, visitor, session, await parts.people.key());
  }

  get address(): string {
    return addressOf(this.c);
  }

  /** Makes the browser keep its cookie. */
  get cookie(): Record<string, string> {
    return this.visitor.fresh ? { "set-cookie": setCookie(this.visitor) } : {};
  }

  /** The sign-in is young enough for changes of how one signs in. */
  get isFresh(): boolean {
    return this.session !== null && this.parts.deps.now() - this.session.at < FRESH_MS;
  }

  /** A form of ours; `content` has its fields and buttons. */
  form(action: string, content: Markup): Markup {
    return html`<form method="post" action="${action}"><input type="hidden" name="form" value="${
      formToken(this.visitor, this.#key)
    }">${content}</form>`;
  }

  /** The fields that one of our pages sent, or the answer that it was none of ours. */
  async fields(): Promise<Parameters | Response> {
    const form = await ownForm(this.c, this.visitor, this.#key);
    return form ?? await notice(
      "This page is too old",
      "The form did not come from a page of this server in this browser, or the page stood open too long. Cookies must " +
        "be allowed, and the address must begin with https. Go back, load the page again, and repeat what you did.",
      403,
    );
  }

  /**
   * The fields of a form for whoever is signed in; `fresh`: and has shown lately who he is, as a change of how one signs
   * in wants it. Else the answer that leads to signing in.
   */
  async change(fresh: boolean): Promise<{ form: Parameters; session: WebSession } | Response> {
    const form = await this.fields();
    if (form instanceof Response) return form;
    if (this.session === null) return this.toSignIn("/account");
    return fresh && !this.isFresh ? this.toSignIn("/account", true) : { form, session: this.session };
  }

  /** To sign in, and then back here. */
  toSignIn(next: string, again = false): Response {
    const query = new URLSearchParams({ next, ...(again && { again: "1" }) });
    return seeOther(`/sign-in?${query}`);
  }
}

/** On with a GET. */
export function seeOther(to: string, headers: Readonly<Record<string, string>> = {}): Response {
  return new Response(null, { status: 303, headers: { location: to, "cache-control": "no-store", ...headers } });
}

/** Where a sign-in may lead: a page of ours, never elsewhere. */
export function ownPath(text: string | null): string {
  return text !== null && /^\/(oauth\/authorize|device|account)([?/][\x21-\x7e]*)?$/.test(text) &&
      !/[\\]|\/\//.test(text.split("?")[0]!)
    ? text
    : "/account";
}
