/** What a store of objects says when it will not, in the store's words and with what to do. */
import { StorageError } from "../storage.ts";
import { field } from "./xml.ts";

/** An answer of the other side that says no. */
export class ObjectRefusal extends StorageError {
  readonly status: number;
  /** S3's word for it, as `NoSuchKey`; empty where there is none. */
  readonly code: string;

  constructor(status: number, code: string, message: string) {
    super(/full|quota|insufficientstorage/i.test(code) || status === 507 ? "full" : "unavailable", message);
    this.status = status;
    this.code = code;
  }
}

/** Nobody answered, or not to the end. */
export class Unreachable extends StorageError {
  constructor(where: string, doing: string, why: string, cause: unknown) {
    super("unavailable", `the store of objects at ${where} cannot be reached for ${doing}: ${why}`, cause);
  }
}

/** Worth another try: the server's own trouble, or a body that came too slowly. */
const PASSING = new Set(["RequestTimeout", "InternalError", "SlowDown", "ServiceUnavailable"]);

/** Whether the same request may be answered otherwise a moment later. */
export function isPassing({ status, code }: ObjectRefusal): boolean {
  return [408, 429, 500, 502, 503, 504].includes(status) || PASSING.has(code);
}

const KEY = "correct storage.objects.accessKeyId and .secretAccessKey";
const ADVICE: Readonly<Record<string, string>> = {
  NoSuchBucket: "there is no such bucket: make it, or correct storage.objects.bucket",
  InvalidBucketName: "correct storage.objects.bucket",
  InvalidAccessKeyId: "the access key is unknown: " + KEY,
  SignatureDoesNotMatch: "the signature is wrong: " + KEY,
  AuthorizationHeaderMalformed: "correct storage.objects.region",
  PermanentRedirect: "the bucket is elsewhere: correct storage.objects.endpoint and .region",
  TemporaryRedirect: "the bucket is elsewhere: correct storage.objects.endpoint and .region",
  RequestTimeTooSkewed: "the clock of this machine is wrong: set it (NTP)",
  AccessDenied: "the key must be allowed to get, put, delete and list objects of the bucket (s3:GetObject, " +
    "s3:PutObject, s3:DeleteObject, s3:ListBucket, s3:AbortMultipartUpload, s3:ListBucketMultipartUploads)",
};
/** Where the answer has no text, as those to HEAD. */
const BY_STATUS: Readonly<Record<number, string>> = { 301: "PermanentRedirect", 403: "AccessDenied" };
const LONGEST_TEXT = 200;

/** Makes one of an answer's status and text; `doing` is what was asked for, `where` of whom. */
export function refusalOf(where: string, doing: string, status: number, text: string): ObjectRefusal {
  const code = field(text, "Code") ?? BY_STATUS[status] ?? "";
  const said = [code, field(text, "Message") ?? ""].filter((part) => part !== "").join(": ").slice(0, LONGEST_TEXT);
  const advice = ADVICE[code];
  const why = `${said === "" ? "" : ` (${said})`}${advice === undefined ? "" : `; ${advice}`}`;
  return new ObjectRefusal(status, code, `the store of objects at ${where} answered ${doing} with ${status}${why}`);
}
