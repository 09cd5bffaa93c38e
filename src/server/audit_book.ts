/** The audit log in the store: records whose keys are in the order of time, and which expire. */
import { randomBytes } from "node:crypto";
import type { AuditDesk, AuditEntry, AuditFilter, AuditRow } from "../http/audit_desk.ts";
import type { Storage } from "../storage/storage.ts";

/** Records of one read, and how many one page looks at. */
const PAGE = 200;
const MOST_LOOKED_AT = 4_000;
const LARGEST = 100_000;

export interface AuditBookParts {
  readonly storage: Pick<Storage, "perform">;
  readonly now: () => number;
  /** How long entries are kept, in milliseconds; 0: nothing is written. */
  readonly keptMs: number;
  readonly failed: (error: unknown) => void;
}

export class AuditBook implements AuditDesk {
  readonly #parts: AuditBookParts;
  #count = 0;

  constructor(parts: AuditBookParts) {
    this.#parts = parts;
  }

  async add(entry: AuditEntry): Promise<void> {
    const { storage, now, keptMs, failed } = this.#parts;
    if (keptMs === 0) return;
    const at = now();
    try {
      const whole = JSON.stringify({ at, ...entry });
      const value = whole.length <= LARGEST
        ? whole
        : JSON.stringify({ at, ...entry, given: "…", before: "…", after: "…" });
      const expiresAt = at + keptMs;
      await storage.perform("record.put", { kind: "audit", key: this.#key(at), value, now: at, expiresAt });
    } catch (error) {
      failed(error);
    }
  }

  async list(filter: AuditFilter, after: string | null, limit: number): ReturnType<AuditDesk["list"]> {
    const { storage, now } = this.#parts;
    const rows: AuditRow[] = [];
    // Descending, so what comes first is what is just below the end of the time that is looked at.
    let last = after ?? (filter.until === undefined ? null : timeKey(filter.until));
    for (let looked = 0; looked < MOST_LOOKED_AT; looked += PAGE) {
      const args = { kind: "audit", now: now(), limit: PAGE, descending: true } as const;
      const page = await storage.perform("record.list", { ...args, ...(last !== null && { after: last }) });
      for (const { key, value } of page) {
        last = key;
        const row = { id: key, ...JSON.parse(value) as Omit<AuditRow, "id"> };
        if (filter.since !== undefined && row.at < filter.since) return { rows, next: null };
        if (!fits(row, filter)) continue;
        rows.push(row);
        if (rows.length === limit) return { rows, next: key };
      }
      if (page.length < PAGE) return { rows, next: null };
    }
    return { rows, next: last };
  }

  /** Those of one process in their order, those of two servers beside each other. */
  #key(at: number): string {
    this.#count = (this.#count + 1) % 1_000_000;
    return `${timeKey(at)}.${String(this.#count).padStart(6, "0")}.${randomBytes(3).toString("hex")}`;
  }
}

function timeKey(at: number): string {
  return String(Math.max(0, Math.floor(at))).padStart(14, "0");
}

function fits(row: AuditRow, { by, resource, action, request }: AuditFilter): boolean {
  return (by === undefined || row.by === by) && (resource === undefined || row.resource.startsWith(resource)) &&
    (action === undefined || row.action === action) && (request === undefined || row.request === request);
}
