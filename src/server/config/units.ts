/** Sizes and durations as people write them in the configuration and on the command line. */
import { lowerAscii, parseDigits } from "../../base/ascii.ts";

/** Powers of 1024, as mail servers count: "50MB" takes what a mail program calls 50 MB. */
const SIZES: readonly (readonly [string, number])[] = [
  ["gib", 1024 ** 3],
  ["mib", 1024 ** 2],
  ["kib", 1024],
  ["gb", 1024 ** 3],
  ["mb", 1024 ** 2],
  ["kb", 1024],
  ["b", 1],
];

const DURATIONS: readonly (readonly [string, number])[] = [
  ["ms", 1],
  ["s", 1000],
  ["m", 60_000],
  ["h", 3_600_000],
  ["d", 86_400_000],
];

/** Octets of "50MB", "64KB", "1.5GB" or "1048576"; null for anything else. */
export function parseSize(text: string): number | null {
  return parseAmount(lowerAscii(text), SIZES, 1);
}

/** Milliseconds of "30s", "4h", "5d", "250ms"; null for anything else, a number without unit included. */
export function parseDuration(text: string): number | null {
  return parseAmount(lowerAscii(text), DURATIONS, null);
}

/** The shortest exact form, else with one decimal: `52428800` is "50MB". */
export function formatSize(octets: number): string {
  for (const [unit, factor] of [["GB", 1024 ** 3], ["MB", 1024 ** 2], ["KB", 1024]] as const) {
    if (octets >= factor) {
      const amount = octets / factor;
      return `${Number.isInteger(amount) ? amount : amount.toFixed(1)}${unit}`;
    }
  }
  return `${octets}B`;
}

/** The largest unit that loses nothing: `14400000` is "4h". */
export function formatDuration(ms: number): string {
  for (const [unit, factor] of [...DURATIONS].reverse()) {
    if (ms >= factor && ms % factor === 0) return `${ms / factor}${unit}`;
  }
  return `${ms}ms`;
}

function parseAmount(
  text: string,
  units: readonly (readonly [string, number])[],
  bare: number | null,
): number | null {
  if (text.length > 24) return null;
  let factor = bare;
  let amount = text;
  for (const [unit, of] of units) {
    if (text.endsWith(unit)) {
      factor = of;
      amount = text.slice(0, -unit.length);
      if (amount.endsWith(" ")) amount = amount.slice(0, -1);
      break;
    }
  }
  if (factor === null) return null;
  const dot = amount.indexOf(".");
  const whole = parseDigits(dot < 0 ? amount : amount.slice(0, dot));
  if (whole === null) return null;
  const decimals = dot < 0 ? "" : amount.slice(dot + 1);
  const part = dot < 0 ? 0 : decimals.length <= 6 ? parseDigits(decimals) : null;
  if (part === null) return null;
  const value = Math.round((whole + part / 10 ** decimals.length) * factor);
  return Number.isSafeInteger(value) ? value : null;
}
