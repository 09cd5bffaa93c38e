/** Recipients as programs of this machine name them. */
import type { Admin } from "../admin.ts";

/** Octets of the recipients of one request: what its line bears. */
const BATCH_LENGTH = 6_000;

/** The domain of bare names: the server's own name where mail for it is taken, else its first domain. */
export async function ownDomain(server: Admin, hostname: string): Promise<string> {
  const { domains } = await server.request("GET", "/domains") as { domains: readonly { readonly name: string }[] };
  return domains.some(({ name }) => name === hostname) ? hostname : domains[0]?.name ?? hostname;
}

/** `<a@b>` as `a@b`. */
export function withoutBrackets(text: string): string {
  return text.startsWith("<") && text.endsWith(">") ? text.slice(1, -1) : text;
}

/** So many at a time as the line of a request bears. */
export function* batches(recipients: readonly string[]): Generator<readonly string[]> {
  let batch: string[] = [];
  let length = 0;
  for (const recipient of recipients) {
    const more = encodeURIComponent(recipient).length + "&recipient=".length;
    if (batch.length > 0 && length + more > BATCH_LENGTH) {
      yield batch;
      batch = [];
      length = 0;
    }
    batch.push(recipient);
    length += more;
  }
  if (batch.length > 0) yield batch;
}
