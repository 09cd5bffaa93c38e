/**
 * A Cloudflare Email Worker that brings mail to Palomar: for a server whose port 25 is closed.
 *
 * Palomar: `palomar inbound add cloudflare --domain example.org` prints a token, and with
 * `"authentication": { "trustedForwarders": ["cloudflare-email.net"] }` what Cloudflare saw of SPF counts, which it writes
 * into its ARC seal.
 * Cloudflare: Email Routing for the domain, a catch-all rule "Send to a Worker" with this one, and its variables
 * `PALOMAR_URL` (https://mail.example.org) and the secret `PALOMAR_TOKEN`.
 *
 * What Palomar refuses is refused to the sender in the same words; what it puts off, or where it is not to be reached,
 * fails here, so that the sender comes again.
 */
export default {
  async email(message, env) {
    const answer = await fetch(`${env.PALOMAR_URL}/api/v1/inbound`, {
      method: "POST",
      headers: {
        "authorization": `Bearer ${env.PALOMAR_TOKEN}`,
        "content-type": "message/rfc822",
        "envelope-from": encodeURIComponent(message.from),
        "envelope-to": encodeURIComponent(message.to),
      },
      body: message.raw,
    });
    if (answer.ok) return await answer.body?.cancel();
    const { detail = `HTTP ${answer.status}` } = await answer.json().catch(() => ({}));
    if (answer.status === 422 || answer.status === 413) return message.setReject(detail);
    throw new Error(`Palomar: ${detail}`);
  },
};
