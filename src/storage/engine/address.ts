/** Where an address leads: one step of routing. */
import { domainToAscii, formatAddress, parseAddress, parseDomain } from "../../base/address.ts";
import { lowerAscii } from "../../base/ascii.ts";
import type { Args, Destination } from "../../contract/mod.ts";
import { accountIdOf, rowOf } from "./ids.ts";
import type { AccountRow, Transaction } from "./tables.ts";

/** The form addresses are stored and compared in: NFC, ASCII lower case, A-labels; null for what is no address. */
export function canonicalAddress(text: string): string | null {
  const address = parseAddress(text);
  const domain = address && domainToAscii(address.domain);
  if (!address || domain === null) return null;
  return formatAddress({ local: lowerAscii(address.local.normalize("NFC")), domain });
}

/** The canonical form of a domain name of ours, or null. Address literals are nobody's domain. */
export function domainOf(text: string): string | null {
  const parsed = parseDomain(text);
  return parsed === null || parsed.startsWith("[") ? null : domainToAscii(parsed);
}

export function resolve(tx: Transaction, args: Args<"address.resolve">): Destination {
  const bare = lowerAscii(args.address) === "postmaster"; // RFC 5321 section 4.1.1.3: without a domain
  const first = bare ? tx.domains()[0] : undefined;
  const canonical = canonicalAddress(first ? `postmaster@${first.name}` : args.address);
  if (canonical === null) return { kind: "remote" };
  const at = canonical.lastIndexOf("@");
  const domain = tx.domain(canonical.slice(at + 1));
  if (!domain) return { kind: "remote" };
  const exact = named(tx, canonical, null);
  if (exact) return exact;
  const local = canonical.slice(0, at);
  const plus = local.indexOf("+");
  const base = plus > 0 ? local.slice(0, plus) : local;
  if (plus > 0) {
    const user = named(tx, `${base}@${domain.name}`, detailOf(args.address));
    if (user) return user;
  }
  const rest = domain.catchAll === null ? null : named(tx, domain.catchAll, null);
  if (rest) return rest;
  // RFC 5321 section 4.5.1: postmaster is always somebody.
  const account = base === "postmaster" ? tx.firstAccount(domain.name) : null;
  return account ? printAccount(account, null) : { kind: "unknown" };
}

export function owned(tx: Transaction, args: Args<"address.owned">): boolean {
  const canonical = canonicalAddress(args.address);
  const account = tx.account(rowOf("a", args.accountId));
  if (canonical === null || !account) return false;
  const at = canonical.lastIndexOf("@");
  const plus = canonical.indexOf("+");
  const base = plus > 0 && plus < at ? canonical.slice(0, plus) + canonical.slice(at) : canonical;
  for (const address of [canonical, base]) {
    const other = tx.accountByAddress(address);
    if (other) return other.id === account.id;
    const alias = tx.alias(address);
    if (alias) return alias.targets.includes(account.address);
  }
  return false;
}

function named(tx: Transaction, address: string, detail: string | null): Destination | null {
  const account = tx.accountByAddress(address);
  if (account) return printAccount(account, detail);
  const alias = tx.alias(address);
  return alias && { kind: "alias", address: alias.address, targets: alias.targets };
}

/** As it was written: a detail may tell cases apart. */
function detailOf(address: string): string | null {
  const local = parseAddress(address)?.local ?? "";
  return local.slice(local.indexOf("+") + 1).normalize("NFC");
}

function printAccount(row: AccountRow, detail: string | null): Destination {
  return {
    kind: "account",
    accountId: accountIdOf(row.id),
    address: row.address,
    detail,
    disabled: row.disabled,
    quota: { bytes: row.quotaBytes, messages: row.quotaMessages },
    usage: { bytes: row.usedBytes, messages: row.usedMessages },
  };
}
