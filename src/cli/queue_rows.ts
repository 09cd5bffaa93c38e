import type { Config } from "../server/config/mod.ts";
import type { Admin } from "./admin.ts";
import { segment } from "./admin.ts";

/** A recipient that waits, as the admin API shows it. */
export interface QueueView {
  readonly queueId: string;
  readonly traceId: string;
  readonly sender: string;
  readonly recipient: string;
  readonly domain: string | null;
  readonly state: "ready" | "leased" | "held";
  readonly priority: "urgent" | "normal" | "bulk";
  readonly attempts: number;
  readonly size: number;
  readonly queuedAt: string;
  readonly dueAt: string;
  readonly expiresAt: string;
  /** Why it waits, in words. */
  readonly waits: string;
  readonly lastReply: string | null;
  /** The way a person chose. */
  readonly route: string | null;
}

/** Words for the states: what a person wants to know is whether something will happen by itself. */
export const STATE_WORDS = { ready: "waits", leased: "is sent now", held: "held" } as const;

/** The rows that match, a page at a time; the whole queue is never in memory. */
export async function* queuePages(
  admin: Admin,
  filter: ReadonlyMap<string, string>,
): AsyncGenerator<readonly QueueView[]> {
  let after: string | null = null;
  for (;;) {
    const query = [["limit", "500"], ...filter, ...(after === null ? [] : [["after", after]])];
    const text = query.map(([name = "", value = ""]) => `${name}=${segment(value)}`).join("&");
    const page = await admin.request("GET", `/queue?${text}`) as { queue: readonly QueueView[]; next: string | null };
    if (page.queue.length > 0) yield page.queue;
    if (page.next === null) return;
    after = page.next;
  }
}

/** Said to a person who looks at or pushes the queue while `outbound.hold` keeps all of it here. */
export function heldNote(config: Config): string {
  return config.outbound.hold ? "Sending is held by the configuration (outbound.hold): nothing goes out.\n" : "";
}
