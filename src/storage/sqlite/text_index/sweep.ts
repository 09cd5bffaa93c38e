/** Whether the index belongs to the store, and taking out what the store has no more. */
import { type Catalog } from "./catalog.ts";
import type { MailSource } from "./mail_source.ts";

/** Blocks whose last email is compared. */
const COMPARED = 200;

/**
 * Whether what is indexed can be of this store: a store that was brought back from an older copy gives numbers to
 * other emails.
 */
export function isOfThisStore(catalog: Catalog, source: MailSource): boolean {
  if (catalog.cursor > source.lastNumber()) return false;
  return catalog.lastMarks(COMPARED).every(([email, mark]) => {
    const now = source.mark(email);
    return now === null || now === mark;
  });
}

/** Where more than half of an account's indexed emails are gone, what is left is indexed anew. */
export function sweep(catalog: Catalog, source: MailSource): void {
  for (const account of catalog.accounts()) {
    const living: number[] = [];
    let count = 0;
    for (const { ids } of catalog.blocks(account)) {
      count += ids.length;
      for (const id of ids) if (source.mark(id) !== null) living.push(id);
    }
    if (count > 0 && living.length * 2 < count) catalog.drop(account, living);
  }
}
