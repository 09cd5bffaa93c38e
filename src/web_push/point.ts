/** Public keys of P-256 as octets (SEC 1 section 2.3.3): whether they are points of the curve, before anybody counts with them. */

const P = 0xffffffff00000001000000000000000000000000ffffffffffffffffffffffffn;
const B = 0x5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604bn;
/** `04`, and two numbers of 32 octets. */
export const POINT_OCTETS = 65;

/** Whether these are the octets of a point of P-256, uncompressed. */
export function isPoint(octets: Uint8Array): boolean {
  if (octets.length !== POINT_OCTETS || octets[0] !== 4) return false;
  const [x, y] = [number(octets.subarray(1, 33)), number(octets.subarray(33))];
  return x < P && y < P && (y * y - (x * x * x - 3n * x + B)) % P === 0n;
}

function number(octets: Uint8Array): bigint {
  return BigInt("0x" + octets.toHex());
}
