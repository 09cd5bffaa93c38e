/** What this server can do, as each state may know it (RFC 9051 section 6.1.1). */
import { offeredMechanisms } from "../sasl/mod.ts";
import type { ImapState } from "./session.ts";

// Whatever RFC 9051 has taken in is named too, for clients that know only IMAP4rev1.
const ALWAYS = ["IMAP4rev1", "IMAP4rev2", "LITERAL+", "SASL-IR", "ID", "ENABLE", "LANGUAGE"];
const AFTER_LOGIN = [
  "IDLE",
  "NAMESPACE",
  "BINARY",
  "UIDPLUS",
  "UNSELECT",
  "CHILDREN",
  "LIST-EXTENDED",
  "LIST-STATUS",
  "SPECIAL-USE",
  "CREATE-SPECIAL-USE",
  "ESEARCH",
  "SORT",
  "SORT=DISPLAY",
  "THREAD=ORDEREDSUBJECT",
  "THREAD=REFERENCES",
  "THREAD=REFS",
  "ESORT",
  "CONTEXT=SEARCH",
  "CONTEXT=SORT",
  "MULTISEARCH",
  "NOTIFY",
  "INPROGRESS",
  "PARTIAL",
  "UIDBATCHES",
  "WITHIN",
  "SEARCH=FUZZY",
  "I18NLEVEL=1",
  "SEARCHRES",
  "MOVE",
  "MULTIAPPEND",
  "CATENATE",
  "URLAUTH",
  "URLAUTH=BINARY",
  "STATUS=SIZE",
  "OBJECTID",
  "SAVEDATE",
  "PREVIEW",
  "UNAUTHENTICATE",
  "CONDSTORE",
  "QRESYNC",
  "UIDONLY",
  "METADATA",
  "LIST-METADATA",
  "QUOTA",
  "QUOTA=RES-STORAGE",
  "QUOTA=RES-MESSAGE",
  "REPLACE",
  "ACL",
  "RIGHTS=texk",
  "LIST-MYRIGHTS",
];

/** Logins may be tried: TLS is there, or the operator allows them without. */
export function mayLogIn(state: ImapState): boolean {
  return state.tls !== null || state.options.allowPlaintextAuth;
}

/** The names, separated by spaces. */
export function capabilities(state: ImapState): string {
  const names = [...ALWAYS];
  if (state.login === null) {
    if (state.options.startTls && !state.tls) names.push("STARTTLS");
    // RFC 9051 section 6.2.3: LOGINDISABLED while a password would cross the network in the clear.
    if (!mayLogIn(state)) names.push("LOGINDISABLED");
    else {for (const mechanism of offeredMechanisms(state.options.mechanisms, state.tls)) {
        names.push(`AUTH=${mechanism}`);
      }}
  } else {
    names.push(
      ...AFTER_LOGIN,
      ...(state.compressed ? [] : ["COMPRESS=DEFLATE"]),
      state.options.utf8Only ? "UTF8=ONLY" : "UTF8=ACCEPT",
      `APPENDLIMIT=${state.limits.messageSize}`,
      // RFC 9698 section 2: ids of mailboxes, emails and threads are those of JMAP, and so are the passwords.
      ...(state.options.jmapSession === null ? [] : ["JMAPACCESS"]),
      `IMAPSIEVE=sieve://${state.options.hostname}`, // RFC 6785 section 2.3: where scripts are kept
    );
  }
  return names.join(" ");
}
