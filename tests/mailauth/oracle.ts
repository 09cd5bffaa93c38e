/** The package mailauth as a second opinion: the same message, the same records, its strict mode. */
import { arc, sealMessage } from "mailauth/lib/arc/index.js";
import { dkimSign } from "mailauth/lib/dkim/sign.js";
import { dkimVerify } from "mailauth/lib/dkim/verify.js";
import { latin1Bytes, latin1String } from "../../src/base/bytes.ts";
import { NOW, type TestKey, type Zones } from "./dkim/world.ts";

/** The results of its signatures, in order, and of the chain. */
export interface Opinion {
  readonly dkim: readonly { readonly result: string; readonly comment: string }[];
  readonly arc: { readonly result: string; readonly comment: string };
}

// deno-lint-ignore no-explicit-any -- the package's types are of its own streams
type Any = any;

export async function oracle(message: Uint8Array, zones: Zones): Promise<Opinion> {
  const resolver = resolverOf(zones);
  const options: Any = { strict: true, resolver, curTime: new Date(NOW), minBitLength: 1024 };
  const found: Any = await dkimVerify(message as Any, options);
  const chain: Any = await arc(found.arc, options);
  const said = (status: Any) => ({ result: String(status.result), comment: String(status.comment ?? "") });
  return { dkim: found.results.map((one: Any) => said(one.status)), arc: said(chain.status) };
}

function resolverOf(zones: Zones) {
  return (asked: string) => {
    const name = asked.toLowerCase(); // as the DNS does
    const found = Object.hasOwn(zones, name) ? zones[name]! : null;
    const failure = (code: string) => Promise.reject(Object.assign(new Error(code), { code }));
    if (found === "fail") return failure("ETIMEOUT");
    return found === null ? failure("ENOTFOUND") : Promise.resolve([found].flat().map((text) => [text]));
  };
}

/** What the signer of mailauth is asked for. */
export interface OracleSigning {
  readonly canonicalization: string;
  readonly headerList?: readonly string[];
  readonly maxBodyLength?: number;
  readonly expires?: Date;
}

/** The message with a signature by mailauth before it. */
export async function oracleSigned(message: Uint8Array, key: TestKey, signing: OracleSigning): Promise<Uint8Array> {
  const { canonicalization, headerList, maxBodyLength, expires } = signing;
  const signatureData = {
    signingDomain: key.key.domain,
    selector: key.key.selector,
    privateKey: key.pem,
    ...(maxBodyLength === undefined ? {} : { maxBodyLength }),
  };
  const options: Any = {
    canonicalization,
    signTime: new Date(NOW - 5000),
    expires,
    headerList,
    signatureData: [signatureData],
  };
  const { signatures, errors } = await dkimSign(message as Any, options);
  if (errors?.length) throw new Error(String((errors[0] as Any).err));
  return latin1Bytes(signatures + latin1String(message));
}

/** The message with a set of mailauth before it. */
export async function oracleSealed(
  message: Uint8Array,
  key: TestKey,
  cv: string,
  authResults: string,
): Promise<Uint8Array> {
  const seal: Any = {
    signingDomain: key.key.domain,
    selector: key.key.selector,
    privateKey: key.pem,
    signTime: new Date(NOW - 5000),
    authResults,
    cv,
  };
  const fields = new Uint8Array(await sealMessage(message as Any, seal));
  if (fields.length === 0) throw new Error("mailauth did not seal");
  return new Uint8Array([...fields, ...message]);
}
