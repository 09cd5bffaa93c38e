/** All commands, as data. */
import { arg, FCC, FILING, flag, MATCHING, MODIFIERS, optional, type Spec, spec, valued } from "./spec.ts";

const FLAGS = arg("flags", "strings", "flags");
const FLAG_VARIABLE = optional("variable", "string", "variable");

const COMMANDS: readonly Spec[] = [
  // RFC 5228 sections 3 and 4
  spec("require", { args: [arg("extensions", "strings", "plain")] }),
  spec("if", { tests: 1, block: true }),
  spec("elsif", { tests: 1, block: true }),
  spec("else", { block: true }),
  spec("stop"),
  spec("keep", { tags: [FILING[1]!] }),
  spec("discard"),
  spec("fileinto", {
    needs: ["fileinto"],
    tags: [...FILING, flag("copy", "copy")],
    args: [arg("mailbox", "string", "mailbox")],
  }),
  spec("redirect", {
    tags: [flag("copy", "copy"), flag("list", "extlists")],
    args: [arg("address", "string")],
  }),
  // RFC 5229
  spec("set", {
    needs: ["variables"],
    tags: MODIFIERS,
    args: [arg("name", "string", "variable"), arg("value", "string")],
  }),
  // RFC 5230, RFC 6131, RFC 8580
  spec("vacation", {
    needs: ["vacation"],
    tags: [
      valued("days", "number", { group: ":days and :seconds" }),
      valued("seconds", "number", { needs: "vacation-seconds", group: ":days and :seconds" }),
      valued("subject", "string"),
      valued("from", "string", { rule: "address" }),
      valued("addresses", "strings"),
      flag("mime"),
      valued("handle", "string"),
      ...FCC,
    ],
    args: [arg("reason", "string")],
  }),
  // RFC 5232
  spec("setflag", { needs: ["imap4flags"], args: [FLAG_VARIABLE, FLAGS] }),
  spec("addflag", { needs: ["imap4flags"], args: [FLAG_VARIABLE, FLAGS] }),
  spec("removeflag", { needs: ["imap4flags"], args: [FLAG_VARIABLE, FLAGS] }),
  // RFC 5293
  spec("addheader", {
    needs: ["editheader"],
    tags: [flag("last")],
    args: [arg("name", "string", "headerName"), arg("value", "string")],
  }),
  spec("deleteheader", {
    needs: ["editheader"],
    tags: [valued("index", "number"), { name: "last", with: "index" }, ...MATCHING],
    args: [arg("name", "string", "headerName"), optional("values", "strings")],
  }),
  // RFC 5429
  spec("reject", { needs: ["reject"], args: [arg("reason", "string")] }),
  spec("ereject", { needs: ["ereject"], args: [arg("reason", "string")] }),
  // RFC 5435, RFC 8580
  spec("notify", {
    needs: ["enotify"],
    tags: [
      valued("from", "string"),
      valued("importance", "string", { rule: "importance" }),
      valued("options", "strings"),
      valued("message", "string"),
      ...FCC,
    ],
    args: [arg("method", "string", "notifyMethod")],
  }),
  // RFC 5463
  spec("error", { needs: ["ihave"], args: [arg("message", "string")] }),
  // RFC 5703
  spec("foreverypart", { needs: ["foreverypart"], tags: [valued("name", "string", { rule: "plain" })], block: true }),
  spec("break", { needs: ["foreverypart"], tags: [valued("name", "string", { rule: "plain" })] }),
  spec("replace", {
    needs: ["replace"],
    tags: [flag("mime"), valued("subject", "string"), valued("from", "string", { rule: "address" })],
    args: [arg("replacement", "string")],
  }),
  spec("enclose", {
    needs: ["enclose"],
    tags: [valued("subject", "string"), valued("headers", "strings", { rule: "headerName" })],
    args: [arg("text", "string")],
  }),
  spec("extracttext", {
    needs: ["extracttext"],
    tags: [...MODIFIERS, valued("first", "number")],
    args: [arg("name", "string", "variable")],
  }),
  // RFC 6609
  spec("include", {
    needs: ["include"],
    tags: [
      flag("personal", undefined, "the location"),
      flag("global", undefined, "the location"),
      flag("once"),
      flag("optional"),
    ],
    args: [arg("script", "string", "plain")],
  }),
  spec("return", { needs: ["include"] }),
  spec("global", { needs: ["include"], args: [arg("names", "strings", "globalVariable")] }),
];

/** By name. */
export const COMMAND_SPECS: ReadonlyMap<string, Spec> = new Map(COMMANDS.map((command) => [command.name, command]));
