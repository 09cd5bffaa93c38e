/** fcc (RFC 8580): a copy of what is sent is filed, with all that fileinto may say of it. */
import { valued } from "../check/spec.ts";
import { MAILBOX } from "../check/values.ts";
import type { SieveExtension } from "../extension.ts";

export const fcc: SieveExtension = {
  name: "fcc",
  tags: [{ on: ["vacation", "notify"], tags: [valued("fcc", "string", { rule: MAILBOX })] }],
  lends: { slot: "filing", on: ["vacation", "notify"], with: "fcc" },
};
