/**
 * The client's side of SASL (RFC 4422): PLAIN (RFC 4616), LOGIN and SCRAM-SHA-256 (RFC 5802, RFC 7677). An exchange is a
 * generator: it yields what to say and questions, and is resumed with the server's challenges and the answers. Framing is
 * the protocol's business.
 */
import { decodeBase64, encodeBase64 } from "../base/base64.ts";
import { latin1Bytes, utf8Bytes, utf8Strict } from "../base/bytes.ts";
import { digest, equalSecretBytes, hmac } from "../base/hash.ts";
import { Secret } from "../base/secret.ts";
import { parseDigits } from "../base/ascii.ts";
import { saslPrep } from "./saslprep.ts";

/** Mechanisms of the client, the best first. */
export const CLIENT_MECHANISMS = ["SCRAM-SHA-256", "PLAIN", "LOGIN"] as const;
/** One of them. */
export type ClientMechanism = typeof CLIENT_MECHANISMS[number];

/** Who logs in. */
export interface ClientCredentials {
  readonly username: string;
  readonly password: Secret;
  /** Visible ASCII without commas, never the same again; null: no SCRAM. */
  readonly nonce: string | null;
}

/** What an exchange yields: a message to the server, or slow work to be done elsewhere (PBKDF2 with SHA-256). */
export type ClientRequest =
  | { readonly type: "say"; readonly data: Uint8Array }
  | { readonly type: "derive"; readonly password: Secret; readonly salt: Uint8Array; readonly iterations: number };

/**
 * Resumed with the server's next challenge after `say`, with the derived key after `derive`. It returns when it has
 * nothing more to say: null, or why it gives up. Until then a success of the server is none.
 */
export type ClientExchange = Generator<ClientRequest, string | null, Uint8Array>;

/** RFC 7677 section 4 says at least 4096; fewer would make the password cheap to guess, more than this is an attack. */
const ITERATIONS = { least: 4096, most: 1_000_000 };
const SALT_LIMIT = 256;
const NONCE_LIMIT = 512;

/** The best mechanism that both sides know, or null. `offered` in upper case. */
export function chooseMechanism(offered: readonly string[], credentials: ClientCredentials): ClientMechanism | null {
  const usable = CLIENT_MECHANISMS.filter((name) => name !== "SCRAM-SHA-256" || credentials.nonce !== null);
  return usable.find((name) => offered.includes(name)) ?? null;
}

/** Whether the first message goes with the command (RFC 4422 section 3.3). */
export function saysFirst(mechanism: ClientMechanism): boolean {
  return mechanism !== "LOGIN";
}

/** Begins an exchange. Where `saysFirst` is false, the first `say` answers the first challenge. */
export function startClientExchange(mechanism: ClientMechanism, credentials: ClientCredentials): ClientExchange {
  switch (mechanism) {
    case "PLAIN":
      return plain(credentials);
    case "LOGIN":
      return login(credentials);
    case "SCRAM-SHA-256":
      return scram(credentials, credentials.nonce ?? "");
  }
}

function* plain({ username, password }: ClientCredentials): ClientExchange {
  yield say(utf8Bytes(`\0${username}\0${password.reveal()}`)); // authzid NUL authcid NUL passwd
  return null;
}

/** What the challenges say (`Username:`) differs from server to server: their order is what counts. */
function* login({ username, password }: ClientCredentials): ClientExchange {
  yield say(utf8Bytes(username));
  yield say(utf8Bytes(password.reveal()));
  return null;
}

function* scram({ username, password }: ClientCredentials, nonce: string): ClientExchange {
  const name = saslPrep(username);
  const secret = saslPrep(password.reveal());
  if (name === null || secret === null) return "the name or password holds characters that none may hold";
  const bare = `n=${name.replaceAll("=", "=3D").replaceAll(",", "=2C")},r=${nonce}`;
  const serverFirst = utf8Strict(yield say(utf8Bytes(`n,,${bare}`))) ?? "";
  const first = parseServerFirst(serverFirst, nonce);
  if (first === null) return "the server's first message is none of SCRAM";
  const salted = yield { type: "derive", password: new Secret(secret), salt: first.salt, iterations: first.iterations };
  const withoutProof = `c=biws,r=${first.nonce}`; // biws: "n,,", no channel binding
  const authMessage = utf8Bytes(`${bare},${serverFirst},${withoutProof}`);
  const proof = proofOf(salted, authMessage);
  const last = utf8Strict(yield say(utf8Bytes(`${withoutProof},p=${encodeBase64(proof)}`))) ?? "";
  // RFC 5802 section 5: the server knows the password too, or is not the one it says it is.
  const claimed = decodeBase64(last.startsWith("v=") ? last.slice(2).split(",")[0]! : "!");
  const expected = hmac("sha256", hmac("sha256", salted, latin1Bytes("Server Key")), authMessage);
  if (claimed === null || !equalSecretBytes(claimed, expected)) return "the server does not know the password";
  yield say(new Uint8Array());
  return null;
}

interface ServerFirst {
  readonly nonce: string;
  readonly salt: Uint8Array;
  readonly iterations: number;
}

/** `r=…,s=…,i=…[,extensions]`; a mandatory extension `m=` stands first and is refused there. */
function parseServerFirst(text: string, clientNonce: string): ServerFirst | null {
  const [r = "", s = "", i = ""] = text.split(",");
  const nonce = r.startsWith("r=") ? r.slice(2) : "";
  const salt = decodeBase64(s.startsWith("s=") ? s.slice(2) : "!");
  const iterations = i.startsWith("i=") ? parseDigits(i.slice(2)) : null;
  // Section 5.1: the server's nonce begins with ours and goes on.
  const mine = nonce.startsWith(clientNonce) && nonce.length > clientNonce.length && nonce.length <= NONCE_LIMIT;
  if (!mine || salt === null || salt.length === 0 || salt.length > SALT_LIMIT || iterations === null) return null;
  return iterations < ITERATIONS.least || iterations > ITERATIONS.most ? null : { nonce, salt, iterations };
}

/** Section 3: ClientKey XOR ClientSignature. */
function proofOf(salted: Uint8Array, authMessage: Uint8Array): Uint8Array {
  const clientKey = hmac("sha256", salted, latin1Bytes("Client Key"));
  const signature = hmac("sha256", digest("sha256", clientKey), authMessage);
  return clientKey.map((octet, i) => octet ^ signature[i]!);
}

function say(data: Uint8Array): ClientRequest {
  return { type: "say", data };
}
