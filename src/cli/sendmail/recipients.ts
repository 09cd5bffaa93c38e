/** Recipients as programs of this machine name them. */
import type { Admin } from "../admin.ts";
import { allPages } from "../all_pages.ts";

/** Octets of the recipients of one request: what its line bears. */
const BATCH_LENGTH = 6_000;

/** The domain of bare names: the server's own name where mail for it is taken, else its first domain. */
export async function ownDomain(server: Admin, hostname: string): Promise<string> {
  const domains = await allPages<{ readonly name: string; readonly createdAt: string }>(server, "/domains", "domains");
  if (domains.some(({ name }) => name === hostname)) return hostname;
  const [first] = domains.toSorted((a, b) => a.createdAt < b.createdAt ? -1 : a.createdAt > b.createdAt ? 1 : 0);
  return first?.name ?? hostname;
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
