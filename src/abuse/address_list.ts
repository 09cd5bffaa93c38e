/** Networks in CIDR notation: reading them, naming them in one spelling, and which of a list an address is in. */
import { parseDigits } from "../base/ascii.ts";
import { addressText, clientAddress, inNetwork, type IpAddress } from "../mailauth/spf/ip_address.ts";

/** An address with the number of bits that count. */
export interface Network {
  readonly address: IpAddress;
  readonly prefix: number;
}

/** `192.0.2.1`, `192.0.2.0/24`, `2001:db8::/32`; null for anything else. Bits behind the prefix are ignored. */
export function parseNetwork(text: string): Network | null {
  const slash = text.indexOf("/");
  const address = text.includes("%") ? null : clientAddress(slash < 0 ? text : text.slice(0, slash));
  if (address === null) return null;
  const bits = address.version === 4 ? 32 : 128;
  const prefix = slash < 0 ? bits : parseDigits(text.slice(slash + 1), bits);
  return prefix === null ? null : { address: masked(address, prefix), prefix };
}

/** The one spelling of a network: without its prefix where it is a single address. */
export function networkText({ address, prefix }: Network): string {
  const whole = prefix === (address.version === 4 ? 32 : 128);
  return whole ? addressText(address) : `${addressText(address)}/${prefix}`;
}

/** The name of the network that an address is in; whatever is no address (a UNIX socket) is its own. */
export function networkKey(address: string, ipv4: number, ipv6: number): string {
  const parsed = clientAddress(address);
  if (parsed === null) return address;
  const prefix = parsed.version === 4 ? ipv4 : ipv6;
  return networkText({ address: masked(parsed, prefix), prefix });
}

/** The address with all bits behind the prefix 0. */
export function masked(address: IpAddress, prefix: number): IpAddress {
  const words = address.words.map((word, i) => {
    const bits = Math.min(16, Math.max(0, prefix - i * 16));
    return word & (0xffff << (16 - bits)) & 0xffff;
  });
  return { version: address.version, words };
}

/** A list of networks. */
export class AddressList {
  readonly #networks: readonly Network[];

  /** Throws on what is no network, naming it. */
  constructor(networks: readonly string[]) {
    this.#networks = networks.map((text) => {
      const network = parseNetwork(text);
      if (network === null) throw new Error(`${text} is no address and no network`);
      return network;
    });
  }

  has(address: string): boolean {
    const parsed = clientAddress(address);
    return parsed !== null && this.#networks.some((one) => inNetwork(parsed, one.address, one.prefix));
  }
}
