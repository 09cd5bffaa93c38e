/**
 * imapsieve (RFC 6785): scripts that run because of an event in a mailbox. It brings no command or test: it says that
 * `environment` has the items of IMAP, and that actions of delivery have no place in such a run.
 */
import type { SieveExtension } from "../extension.ts";

export const imapSieve: SieveExtension = { name: "imapsieve" };
