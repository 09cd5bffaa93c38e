/** A message as the body of a POST: JSON with the message in Base64, a form, or the message alone. */
import { encodeBase64 } from "../../../base/base64.ts";
import { concatBytes, utf8Bytes } from "../../../base/bytes.ts";
import type { HttpRelayConfig } from "../../config/config.ts";
import type { TransportMessage } from "./transport.ts";

/** What is sent, and as what. */
export interface HttpBody {
  readonly contentType: string;
  /** Header fields for what the body has no room for. */
  readonly headers: Readonly<Record<string, string>>;
  readonly octets: AsyncIterable<Uint8Array>;
}

/** `boundary`: letters and digits that the message does not hold. */
export function httpBody(message: TransportMessage, { format, fields }: HttpRelayConfig, boundary: string): HttpBody {
  const { sender, recipients } = message;
  const to = recipients.map(({ forwardPath }) => forwardPath);
  switch (format) {
    case "json": {
      const envelope = JSON.stringify({ [fields.from]: sender.reversePath, [fields.to]: to });
      const before = `${envelope.slice(0, -1)},${JSON.stringify(fields.message)}:"`;
      return { contentType: "application/json", headers: {}, octets: around(before, base64(message.octets()), '"}') };
    }
    case "multipart": {
      const field = (name: string, value: string) =>
        `--${boundary}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`;
      const file =
        `--${boundary}\r\nContent-Disposition: form-data; name="${fields.message}"; filename="message.eml"\r\n` +
        "Content-Type: message/rfc822\r\n\r\n";
      const before = field(fields.from, sender.reversePath) + to.map((one) => field(fields.to, one)).join("") + file;
      const after = `\r\n--${boundary}--\r\n`;
      const contentType = `multipart/form-data; boundary=${boundary}`;
      return { contentType, headers: {}, octets: around(before, message.octets(), after) };
    }
    case "mime": {
      const encoded = (path: string) => encodeURIComponent(path).replaceAll("%40", "@").replaceAll("%2B", "+");
      const headers = { "envelope-from": encoded(sender.reversePath), "envelope-to": to.map(encoded).join(", ") };
      return { contentType: "message/rfc822", headers, octets: message.octets() };
    }
  }
}

async function* around(before: string, middle: AsyncIterable<Uint8Array>, after: string): AsyncIterable<Uint8Array> {
  yield utf8Bytes(before);
  yield* middle;
  yield utf8Bytes(after);
}

/** Base64 without line ends, whatever the pieces. */
async function* base64(pieces: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  let rest: Uint8Array = new Uint8Array();
  for await (const piece of pieces) {
    const all = rest.length === 0 ? piece : concatBytes([rest, piece]);
    const whole = all.length - all.length % 3;
    if (whole > 0) yield utf8Bytes(encodeBase64(all.subarray(0, whole)));
    rest = all.slice(whole);
  }
  if (rest.length > 0) yield utf8Bytes(encodeBase64(rest));
}
