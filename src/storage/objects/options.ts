/** Where a store of objects is, and how it is spoken to. */
export interface ObjectOptions {
  /** `https://host:port`, without the bucket. */
  readonly endpoint: string;
  readonly bucket: string;
  /** As the store calls it: `us-east-1`, `auto`, `garage`. */
  readonly region: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** What the names of all objects begin with, so that others may use the bucket too. A slash is put behind it. */
  readonly prefix?: string;
  /** Whether the bucket stands in the path (default) or in the name of the host. */
  readonly pathStyle?: boolean;
  /** Octets from which on a body is an object; smaller ones stay with the driver. At most 5 MiB. */
  readonly from?: number;
  /** For an answer to one request, milliseconds; what is sent has more, by its length. */
  readonly timeoutMs?: number;
  /** Certificates of authorities in PEM, besides the public ones. */
  readonly ca?: string | null;
}

/** The bucket's address, to which names are added. */
export function addressOf({ endpoint, bucket, pathStyle = true }: ObjectOptions): string {
  const url = new URL(endpoint);
  return pathStyle ? `${url.origin}/${bucket}/` : `${url.protocol}//${bucket}.${url.host}/`;
}

/** The prefix as it stands before names. */
export function prefixOf({ prefix = "" }: ObjectOptions): string {
  const bare = prefix.replace(/^\/+|\/+$/g, "");
  return bare === "" ? "" : bare + "/";
}
