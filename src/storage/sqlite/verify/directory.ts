/** Accounts and what they have besides mail. */
import { parseAddress } from "../../../base/address.ts";
import { accountIdOf } from "../../engine/ids.ts";
import { Report, type VerifyEvent } from "./finding.ts";
import type { StoreFiles } from "./source.ts";

const PAGE = 500;
const USED = "select count(*), coalesce(sum(size), 0) from (select m.email, m.size from mailboxes b " +
  "join members m on m.mailbox = b.id where b.account = ? group by m.email)";

const KEPT =
  "select coalesce(sum(size), 0) from emails e where not exists (select 1 from members m where m.email = e.id) " +
  "and e.id in (select email from removed where account";

export function* verifyDirectory(files: StoreFiles): Generator<VerifyEvent> {
  const report = new Report("directory");
  const total = files.count("select count(*) from accounts");
  let done = 0;
  const sql = "select id, address, domain, credentials from accounts where id > ? order by id limit ?";
  for (const rows of files.pages(sql, PAGE)) {
    for (const [id, address, domain, credentials] of rows as readonly (readonly [number, string, string, string])[]) {
      if (parseAddress(address)?.domain !== domain) yield report.lost(address, "its domain is another's", LOOK);
      if (!isJson(credentials)) {
        yield report.lost(address, "its password cannot be read", `set a new one: palomar account password ${address}`);
      }
      yield* verifyAccount(files, report, id);
      yield report.progress(++done, total);
    }
  }
  const twins = "select account, count(*) from sieve where active group by account having count(*) > 1";
  for (const [account] of files.sql.all(twins)) {
    yield report.lost(files.address(account as number), "more than one Sieve script is active", LOOK);
  }
}

const LOOK = "nothing is lost, but it should not be so: please report it";

function* verifyAccount(files: StoreFiles, report: Report, id: number): Generator<VerifyEvent> {
  const [account, used, highest, inbox, kept] = files.atOnce(() => [
    files.sql.get("select address, used_messages, used_bytes, modseq, kept_bytes from accounts where id = ?", id),
    files.sql.get(USED, id)!,
    files.count(`select max(modseq) from mailboxes where account = ${id}`),
    files.count(`select count(*) from mailboxes where account = ${id} and path = 'INBOX'`),
    files.count(`${KEPT} = ${id})`),
  ]);
  if (!account) return; // removed meanwhile
  const [address, messages, bytes, modseq] = account as unknown as [string, number, number, number];
  const accountId = accountIdOf(id);
  if (used[0] !== messages || used[1] !== bytes) {
    const problem = `it counts ${messages} messages of ${bytes} octets, and has ${used[0]} of ${used[1]}`;
    yield report.derivable(address, problem, { repair: "account", accountId });
  }
  if (kept !== account[4]) {
    const problem = `it keeps ${account[4]} octets of removed mail, and has ${kept}`;
    yield report.derivable(address, problem, { repair: "account", accountId });
  }
  if (modseq < highest) {
    const problem = `its modseq is ${modseq}, and a mailbox is at ${highest}`;
    yield report.derivable(address, problem, { repair: "account", accountId });
  }
  if (inbox !== 1) yield report.derivable(address, "it has no INBOX", { repair: "account", accountId });
}

function isJson(text: string): boolean {
  try {
    return Array.isArray(JSON.parse(text));
  } catch {
    return false;
  }
}
