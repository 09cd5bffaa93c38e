/** Why a connection ends (RFC 6455 section 7.4.1), as numbers of the wire. */
export const CLOSE = {
  normal: 1000,
  goingAway: 1001,
  protocol: 1002,
  unsupported: 1003,
  invalidText: 1007,
  policy: 1008,
  tooLarge: 1009,
  internal: 1011,
  tryLater: 1013,
} as const;

/** Whether a number may stand in a close frame: not those that are only said of a connection. */
export function isCloseCode(code: number): boolean {
  return (code >= 1000 && code <= 1014 && code !== 1004 && code !== 1005 && code !== 1006) ||
    (code >= 3000 && code <= 4999);
}
