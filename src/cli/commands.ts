import type { Command } from "./command.ts";
import { accountAdd } from "./commands/account_add.ts";
import { accountChange } from "./commands/account_change.ts";
import { accountList } from "./commands/account_list.ts";
import { accountPassword } from "./commands/account_password.ts";
import { accountRemove } from "./commands/account_remove.ts";
import { accountRole } from "./commands/account_role.ts";
import { accountShow } from "./commands/account_show.ts";
import { aclList } from "./commands/acl_list.ts";
import { aclRemove } from "./commands/acl_remove.ts";
import { aclSet } from "./commands/acl_set.ts";
import { aliasAdd } from "./commands/alias_add.ts";
import { aliasList } from "./commands/alias_list.ts";
import { aliasRemove } from "./commands/alias_remove.ts";
import { dkimActivate } from "./commands/dkim_activate.ts";
import { dkimList } from "./commands/dkim_list.ts";
import { dkimRemove } from "./commands/dkim_remove.ts";
import { dkimRotate } from "./commands/dkim_rotate.ts";
import { audit } from "./commands/audit.ts";
import { backup } from "./commands/backup.ts";
import { deliver } from "./commands/deliver.ts";
import { banAdd } from "./commands/ban_add.ts";
import { banList } from "./commands/ban_list.ts";
import { banRemove } from "./commands/ban_remove.ts";
import { suppressionList } from "./commands/suppression_list.ts";
import { suppressionRemove } from "./commands/suppression_remove.ts";
import { inboundAdd } from "./commands/inbound_add.ts";
import { inboundList } from "./commands/inbound_list.ts";
import { inboundRemove } from "./commands/inbound_remove.ts";
import { webhookAdd } from "./commands/webhook_add.ts";
import { webhookList } from "./commands/webhook_list.ts";
import { webhookRemove } from "./commands/webhook_remove.ts";
import { webhookTest } from "./commands/webhook_test.ts";
import { dmarcList } from "./commands/dmarc_list.ts";
import { dmarcShow } from "./commands/dmarc_show.ts";
import { domainAdd } from "./commands/domain_add.ts";
import { domainCatchAll } from "./commands/domain_catch_all.ts";
import { domainDns } from "./commands/domain_dns.ts";
import { domainList } from "./commands/domain_list.ts";
import { domainRemove } from "./commands/domain_remove.ts";
import { exportEml } from "./commands/export_eml.ts";
import { exportMaildir } from "./commands/export_maildir.ts";
import { exportMbox } from "./commands/export_mbox.ts";
import { forwardAdd, forwardList, forwardRemove } from "./commands/forward.ts";
import { importAliases } from "./commands/import_aliases.ts";
import { importEml } from "./commands/import_eml.ts";
import { importMaildropFilter, importProcmailrc } from "./commands/import_filters.ts";
import { importForward } from "./commands/import_forward.ts";
import { importMaildir } from "./commands/import_maildir.ts";
import { importMbox } from "./commands/import_mbox.ts";
import { importSieveScripts } from "./commands/import_sieve.ts";
import { queueHold } from "./commands/queue_hold.ts";
import { queueList } from "./commands/queue_list.ts";
import { queueRelease } from "./commands/queue_release.ts";
import { queueRemove } from "./commands/queue_remove.ts";
import { queuePriority } from "./commands/queue_priority.ts";
import { queueReroute } from "./commands/queue_reroute.ts";
import { queueRetry } from "./commands/queue_retry.ts";
import { queueShow } from "./commands/queue_show.ts";
import { restore } from "./commands/restore.ts";
import { rollback } from "./commands/rollback.ts";
import { rewind } from "./commands/rewind.ts";
import { undelete } from "./commands/undelete.ts";
import { sendmail } from "./commands/sendmail.ts";
import { rulesSet, rulesShow } from "./commands/rules.ts";
import { sieveActivate, sieveDeactivate } from "./commands/sieve_activate.ts";
import { sieveCheck } from "./commands/sieve_check.ts";
import { sieveGet } from "./commands/sieve_get.ts";
import { sieveList } from "./commands/sieve_list.ts";
import { sievePut } from "./commands/sieve_put.ts";
import { sieveRemove } from "./commands/sieve_remove.ts";
import { sieveDiff, sieveRun } from "./commands/sieve_run.ts";
import { sieveTest, sieveTrace } from "./commands/sieve_test.ts";
import { start } from "./commands/start.ts";
import { targetAdd, targetList, targetRemove } from "./commands/target.ts";
import { tlsReportsList } from "./commands/tls_reports_list.ts";
import { tlsReportsShow } from "./commands/tls_reports_show.ts";
import { accountSignIn } from "./commands/account_sign_in.ts";
import { oauthAdd } from "./commands/oauth_add.ts";
import { oauthClients } from "./commands/oauth_clients.ts";
import { oauthForget } from "./commands/oauth_forget.ts";
import { oauthGrants } from "./commands/oauth_grants.ts";
import { oauthRevoke } from "./commands/oauth_revoke.ts";
import { tokenAdd } from "./commands/token_add.ts";
import { tokenList } from "./commands/token_list.ts";
import { tokenRemove } from "./commands/token_remove.ts";
import { vacationOff, vacationSet, vacationShow } from "./commands/vacation.ts";
import { verify } from "./commands/verify.ts";
import { version } from "./commands/version.ts";
import { why } from "./commands/why.ts";

/** Every command, in the order in which the help shows them. Their modules are light: what is heavy they import when they run. */
export const COMMANDS: readonly Command[] = [
  start,
  domainAdd,
  domainList,
  domainRemove,
  domainCatchAll,
  domainDns,
  dkimList,
  dkimRotate,
  dkimActivate,
  dkimRemove,
  dmarcList,
  dmarcShow,
  tlsReportsList,
  tlsReportsShow,
  accountAdd,
  accountList,
  accountShow,
  accountRole,
  accountChange,
  accountPassword,
  accountRemove,
  aclList,
  aclSet,
  aclRemove,
  accountSignIn,
  oauthGrants,
  oauthRevoke,
  oauthClients,
  oauthAdd,
  oauthForget,
  tokenAdd,
  tokenList,
  tokenRemove,
  aliasAdd,
  aliasList,
  aliasRemove,
  forwardList,
  forwardAdd,
  forwardRemove,
  targetList,
  targetAdd,
  targetRemove,
  importAliases,
  importForward,
  importProcmailrc,
  importMaildropFilter,
  importSieveScripts,
  importMaildir,
  importMbox,
  importEml,
  exportMaildir,
  exportMbox,
  exportEml,
  queueList,
  queueShow,
  queueRetry,
  queueHold,
  queueRelease,
  queueRemove,
  queuePriority,
  queueReroute,
  banList,
  banAdd,
  banRemove,
  webhookList,
  webhookAdd,
  webhookRemove,
  webhookTest,
  suppressionList,
  suppressionRemove,
  inboundList,
  inboundAdd,
  inboundRemove,
  sieveList,
  sievePut,
  sieveGet,
  sieveActivate,
  sieveDeactivate,
  sieveRemove,
  sieveCheck,
  sieveTest,
  sieveTrace,
  sieveDiff,
  sieveRun,
  rulesShow,
  rulesSet,
  vacationShow,
  vacationSet,
  vacationOff,
  why,
  audit,
  sendmail,
  deliver,
  undelete,
  rewind,
  backup,
  restore,
  rollback,
  verify,
  version,
];
