/** Files and folders of mail as mailboxes. */
import { CannotSay } from "./imported.ts";

/** Where a path leads: a mailbox, the inbox, or nowhere. @throws CannotSay */
export type MailPlace = { readonly mailbox: string } | "inbox" | "nowhere";

/** `root`: the folder that names without a slash before them are in. */
export function mailPlace(path: string, root: string): MailPlace {
  if (path === "/dev/null") return "nowhere";
  if (/^(\/var\/(spool\/)?mail\/|\$(DEFAULT|ORGMAIL)\b)/.test(path)) return "inbox";
  if (/[`$*?]/.test(path.replace(/^\$HOME\b/, ""))) throw new CannotSay(`the folder ${path} is not known beforehand`);
  let name = path.replace(/\/\.?$/, "");
  if (root !== "" && name.startsWith(`${root.replace(/\/+$/, "")}/`)) {
    name = name.slice(root.replace(/\/+$/, "").length + 1);
  } else if (name === root.replace(/\/+$/, "")) return "inbox";
  name = name.replace(/^(\$HOME|~|\.)\//, "").replace(/^(Mail|mail|Maildir|mbox|\.maildir)\//, "");
  if (/^(Maildir|\.maildir|mbox|inbox|)$/i.test(name)) return "inbox";
  if (name.startsWith("/")) throw new CannotSay(`the file ${path} is not in the folder of mail`);
  // Maildir++: all folders stand side by side, with dots for levels.
  if (/^\.[^./]/.test(name) && !name.includes("/")) name = name.slice(1).replaceAll(".", "/");
  if (/^\.|\/\.|\/\/|[\p{Cc}]/u.test(name)) {
    throw new CannotSay(`the folder ${path} has no name that a mailbox can have`);
  }
  return { mailbox: name };
}
