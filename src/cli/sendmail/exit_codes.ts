/** sysexits.h: what programs that call sendmail(8) look at. */
export const SYSEXITS = {
  ok: 0,
  usage: 64,
  dataError: 65,
  noUser: 67,
  unavailable: 69,
  temporary: 75,
  noPermission: 77,
  config: 78,
} as const;

/** For an answer of the server: its status, and the words that begin with SMTP's codes. */
export function exitOf(status: number, detail: string): number {
  if (status >= 200 && status < 300) return SYSEXITS.ok;
  if (status >= 500 || status === 408) return SYSEXITS.temporary;
  const enhanced = /^\d{3} (\d\.\d+\.\d+) /.exec(detail)?.[1] ?? "";
  if (enhanced === "5.1.1" || enhanced === "5.2.1" || enhanced === "5.1.3") return SYSEXITS.noUser;
  if (enhanced.startsWith("5.6.") || status === 413) return SYSEXITS.dataError;
  return status === 422 && enhanced === "" ? SYSEXITS.usage : SYSEXITS.unavailable;
}
