/** vacation-seconds (RFC 6131): the period of vacation in seconds. */
import { valued } from "../check/spec.ts";
import type { SieveExtension } from "../extension.ts";

export const vacationSeconds: SieveExtension = {
  name: "vacation-seconds",
  brings: ["vacation"], // section 2
  tags: [{ on: ["vacation"], tags: [valued("seconds", "number", { group: ":days and :seconds" })] }],
};
