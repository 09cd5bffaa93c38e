/** What the DNS says of a client: lists and its name, asked at the same time, once a session. */
import { askList, judgeLists, type ListVerdict } from "../../abuse/mod.ts";
import { iprev } from "../../mailauth/mod.ts";
import type { Program } from "../../contract/mod.ts";
import type { AbuseConfig } from "../config/mod.ts";

/** Runs a program of the session. */
export type Run = <R>(program: Program<R>) => Promise<R>;

/** What is known of a client. */
export interface ClientFacts {
  readonly lists: ListVerdict;
  /** What is against it, for the log and for filters: `listed:NAME`, `reverseDns`. */
  readonly signals: readonly string[];
}

const NOTHING: ListVerdict = { verdict: "clean", score: 0, on: [] };

/** Never rejects: what cannot be asked says nothing. */
export async function checkClient(address: string, config: AbuseConfig, run: Run): Promise<ClientFacts> {
  const [lists, reverse] = await Promise.all([
    Promise.all(config.lists.map((list) => run(askList(address, list))))
      .then((answers) => judgeLists(answers, config.listed.threshold)).catch(() => NOTHING),
    config.clients.reverseDns ? run(iprev(address)).then(({ result }) => result, () => "temperror") : "pass",
  ]);
  const signals = lists.verdict === "allowed" ? [] : lists.on.map(({ list }) => `listed:${list.name}`);
  if (reverse === "fail" || reverse === "permerror") signals.push("reverseDns");
  return { lists, signals };
}

/** Whether asking is worth anything. */
export function asksTheDns({ lists, clients }: AbuseConfig): boolean {
  return lists.length > 0 || clients.reverseDns;
}
