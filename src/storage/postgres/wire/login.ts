/** Proving who we are to PostgreSQL: SCRAM-SHA-256, MD5, or the password itself where nobody listens. */
import { pbkdf2, randomBytes } from "node:crypto";
import { concatBytes, EMPTY, utf8Bytes } from "../../../base/bytes.ts";
import { digest } from "../../../base/hash.ts";
import { type ClientExchange, type ClientRequest, startClientExchange } from "../../../sasl/client.ts";
import type { DatabaseAddress } from "./address.ts";
import { type FrameWriter, readStrings } from "./frames.ts";

/** The client's side of authentication; each AuthenticationXXX message is a step. */
export class LoginExchange {
  readonly #address: DatabaseAddress;
  readonly #isPrivate: boolean;
  #scram: ClientExchange | null = null;
  #settled = false;

  /** `isPrivate`: nobody can listen, for it is TLS or does not leave the machine. */
  constructor(address: DatabaseAddress, isPrivate: boolean) {
    this.#address = address;
    this.#isPrivate = isPrivate;
  }

  /** Answers true when the server is content. Throws where we cannot or will not. */
  async step(body: Uint8Array, writer: FrameWriter): Promise<boolean> {
    const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
    const rest = body.slice(4);
    switch (view.getUint32(0)) {
      case 0:
        if (this.#scram && !this.#settled) throw new Error("the server ended the SCRAM exchange without its proof");
        return true;
      case 3:
        if (!this.#isPrivate) throw new Error("the server wants the password in the clear: use TLS (sslmode=require)");
        writer.password(concatBytes([utf8Bytes(this.#password()), new Uint8Array(1)]));
        return false;
      case 5:
        writer.password(utf8Bytes(this.#md5(rest) + "\0"));
        return false;
      case 10: {
        if (!readStrings(rest, 0).includes("SCRAM-SHA-256")) throw new Error("the server does not know SCRAM-SHA-256");
        const nonce = randomBytes(18).toString("base64");
        this.#password();
        const credentials = { username: this.#address.user, password: this.#address.password!, nonce };
        this.#scram = startClientExchange("SCRAM-SHA-256", credentials);
        writer.password((await this.#advance(EMPTY))!, "SCRAM-SHA-256");
        return false;
      }
      case 11: {
        const said = await this.#advance(rest);
        if (said !== null) writer.password(said);
        return false;
      }
      case 12:
        // The server's proof is right: the exchange has only an empty word left, which this protocol does not send.
        this.#settled = !(await this.#advance(rest))?.length;
        return false;
      default:
        throw new Error("the server wants a kind of authentication that is not known here");
    }
  }

  /** Resumes the exchange with a challenge; null where it has nothing more to say. */
  async #advance(challenge: Uint8Array): Promise<Uint8Array | null> {
    let step: IteratorResult<ClientRequest, string | null> = this.#scram!.next(challenge);
    for (;;) {
      if (step.done) {
        if (step.value !== null) throw new Error(`SCRAM-SHA-256 failed: ${step.value}`);
        return null;
      }
      if (step.value.type === "say") return step.value.data;
      const { password, salt, iterations } = step.value;
      const key = await new Promise<Uint8Array>((resolve, reject) => {
        pbkdf2(password.reveal(), salt, iterations, 32, "sha256", (error, made) => {
          if (error) reject(error);
          else resolve(new Uint8Array(made));
        });
      });
      step = this.#scram!.next(key);
    }
  }

  #md5(salt: Uint8Array): string {
    const inner = digest("md5", utf8Bytes(this.#password() + this.#address.user)).toHex();
    return "md5" + digest("md5", concatBytes([utf8Bytes(inner), salt.subarray(0, 4)])).toHex();
  }

  #password(): string {
    const password = this.#address.password;
    if (password === null) throw new Error("the server wants a password, and the URL has none");
    return password.reveal();
  }
}
