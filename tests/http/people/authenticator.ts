/** A device with passkeys, in software: P-256 keys, CBOR by hand, as WebAuthn has it. */
import { createHash, createSign, generateKeyPairSync, type KeyObject, randomBytes } from "node:crypto";

const base64url = (bytes: Uint8Array) => Buffer.from(bytes).toString("base64url");
const sha256 = (bytes: Uint8Array | string) => new Uint8Array(createHash("sha256").update(bytes).digest());

interface Options {
  readonly challenge: string;
  readonly rpId?: string;
  readonly rp?: { readonly id: string };
  readonly user?: { readonly id: string };
}

/** What a device may do otherwise than it should. */
export interface Mischief {
  readonly origin?: string;
  readonly rpId?: string;
  readonly challenge?: string;
  readonly type?: string;
  /** User present 1, user verified 4. */
  readonly flags?: number;
  readonly counter?: number;
  readonly userHandle?: string;
  readonly signature?: Uint8Array;
  readonly algorithm?: number;
}

export class Authenticator {
  readonly origin: string;
  readonly id: Uint8Array = new Uint8Array(randomBytes(32));
  counter = 0;
  handle = "";
  readonly #private: KeyObject;
  readonly #x: Uint8Array;
  readonly #y: Uint8Array;

  constructor(origin: string) {
    this.origin = origin;
    const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const { x, y } = publicKey.export({ format: "jwk" });
    this.#private = privateKey;
    this.#x = new Uint8Array(Buffer.from(x!, "base64url"));
    this.#y = new Uint8Array(Buffer.from(y!, "base64url"));
  }

  /** `navigator.credentials.create`, as the page puts it into its form. */
  create(options: Options, mischief: Mischief = {}): string {
    this.handle = options.user!.id;
    const client = this.#clientData("webauthn.create", options, mischief);
    const length = new Uint8Array([this.id.length >> 8, this.id.length & 255]);
    const attested = concat(new Uint8Array(16), length, this.id, this.#coseKey(mischief.algorithm ?? -7));
    const data = concat(this.#head(mischief.rpId ?? options.rp!.id, (mischief.flags ?? 5) | 64), attested);
    const attestation = concat(
      new Uint8Array([0xa3]),
      text("fmt"),
      text("none"),
      text("attStmt"),
      new Uint8Array([0xa0]),
      text("authData"),
      octets(data),
    );
    return this.#credential({
      clientDataJSON: base64url(client),
      attestationObject: base64url(attestation),
      transports: ["internal"],
    });
  }

  /** `navigator.credentials.get`. */
  get(options: Options, mischief: Mischief = {}): string {
    this.counter = mischief.counter ?? this.counter + 1;
    const client = this.#clientData("webauthn.get", options, mischief);
    const data = this.#head(mischief.rpId ?? options.rpId!, mischief.flags ?? 5);
    const signature = mischief.signature ??
      createSign("sha256").update(concat(data, sha256(client))).sign(this.#private);
    return this.#credential({
      clientDataJSON: base64url(client),
      authenticatorData: base64url(data),
      signature: base64url(signature),
      userHandle: mischief.userHandle ?? this.handle,
    });
  }

  #clientData(type: string, { challenge }: Options, mischief: Mischief): Uint8Array {
    const said = {
      type: mischief.type ?? type,
      challenge: mischief.challenge ?? challenge,
      origin: mischief.origin ?? this.origin,
    };
    return new TextEncoder().encode(JSON.stringify(said));
  }

  #head(rpId: string, flags: number): Uint8Array {
    const counter = new Uint8Array(4);
    new DataView(counter.buffer).setUint32(0, this.counter);
    return concat(sha256(rpId), new Uint8Array([flags]), counter);
  }

  /** A map of kty 2 (EC2), alg, crv 1 (P-256), x and y. */
  #coseKey(algorithm: number): Uint8Array {
    return concat(
      new Uint8Array([0xa5, 1, 2, 3, 0x20 | (-1 - algorithm), 0x20, 1, 0x21]),
      octets(this.#x),
      new Uint8Array([0x22]),
      octets(this.#y),
    );
  }

  #credential(response: object): string {
    const id = base64url(this.id);
    return JSON.stringify({ id, rawId: id, type: "public-key", clientExtensionResults: {}, response });
  }
}

function concat(...parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}

function octets(bytes: Uint8Array): Uint8Array {
  const head = bytes.length < 256 ? [0x58, bytes.length] : [0x59, bytes.length >> 8, bytes.length & 255];
  return concat(new Uint8Array(head), bytes);
}

function text(value: string): Uint8Array {
  return concat(new Uint8Array([0x60 | value.length]), new TextEncoder().encode(value));
}
