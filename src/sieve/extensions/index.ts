/** index (RFC 5260 section 6): one of the fields of a name. */
import { flag, type TagSpec, valued } from "../check/spec.ts";
import type { SieveExtension } from "../extension.ts";
import { given, numberOf } from "../script.ts";

const INDEX: readonly TagSpec[] = [
  valued("index", "number", {
    least: 1,
    chooses(same, node) {
      const index = numberOf(node, ":index")!;
      return given(node, ":last") ? same[same.length - index] : same[index - 1];
    },
  }),
  flag("last", { with: "index" }),
];

export const indexExtension: SieveExtension = {
  name: "index",
  tags: [{ on: ["header", "address", "date"], tags: INDEX }],
};
