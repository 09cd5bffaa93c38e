/** What every driver must do: the one suite that all of them run. */
import { deliveryContract } from "./contract/delivery.ts";
import { aclContract } from "./contract/acl.ts";
import { archiveContract } from "./contract/archive.ts";
import { directoryContract } from "./contract/directory.ts";
import { emailContract } from "./contract/email.ts";
import { forwardingContract } from "./contract/forwarding.ts";
import { mailboxContract } from "./contract/mailbox.ts";
import { metadataContract } from "./contract/metadata.ts";
import { marksContract } from "./contract/marks.ts";
import { modelContract } from "./contract/model.ts";
import { objectsContract } from "./contract/objects.ts";
import { queueContract } from "./contract/queue.ts";
import { quotaContract } from "./contract/quota.ts";
import { recordsContract } from "./contract/records.ts";
import { removedContract } from "./contract/removed.ts";
import { replaceContract } from "./contract/replace.ts";
import { searchContract } from "./contract/search.ts";
import { sieveContract } from "./contract/sieve.ts";
import { strangersContract } from "./contract/strangers.ts";
import { tokensContract } from "./contract/tokens.ts";
import { transactionContract } from "./contract/transaction.ts";
import { urlKeysContract } from "./contract/url_keys.ts";
import type { Open } from "./scene.ts";

/** Registers the suite for a driver; `open` gives an empty store each time. */
export function storageContract(name: string, open: Open): void {
  deliveryContract(name, open);
  directoryContract(name, open);
  mailboxContract(name, open);
  aclContract(name, open);
  archiveContract(name, open);
  strangersContract(name, open);
  emailContract(name, open);
  searchContract(name, open);
  objectsContract(name, open);
  queueContract(name, open);
  metadataContract(name, open);
  quotaContract(name, open);
  recordsContract(name, open);
  removedContract(name, open);
  replaceContract(name, open);
  sieveContract(name, open);
  tokensContract(name, open);
  transactionContract(name, open);
  urlKeysContract(name, open);
  forwardingContract(name, open);
  marksContract(name, open);
  modelContract(name, open);
}
