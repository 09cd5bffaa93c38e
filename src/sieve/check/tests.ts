/** All tests, as data. */
import {
  ADDRESS_PART,
  arg,
  flag,
  INDEX,
  MATCHING,
  MIME,
  MIME_OPTIONS,
  optional,
  type Spec,
  spec,
  valued,
} from "./spec.ts";

const KEYS = arg("keys", "strings");
const ZONE = [
  valued("zone", "string", { group: "the zone", rule: "zone" }),
  flag("originalzone", undefined, "the zone"),
];

const TESTS: readonly Spec[] = [
  // RFC 5228 section 5
  spec("address", {
    tags: [...MATCHING, ...ADDRESS_PART, ...INDEX, ...MIME],
    args: [arg("headers", "strings", "addressHeader"), KEYS],
  }),
  spec("allof", { tests: "many" }),
  spec("anyof", { tests: "many" }),
  spec("envelope", {
    needs: ["envelope"],
    tags: [...MATCHING, ...ADDRESS_PART],
    args: [arg("parts", "strings", "envelopePart"), KEYS],
  }),
  spec("exists", { tags: MIME, args: [arg("headers", "strings", "headerName")] }),
  spec("false"),
  spec("header", {
    tags: [...MATCHING, ...INDEX, ...MIME, ...MIME_OPTIONS],
    args: [arg("headers", "strings", "headerName"), KEYS],
  }),
  spec("not", { tests: 1 }),
  spec("size", {
    tags: [
      valued("over", "number", { group: ":over and :under" }),
      valued("under", "number", { group: ":over and :under" }),
    ],
  }),
  spec("true"),
  // RFC 5173
  spec("body", {
    needs: ["body"],
    tags: [
      ...MATCHING,
      flag("raw", undefined, "the transform"),
      valued("content", "strings", { group: "the transform" }),
      flag("text", undefined, "the transform"),
    ],
    args: [KEYS],
  }),
  // RFC 5183
  spec("environment", { needs: ["environment"], tags: MATCHING, args: [arg("name", "string"), KEYS] }),
  // RFC 5229 section 5
  spec("string", { needs: ["variables"], tags: MATCHING, args: [arg("source", "strings"), KEYS] }),
  // RFC 5232 section 4
  spec("hasflag", {
    needs: ["imap4flags"],
    tags: MATCHING,
    args: [optional("variables", "strings", "variable"), arg("flags", "strings")],
  }),
  // RFC 5235
  spec("spamtest", {
    needs: ["spamtest"],
    tags: [...MATCHING, flag("percent", "spamtestplus")],
    args: [arg("value", "string")],
  }),
  spec("virustest", { needs: ["virustest"], tags: MATCHING, args: [arg("value", "string")] }),
  // RFC 5260
  spec("currentdate", {
    needs: ["date"],
    tags: [...MATCHING, ZONE[0]!],
    args: [arg("part", "string", "datePart"), KEYS],
  }),
  spec("date", {
    needs: ["date"],
    tags: [...MATCHING, ...ZONE, ...INDEX],
    args: [arg("header", "string", "headerName"), arg("part", "string", "datePart"), KEYS],
  }),
  // RFC 5435
  spec("notify_method_capability", {
    needs: ["enotify"],
    tags: MATCHING,
    args: [arg("uri", "string"), arg("capability", "string"), KEYS],
  }),
  spec("valid_notify_method", { needs: ["enotify"], args: [arg("uris", "strings")] }),
  // RFC 5463
  spec("ihave", { needs: ["ihave"], args: [arg("extensions", "strings", "plain")] }),
  // RFC 5490
  spec("mailboxexists", { needs: ["mailbox"], args: [arg("mailboxes", "strings")] }),
  spec("metadata", {
    needs: ["mboxmetadata"],
    tags: MATCHING,
    args: [arg("mailbox", "string"), arg("annotation", "string"), KEYS],
  }),
  spec("metadataexists", { needs: ["mboxmetadata"], args: [arg("mailbox", "string"), arg("annotations", "strings")] }),
  spec("servermetadata", { needs: ["servermetadata"], tags: MATCHING, args: [arg("annotation", "string"), KEYS] }),
  spec("servermetadataexists", { needs: ["servermetadata"], args: [arg("annotations", "strings")] }),
  // RFC 6134
  spec("valid_ext_list", { needs: ["extlists"], args: [arg("lists", "strings")] }),
  // RFC 7352
  spec("duplicate", {
    needs: ["duplicate"],
    tags: [
      valued("handle", "string"),
      valued("header", "string", { group: ":header and :uniqueid" }),
      valued("uniqueid", "string", { group: ":header and :uniqueid" }),
      valued("seconds", "number"),
      flag("last"),
    ],
  }),
  // RFC 8579
  spec("specialuse_exists", {
    needs: ["special-use"],
    args: [optional("mailbox", "string"), arg("uses", "strings", "specialUse")],
  }),
  // RFC 9042
  spec("mailboxidexists", { needs: ["mailboxid"], args: [arg("ids", "strings")] }),
];

/** By name. */
export const TEST_SPECS: ReadonlyMap<string, Spec> = new Map(TESTS.map((test) => [test.name, test]));
