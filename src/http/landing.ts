import type { HttpDeps } from "./deps.ts";

/** The page at `/`: what this is and where to go on. Tells nothing that a greeting of SMTP would not. */
export function landing(deps: HttpDeps): Response {
  const html = `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${escapeHtml(deps.hostname)}</title>
<style>body{font:16px/1.5 system-ui,sans-serif;max-width:40em;margin:4em auto;padding:0 1em;color-scheme:light dark}
code{font-size:.95em}</style></head><body>
<h1>${escapeHtml(deps.hostname)}</h1>
<p>A mail server runs here: Palomar ${escapeHtml(deps.version)}.</p>
<ul>
${
    deps.people
      ? '<li><a href="/account">/account</a> – your account: programs, app passwords, how you sign in</li>\n'
      : ""
  }<li><a href="/health">/health</a> – how it is</li>
<li><a href="/metrics">/metrics</a> – its numbers, for Prometheus</li>
<li><a href="/api/v1/openapi.json">/api/v1/openapi.json</a> – the administration API, described</li>
</ul>
<p>The API takes the admin token: <code>curl -H "Authorization: Bearer $TOKEN" …/api/v1/domains</code></p>
</body></html>
`;
  return new Response(html, {
    headers: {
      "content-type": "text/html; charset=utf-8",
      "content-security-policy":
        "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'",
    },
  });
}

function escapeHtml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}
