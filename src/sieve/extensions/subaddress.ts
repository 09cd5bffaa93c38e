/** subaddress (RFC 5233): user and detail in the local part of an address. */
import { ADDRESS_PART, flag } from "../check/spec.ts";
import type { SieveExtension } from "../extension.ts";
import { separatorIn, userOf } from "../run/user_part.ts";

/** Section 4: without a separator there is no detail. */
function detailOf(local: string, host: string, separators: string): string | null {
  const at = host === "" ? -1 : separatorIn(local, separators);
  return at < 0 ? null : local.slice(at + 1);
}

export const subaddress: SieveExtension = {
  name: "subaddress",
  tags: [{
    on: ["addressPart"],
    tags: [
      flag("user", {
        group: ADDRESS_PART,
        addressPart: (local, host, separators) => host === "" ? null : userOf(local, separators),
      }),
      flag("detail", { group: ADDRESS_PART, addressPart: detailOf }),
    ],
  }],
};
