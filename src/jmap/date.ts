/** Dates as RFC 8620 section 1.4 has them. */

/** `2014-10-30T06:12:00Z`; null: there is no such date. */
export function printDate(ms: number | null): string | null {
  if (ms === null || !(ms > -62_135_596_800_000 && ms < 253_402_300_800_000)) return null;
  return new Date(ms).toISOString().replace(/\.000Z$/, "Z");
}

/** A UTCDate, or a Date with an offset; null: it is none. */
export function parseJmapDate(text: string): number | null {
  if (!/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,9})?(Z|[+-]\d{2}:\d{2})$/.test(text)) return null;
  const ms = Date.parse(text);
  return Number.isNaN(ms) ? null : ms;
}

/** A UTCDate; null: it is none. */
export function parseUtcDate(text: string): number | null {
  return text.endsWith("Z") ? parseJmapDate(text) : null;
}
