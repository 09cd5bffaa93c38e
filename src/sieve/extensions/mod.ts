/** The table of extensions: each has a file of its own, and a line here. */
import type { SieveExtension } from "../extension.ts";
import { baseActions } from "./base_actions.ts";
import { baseControl } from "./base_control.ts";
import { baseMatching } from "./base_matching.ts";
import { baseTests } from "./base_tests.ts";
import { bodyExtension } from "./body.ts";
import { comparatorAsciiCasemap } from "./comparator_ascii_casemap.ts";
import { comparatorAsciiNumeric } from "./comparator_ascii_numeric.ts";
import { comparatorOctet } from "./comparator_octet.ts";
import { comparatorUnicodeCasemap } from "./comparator_unicode_casemap.ts";
import { copyExtension } from "./copy.ts";
import { dateExtension } from "./date.ts";
import { duplicate } from "./duplicate.ts";
import { editHeader } from "./editheader.ts";
import { encloseExtension } from "./enclose.ts";
import { encodedCharacter } from "./encoded_character.ts";
import { enotify } from "./enotify.ts";
import { envelopeExtension } from "./envelope.ts";
import { envelopeDeliverBy } from "./envelope_deliverby.ts";
import { envelopeDsn } from "./envelope_dsn.ts";
import { environment } from "./environment.ts";
import { erejectExtension } from "./ereject.ts";
import { extlists } from "./extlists.ts";
import { extractTextExtension } from "./extracttext.ts";
import { fcc } from "./fcc.ts";
import { fileIntoExtension } from "./fileinto.ts";
import { foreveryPart } from "./foreverypart.ts";
import { ihave } from "./ihave.ts";
import { imap4flags } from "./imap4flags.ts";
import { imapSieve } from "./imapsieve.ts";
import { includeExtension } from "./include.ts";
import { indexExtension } from "./index.ts";
import { mailboxExtension } from "./mailbox.ts";
import { mailboxId } from "./mailboxid.ts";
import { mboxMetadata } from "./mboxmetadata.ts";
import { mimeExtension } from "./mime.ts";
import { regex } from "./regex.ts";
import { rejectExtension } from "./reject.ts";
import { relational } from "./relational.ts";
import { replaceExtension } from "./replace.ts";
import { serverMetadata } from "./servermetadata.ts";
import { spamTest } from "./spamtest.ts";
import { spamTestPlus } from "./spamtestplus.ts";
import { specialUse } from "./special_use.ts";
import { subaddress } from "./subaddress.ts";
import { vacationExtension } from "./vacation.ts";
import { vacationSeconds } from "./vacation_seconds.ts";
import { variables } from "./variables.ts";
import { virusTest } from "./virustest.ts";
import { pipeExtension } from "./vnd_dovecot_pipe.ts";

/** What is always there, and what a script may require. */
export const EXTENSIONS: readonly SieveExtension[] = [
  baseActions,
  baseControl,
  baseMatching,
  baseTests,
  bodyExtension,
  comparatorAsciiCasemap,
  comparatorAsciiNumeric,
  comparatorOctet,
  comparatorUnicodeCasemap,
  copyExtension,
  dateExtension,
  duplicate,
  editHeader,
  encloseExtension,
  encodedCharacter,
  enotify,
  envelopeExtension,
  envelopeDeliverBy,
  envelopeDsn,
  environment,
  erejectExtension,
  extlists,
  extractTextExtension,
  fcc,
  fileIntoExtension,
  foreveryPart,
  ihave,
  imap4flags,
  imapSieve,
  includeExtension,
  indexExtension,
  mailboxExtension,
  specialUse,
  mailboxId, // behind special-use: the identifier counts where both are given (RFC 9042 section 4)
  mboxMetadata,
  mimeExtension,
  regex,
  rejectExtension,
  relational,
  replaceExtension,
  serverMetadata,
  spamTest,
  spamTestPlus,
  subaddress,
  vacationExtension,
  vacationSeconds,
  variables,
  virusTest,
  pipeExtension,
];
