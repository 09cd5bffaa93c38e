/** What is asked of a bucket: objects whole and in parts, ranges, lists. */
import { EMPTY } from "../../base/bytes.ts";
import { StorageError } from "../storage.ts";
import { type Answered, type Requests } from "./request.ts";
import { ObjectRefusal, refusalOf } from "./refusal.ts";
import { elements, escape, field } from "./xml.ts";

/** An object in a list. */
export interface Listed {
  readonly key: string;
  /** Milliseconds since 1970, by the other side's clock. */
  readonly at: number;
  readonly size: number;
}

/** A page of a list. */
export interface ListPage {
  readonly objects: readonly Listed[];
  /** Whether there are more behind. */
  readonly more: boolean;
  /** The other side's time. */
  readonly now: number;
}

/** An upload in parts that was begun. */
export interface BegunUpload {
  readonly key: string;
  readonly uploadId: string;
  readonly at: number;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();
/** A store that cannot do it has nothing of the kind, or cleans up by itself. */
const UNKNOWN = [404, 405, 501];

export class Bucket {
  readonly #requests: Requests;

  constructor(requests: Requests) {
    this.#requests = requests;
  }

  get where(): string {
    return this.#requests.where;
  }

  /** When it resolves, the object is there to stay. */
  async put(key: string, body: Uint8Array<ArrayBuffer>): Promise<void> {
    await this.#requests.ask({ method: "PUT", key, body, doing: "writing an object" });
  }

  /** Octets of a range, fewer where the object ends; null where there is no object. */
  async get(key: string, start: number, length: number): Promise<Uint8Array | null> {
    if (length <= 0) return EMPTY;
    const range = { start, length };
    const also = [404, 416]; // 416: the range begins behind the end
    const answer = await this.#requests.ask({ method: "GET", key, range, also, doing: "reading an object" });
    if (answer.status === 404) return this.#missing(answer);
    return answer.status === 416 ? EMPTY : answer.octets;
  }

  /** Octets of the object; null where there is none. */
  async size(key: string): Promise<number | null> {
    const { status, headers } = await this.#requests.ask({
      method: "HEAD",
      key,
      also: [404],
      doing: "looking at an object",
    });
    return status === 404 ? null : Number(headers.get("content-length") ?? 0);
  }

  /** Takes an object away, which may be gone already. */
  async remove(key: string): Promise<void> {
    const answer = await this.#requests.ask({ method: "DELETE", key, also: [404], doing: "removing an object" });
    if (answer.status === 404) this.#missing(answer);
  }

  /** Objects whose names begin so, in their order, behind a name; at most `most` (1000). */
  async list(prefix: string, after: string, most = 1000): Promise<ListPage> {
    const query: Record<string, string> = { "list-type": "2", prefix, "max-keys": String(most) };
    if (after !== "") query["start-after"] = after;
    const answer = await this.#requests.ask({ method: "GET", key: "", query, doing: "listing objects" });
    const text = decoder.decode(answer.octets);
    if (!text.includes("<ListBucketResult")) throw new StorageError("unavailable", `${this.where} gives no list`);
    const objects = [...elements(text, "Contents")].map((one) => ({
      key: field(one, "Key") ?? "",
      at: Date.parse(field(one, "LastModified") ?? ""),
      size: Number(field(one, "Size") ?? 0),
    }));
    const now = Date.parse(answer.headers.get("date") ?? "");
    return {
      objects,
      more: field(text, "IsTruncated") === "true" && objects.length > 0,
      now: Number.isNaN(now) ? Date.now() : now,
    };
  }

  /** Begins an upload in parts; answers its id. */
  async begin(key: string): Promise<string> {
    const query = { uploads: "" };
    const answer = await this.#requests.ask({ method: "POST", key, query, doing: "beginning an upload" });
    const id = field(decoder.decode(answer.octets), "UploadId");
    if (!id) throw new StorageError("unavailable", `${this.where} began an upload without an id`);
    return id;
  }

  /** Part `number`, from 1 on; answers its tag. All but the last have the same length, at least 5 MiB. */
  async part(key: string, uploadId: string, number: number, body: Uint8Array<ArrayBuffer>): Promise<string> {
    const query = { partNumber: String(number), uploadId };
    const { headers } = await this.#requests.ask({ method: "PUT", key, query, body, doing: "writing a part" });
    const tag = headers.get("etag");
    if (!tag) throw new StorageError("unavailable", `${this.where} took a part without a tag`);
    return tag;
  }

  /** Makes an object of the parts. When it resolves, the object is there to stay. */
  async complete(key: string, uploadId: string, tags: readonly string[], size: number): Promise<void> {
    const parts = tags.map((tag, i) => `<Part><PartNumber>${i + 1}</PartNumber><ETag>${escape(tag)}</ETag></Part>`);
    const body = encoder.encode(
      `<CompleteMultipartUpload xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${
        parts.join("")
      }</CompleteMultipartUpload>`,
    );
    const doing = "ending an upload";
    const also = [404];
    for (let attempt = 1;; attempt++) {
      const answer = await this.#requests.ask({ method: "POST", key, query: { uploadId }, body, also, doing });
      const text = decoder.decode(answer.octets);
      // The status goes out before the work is done: an error may stand behind a 200.
      const isDone = answer.status !== 404 && field(text, "Code") === null;
      if (isDone || await this.size(key) === size) return; // or it was done, and the answer was lost
      if (answer.status === 404 || attempt === 3) throw refusalOf(this.where, doing, answer.status, text);
    }
  }

  /** Throws away what was uploaded. Parts that are on their way may come behind it: to be asked again later. */
  async abort(key: string, uploadId: string): Promise<void> {
    const query = { uploadId };
    await this.#requests.ask({ method: "DELETE", key, query, also: UNKNOWN, doing: "ending an upload" });
  }

  /** Uploads that were begun and not ended, the first thousand. None from a store that cannot say. */
  async begun(prefix: string): Promise<readonly BegunUpload[]> {
    const query = { uploads: "", prefix };
    const doing = "listing uploads";
    const answer = await this.#requests.ask({ method: "GET", key: "", query, also: UNKNOWN, doing });
    if (answer.status >= 300) return [];
    return [...elements(decoder.decode(answer.octets), "Upload")].map((one) => ({
      key: field(one, "Key") ?? "",
      uploadId: field(one, "UploadId") ?? "",
      at: Date.parse(field(one, "Initiated") ?? ""),
    }));
  }

  close(): void {
    this.#requests.close();
  }

  /** 404 is also said of a bucket that is gone: then nothing is known of the object. */
  #missing({ status, octets }: Answered): null {
    const refusal: ObjectRefusal = refusalOf(this.where, "a request", status, decoder.decode(octets));
    if (refusal.code === "NoSuchBucket") throw refusal;
    return null;
  }
}
