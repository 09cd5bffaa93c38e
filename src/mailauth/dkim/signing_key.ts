/** A private key with the name under which its public half is published. */
import { createHash, createPrivateKey, type KeyObject, sign } from "node:crypto";
import { domainToAscii } from "../../base/address.ts";
import type { Secret } from "../../base/secret.ts";
import { domainValue, selectorValue } from "./domain_value.ts";
import type { SigningAlgorithm } from "./signature.ts";

/** What a key is made of. */
export interface DkimKeySource {
  /** d=, and s= below its `_domainkey`. */
  readonly domain: string;
  readonly selector: string;
  /** PEM: PKCS #8, or PKCS #1 for RSA. */
  readonly privateKey: Secret;
}

/** Signs for one selector of a domain. It is read once, and shows nothing of its key. */
export class DkimSigningKey {
  /** A-labels, in lower case. */
  readonly domain: string;
  readonly selector: string;
  readonly algorithm: SigningAlgorithm;
  readonly #key: KeyObject;

  private constructor(domain: string, selector: string, algorithm: SigningAlgorithm, key: KeyObject) {
    this.domain = domain;
    this.selector = selector;
    this.algorithm = algorithm;
    this.#key = key;
  }

  /**
   * Reads a key. `malformed`: no RSA or Ed25519 key; `weak`: RSA with fewer than 1024 bits, which nobody may verify
   * (RFC 8301 section 3.2); `name`: the domain or the selector is none.
   */
  static read(source: DkimKeySource): DkimSigningKey | "malformed" | "weak" | "name" {
    const domain = domainValue(domainToAscii(source.domain) ?? "");
    const selector = selectorValue(domainToAscii(source.selector) ?? "");
    if (domain === null || selector === null || domain.length + selector.length > 240) return "name";
    try {
      const key = createPrivateKey(source.privateKey.reveal());
      if (key.asymmetricKeyType === "ed25519") return new DkimSigningKey(domain, selector, "ed25519-sha256", key);
      if (key.asymmetricKeyType !== "rsa") return "malformed";
      if ((key.asymmetricKeyDetails?.modulusLength ?? 0) < 1024) return "weak";
      return new DkimSigningKey(domain, selector, "rsa-sha256", key);
    } catch {
      return "malformed";
    }
  }

  /** The signature of `data` (RFC 6376 section 3.3, RFC 8463 section 3). */
  sign(data: Uint8Array): Uint8Array {
    if (this.algorithm === "rsa-sha256") return new Uint8Array(sign("sha256", data, this.#key));
    return new Uint8Array(sign(null, createHash("sha256").update(data).digest(), this.#key));
  }
}
