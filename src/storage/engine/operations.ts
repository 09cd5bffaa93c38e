/** Every operation that runs inside one synchronous transaction, by its name. */
import type { AnswerOf, Args, StorageOp } from "../../contract/mod.ts";
import { accept } from "./accept.ts";
import * as acl from "./acl.ts";
import { owned, resolve } from "./address.ts";
import * as archive from "./archive.ts";
import * as delivery from "./delivery.ts";
import * as emailChanges from "./email_changes.ts";
import * as emailObjects from "./email_objects.ts";
import * as emailSet from "./email_set.ts";
import * as directory from "./directory.ts";
import * as forwarding from "./forwarding.ts";
import { flags } from "./email_flags.ts";
import { marks } from "./email_read.ts";
import { append, replace } from "./email_append.ts";
import { copy, expunge, move } from "./email_write.ts";
import * as mailboxes from "./mailboxes.ts";
import * as mailboxObjects from "./mailbox_objects.ts";
import * as storedObjects from "./objects.ts";
import * as quota from "./quota.ts";
import { getMetadata, setMetadata } from "./metadata.ts";
import * as queue from "./queue.ts";
import * as queueChange from "./queue_change.ts";
import { putBack } from "./put_back.ts";
import { recount } from "./recount.ts";
import * as records from "./records.ts";
import * as removed from "./removed.ts";
import { rename } from "./rename.ts";
import * as sieve from "./sieve.ts";
import { sieveObjects } from "./sieve_objects.ts";
import * as tokens from "./tokens.ts";
import * as urlKeys from "./url_keys.ts";
import type { Transaction } from "./tables.ts";

/** Those that read octets of blobs or must let others run in between; a driver answers them itself. */
export type DriverOp = "email.read" | "email.search" | "email.sort" | "email.thread" | "blob.read" | "blob.index";
export type TransactionOp = Exclude<StorageOp, DriverOp>;

type Operations = { readonly [K in TransactionOp]: (tx: Transaction, args: Args<K>) => AnswerOf<K> };

export const OPERATIONS: Operations = {
  "domain.list": directory.domainList,
  "domain.get": directory.domainGet,
  "domain.add": directory.domainAdd,
  "domain.change": directory.domainChange,
  "domain.remove": directory.domainRemove,
  "account.list": directory.accountList,
  "account.get": directory.accountGet,
  "account.add": directory.accountAdd,
  "account.change": directory.accountChange,
  "account.remove": directory.accountRemove,
  "account.credentials": directory.accountCredentials,
  "alias.list": directory.aliasList,
  "alias.get": directory.aliasGet,
  "alias.add": directory.aliasAdd,
  "alias.change": directory.aliasChange,
  "alias.remove": directory.aliasRemove,
  "token.list": tokens.tokenList,
  "token.add": tokens.tokenAdd,
  "token.remove": tokens.tokenRemove,
  "token.find": tokens.tokenFind,
  "token.used": tokens.tokenUsed,
  "sieve.list": sieve.sieveList,
  "sieve.get": sieve.sieveGet,
  "sieve.put": sieve.sievePut,
  "sieve.activate": sieve.sieveActivate,
  "sieve.rename": sieve.sieveRename,
  "sieve.remove": sieve.sieveRemove,
  "sieve.objects": sieveObjects,
  "delivery.read": delivery.read,
  "delivery.settings": delivery.settings,
  "delivery.change": delivery.change,
  "delivery.seen": delivery.seen,
  "delivery.mailboxScript": delivery.mailboxScript,
  "address.resolve": resolve,
  "address.owned": owned,
  "setting.get": directory.settingGet,
  "setting.init": directory.settingInit,
  "setting.change": directory.settingChange,
  "forwarding.keys": forwarding.keys,
  "forwarding.remember": forwarding.remember,
  "forwarding.recall": forwarding.recall,
  "acl.get": acl.get,
  "acl.set": acl.set,
  "acl.grantable": acl.grantable,
  "acl.mine": acl.mine,
  "acl.owners": acl.owners,
  "mailbox.list": mailboxes.list,
  "mailbox.get": mailboxes.get,
  "mailbox.open": mailboxes.open,
  "mailbox.changes": mailboxes.changes,
  "mailbox.create": mailboxes.create,
  "mailbox.delete": mailboxes.remove,
  "mailbox.rename": rename,
  "mailbox.subscribe": mailboxes.subscribe,
  "mailbox.subscriptions": mailboxes.subscriptions,
  "mailbox.deletedUids": mailboxes.deletedUids,
  "mailbox.deletedStorage": quota.deletedStorage,
  "metadata.get": getMetadata,
  "metadata.set": setMetadata,
  "quota.get": quota.quota,
  "quota.near": quota.near,
  "mailbox.objects": mailboxObjects.objects,
  "mailbox.objectChanges": mailboxObjects.changes,
  "mailbox.make": mailboxObjects.make,
  "mailbox.update": mailboxObjects.update,
  "mailbox.destroy": mailboxObjects.destroy,
  "account.state": emailObjects.state,
  "email.objects": emailObjects.objects,
  "email.changes": emailChanges.changes,
  "email.set": emailSet.set,
  "blob.keep": storedObjects.keepBlob,
  "blob.emails": emailObjects.ofBlob,
  "object.list": storedObjects.list,
  "object.set": storedObjects.set,
  "object.changes": storedObjects.changes,
  "object.owners": storedObjects.owners,
  "record.get": records.get,
  "record.list": records.list,
  "record.put": records.put,
  "record.take": records.take,
  "record.remove": records.remove,
  "record.prune": records.prune,
  "email.import": archive.importEmails,
  "email.known": archive.known,
  "email.origins": archive.origins,
  "mailbox.adopt": archive.adopt,
  "email.marks": marks,
  "email.flags": flags,
  "email.append": append,
  "email.replace": replace,
  "email.copy": copy,
  "email.move": move,
  "email.expunge": expunge,
  "removed.list": removed.list,
  "removed.restore": removed.restore,
  "mailbox.rewind": removed.rewind,
  "email.expire": removed.expire,
  "email.putBack": putBack,
  "store.recount": recount,
  "url.sign": urlKeys.sign,
  "url.verify": urlKeys.verify,
  "url.resetKeys": urlKeys.resetKeys,
  "mail.accept": accept,
  "queue.claim": queue.claim,
  "queue.renew": queue.renew,
  "queue.putBack": queue.putBack,
  "queue.settle": queue.settle,
  "queue.next": (tx) => tx.queueNext(),
  "queue.list": queue.list,
  "queue.get": queue.get,
  "queue.count": (tx) => tx.queueCount(),
  "queue.change": queueChange.change,
  "queue.putRight": queueChange.putRight,
  "queue.reroute": queueChange.reroute,
  "journal.add": (tx, args) => {
    tx.addJournal(args.traceId, args.entries);
    return true;
  },
  "journal.read": (tx, args) => tx.journal(args.traceId),
};

/** Operations that write nothing: they need no commit. */
export const READS: ReadonlySet<StorageOp> = new Set<StorageOp>([
  "domain.list",
  "domain.get",
  "account.list",
  "account.get",
  "account.credentials",
  "alias.list",
  "alias.get",
  "sieve.list",
  "sieve.get",
  "delivery.read",
  "delivery.settings",
  "delivery.seen",
  "delivery.mailboxScript",
  "token.list",
  "token.find",
  "address.resolve",
  "address.owned",
  "setting.get",
  "forwarding.recall",
  "acl.get",
  "acl.grantable",
  "acl.mine",
  "acl.owners",
  "mailbox.list",
  "mailbox.get",
  "mailbox.open",
  "mailbox.changes",
  "mailbox.subscriptions",
  "mailbox.deletedUids",
  "email.marks",
  "removed.list",
  "email.known",
  "email.origins",
  "mailbox.deletedStorage",
  "mailbox.objects",
  "mailbox.objectChanges",
  "account.state",
  "email.objects",
  "blob.emails",
  "email.changes",
  "object.list",
  "object.changes",
  "object.owners",
  "record.get",
  "record.list",
  "metadata.get",
  "quota.get",
  "quota.near",
  "url.verify",
  "queue.next",
  "queue.list",
  "queue.get",
  "queue.count",
  "journal.read",
]);
