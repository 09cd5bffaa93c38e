/** How pages look, and what browsers may do with them: no script, no frame, nothing from elsewhere. */
import { html, raw } from "hono/html";
import type { HtmlEscapedString } from "hono/utils/html";
import { randomBytes } from "node:crypto";

/** A piece of a page: everything that was put in is escaped. */
export type Markup = HtmlEscapedString | Promise<HtmlEscapedString>;

export interface Page {
  readonly title: string;
  readonly body: Markup;
  readonly status?: number;
  /** Where forms may lead besides here: where an answer of OAuth goes (browsers look at redirects too). */
  readonly formTarget?: string;
  /** A script of ours, which runs alone. */
  readonly script?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** The page as a response. */
export async function page({ title, body, status = 200, formTarget, script, headers }: Page): Promise<Response> {
  const nonce = randomBytes(16).toString("base64");
  const text = await html`
    <!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta name="robots" content="noindex">
        <title>${title}</title>
        <style nonce="${nonce}">${raw(STYLE)}</style>
      </head>
      <body><main>${body}</main>${script ? html`<script nonce="${nonce}">${raw(script)}</script>` : ""}</body>
    </html>
  `;
  const policy = [
    "default-src 'none'",
    `style-src 'nonce-${nonce}'`,
    ...(script ? [`script-src 'nonce-${nonce}'`] : []),
    `form-action 'self'${formTarget === undefined ? "" : ` ${formTarget}`}`,
    "frame-ancestors 'none'",
    "base-uri 'none'",
  ].join("; ");
  return new Response(String(text), {
    status,
    headers: {
      "content-type": "text/html; charset=utf-8",
      "content-security-policy": policy,
      "x-frame-options": "DENY",
      // Not `no-referrer`: forms of such a page say `Origin: null`, and then nobody can tell whose they are.
      "referrer-policy": "same-origin",
      "cross-origin-opener-policy": "same-origin",
      "cross-origin-resource-policy": "same-origin",
      "cache-control": "no-store",
      ...headers,
    },
  });
}

/** A page that only says something. */
export function notice(title: string, text: string, status = 200): Promise<Response> {
  return page({
    title,
    body: html`
      <h1>${title}</h1>
      <p>${text}</p>
      <p><a href="/account">Your account</a></p>
    `,
    status,
  });
}

/** What is wrong, where people and screen readers find it first. */
export function alert(text: string | null): Markup {
  return text === null ? html`` : html`<p id="problem" class="problem" role="alert" tabindex="-1">${text}</p>`;
}

const STYLE = `
:root{color-scheme:light dark;--line:light-dark(#767676,#8c8c8c);--accent:light-dark(#1a4f8b,#8ab8f0);
--problem:light-dark(#a01818,#ff9c94)}
*{box-sizing:border-box}
body{font:1rem/1.5 system-ui,sans-serif;margin:0;padding:1rem;background:light-dark(#fff,#16181b);
color:light-dark(#1b1b1b,#ececec)}
main{max-width:38rem;margin:1.5rem auto}
h1{font-size:1.5rem;line-height:1.25;overflow-wrap:anywhere}
h2{font-size:1.15rem;margin-top:2rem}
p,li,dd,td{overflow-wrap:anywhere}
label{display:block;margin:.9rem 0 .25rem;font-weight:600}
label.choice{font-weight:400;margin:.3rem 0}
input:not([type=checkbox]):not([type=radio]),select{font:inherit;width:100%;padding:.55rem;border:1px solid var(--line);
border-radius:.3rem;background:transparent;color:inherit}
fieldset{border:1px solid var(--line);border-radius:.3rem;margin:1rem 0 0}
button{font:inherit;padding:.55rem 1.1rem;margin:1rem .5rem 0 0;border:1px solid var(--accent);border-radius:.3rem;
background:transparent;color:var(--accent);cursor:pointer}
button.main{background:var(--accent);color:light-dark(#fff,#10151c)}
a{color:var(--accent)}
:focus-visible{outline:3px solid var(--accent);outline-offset:2px}
.problem{color:var(--problem);font-weight:600}
.hint{margin:.25rem 0 0;font-size:.9rem}
.secret{font-family:ui-monospace,monospace;overflow-wrap:anywhere;user-select:all}
ul.rows{list-style:none;padding:0}
ul.rows>li{border-top:1px solid var(--line);padding:.7rem 0}
svg.code{display:block;max-width:16rem;width:100%;height:auto;background:#fff}
.said{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
[hidden]{display:none}
`;
