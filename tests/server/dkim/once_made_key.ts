/** Keys that are real but made once: RSA keys take their time. */
import { type DkimKeyKind, type GeneratedDkimKey, generateDkimKey } from "../../../src/server/dkim_keys.ts";

const made = new Map<DkimKeyKind, Promise<GeneratedDkimKey>>();

export function onceMadeKey(kind: DkimKeyKind): Promise<GeneratedDkimKey> {
  let key = made.get(kind);
  if (!key) made.set(kind, key = generateDkimKey(kind));
  return key;
}
