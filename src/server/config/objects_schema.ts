/** A store of objects in the configuration. */
import { z } from "zod";
import { Secret } from "../../base/secret.ts";
import { duration, KB, MB, MINUTE, object, SECOND, shown, size, text, truth } from "./values.ts";

const endpoint = text('a URL without a path, as "https://s3.eu-central-1.amazonaws.com"').transform(
  (value, context) => {
    const url = URL.canParse(value) ? new URL(value) : null;
    const isBare = url !== null && /^https?:$/.test(url.protocol) && url.pathname === "/" && url.search === "" &&
      url.hash === "" && url.username === "" && url.password === "";
    if (isBare) return url.origin;
    // It may hold a password: not shown.
    const message = 'should be a URL without a path, as "https://s3.eu-central-1.amazonaws.com"';
    context.addIssue({ code: "custom", message });
    return z.NEVER;
  },
);

const bucket = text('the name of a bucket, as "mail"').regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, {
  error: (issue) => `${shown(issue.input)} should be the name of a bucket: 3 to 63 of a-z, 0-9, "-" and "."`,
});

const prefix = z.string({ error: (issue) => `${shown(issue.input)} should be a text, as "palomar"` })
  .regex(/^[A-Za-z0-9_-]{0,64}(\/[A-Za-z0-9_-]{1,64}){0,4}\/?$/, {
    error: (issue) => `${shown(issue.input)} should be letters, digits, "-" and "_", with "/" between, as "palomar"`,
  });

const secret = (what: string) => text(what).transform((value) => new Secret(value));

export const OBJECTS = object({
  endpoint,
  bucket,
  region: text('the region of the bucket, as "us-east-1"').regex(/^[A-Za-z0-9-]{1,64}$/, {
    error: (issue) => `${shown(issue.input)} should be the region of the bucket, as "us-east-1" or "auto"`,
  }).default("us-east-1"),
  accessKeyId: secret("the id of an access key"),
  secretAccessKey: secret("the secret of an access key"),
  prefix: prefix.default(""),
  pathStyle: truth.default(true),
  from: size(64 * KB, 5 * MB).prefault("64KB"),
  timeout: duration(SECOND, 10 * MINUTE).prefault("20s"),
  ca: text("the path of a PEM file with certificates of authorities").nullable().default(null),
}).nullable().default(null);
