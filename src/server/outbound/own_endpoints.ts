/** Which addresses are this server, so that it never sends mail to itself in a circle. */
import { networkInterfaces } from "node:os";
import { normaliseAddress } from "../../net/transport_address.ts";

/** `address:port` entries with the wildcards (`0.0.0.0`, `::`) replaced by every address of this machine. */
export function expandEndpoints(endpoints: ReadonlySet<string>): ReadonlySet<string> {
  const found = new Set<string>();
  for (const endpoint of endpoints) {
    const colon = endpoint.lastIndexOf(":");
    const address = endpoint.slice(0, colon);
    const bare = normaliseAddress(address.startsWith("[") ? address.slice(1, -1) : address);
    const port = endpoint.slice(colon + 1);
    if (bare !== "0.0.0.0" && bare !== "::") found.add(`${bare}:${port}`);
    else for (const own of machineAddresses(bare === "::")) found.add(`${own}:${port}`);
  }
  return found;
}

/** A socket on `::` takes IPv4 too. */
function machineAddresses(six: boolean): string[] {
  const found = ["127.0.0.1", "0.0.0.0", ...(six ? ["::1", "::"] : [])];
  for (const list of Object.values(networkInterfaces())) {
    for (const { address, family } of list ?? []) {
      if (six || family === "IPv4") found.push(normaliseAddress(address));
    }
  }
  return found;
}
