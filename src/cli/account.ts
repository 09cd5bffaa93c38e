import type { Quota } from "./quota.ts";

/** An account as the admin API shows it. */
export interface AccountView {
  readonly accountId: string;
  readonly address: string;
  readonly name: string;
  readonly quota: Quota;
  readonly usage: { readonly bytes: number; readonly messages: number };
  readonly disabled: boolean;
  readonly shared: boolean;
  readonly createdAt: string;
}
