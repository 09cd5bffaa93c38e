/** The octets in pieces, cut at these places; copies, so that none can be kept. */
export function pieces(octets: Uint8Array, cuts: readonly number[]): Uint8Array[] {
  const places = [...new Set(cuts.map((cut) => Math.min(cut, octets.length)))].sort((a, b) => a - b);
  return [0, ...places].map((from, i) => octets.slice(from, places[i] ?? octets.length));
}
