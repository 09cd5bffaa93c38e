import { EXIT, type Exit } from "../exit.ts";

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

/** How a command with these codes ends where others of the command line would end otherwise. */
export function sysexit({ code }: Exit): number {
  if (code === EXIT.usage) return SYSEXITS.config; // of the configuration: the arguments are read by now
  return code === EXIT.refused ? SYSEXITS.noPermission : code;
}

/** For one recipient's reply to a delivery agent: `550 5.1.1 …`. */
export function deliveryExit(reply: string): number {
  const [, code = "", enhanced = ""] = /^(\d{3}) (\d\.\d+\.\d+)/.exec(reply) ?? [];
  if (!code.startsWith("5")) return SYSEXITS.temporary;
  if (["5.1.1", "5.1.3", "5.2.1"].includes(enhanced)) return SYSEXITS.noUser;
  if (enhanced.startsWith("5.6.") || enhanced === "5.3.4") return SYSEXITS.dataError;
  return enhanced === "5.2.2" ? SYSEXITS.unavailable : SYSEXITS.noPermission;
}

/** What may still succeed decides, so that the caller keeps the message; then what somebody has to hear of. */
const WORST_FIRST = [
  SYSEXITS.temporary,
  SYSEXITS.noPermission,
  SYSEXITS.unavailable,
  SYSEXITS.noUser,
  SYSEXITS.dataError,
] as const;

/** One code for several recipients. */
export function worstOf(codes: readonly number[]): number {
  return WORST_FIRST.find((code) => codes.includes(code)) ?? codes.find((code) => code !== 0) ?? SYSEXITS.ok;
}
