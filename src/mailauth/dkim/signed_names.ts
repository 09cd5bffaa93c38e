/** Which fields are signed (RFC 6376 section 5.4.1), and which are signed once more than they are there. */
import { lowerAscii } from "../../base/ascii.ts";
import { FieldPicker, type SignedField } from "./header_fields.ts";

/** Of which nobody may add another one (RFC 6376 section 8.15): what people see, and what says how to read the body. */
const SEALED = [
  "From",
  "To",
  "Cc",
  "Subject",
  "Date",
  "Message-ID",
  "Reply-To",
  "In-Reply-To",
  "References",
  "MIME-Version",
  "Content-Type",
  "Content-Transfer-Encoding",
];

/** Signed where they are; lists and those who send again may add theirs. List-Unsubscribe: RFC 8058 section 4. */
const SIGNED = [
  "Sender",
  "Content-Disposition",
  "Content-ID",
  "Content-Description",
  "Content-Language",
  "Resent-Date",
  "Resent-From",
  "Resent-To",
  "Resent-Cc",
  "Resent-Message-ID",
  "List-Id",
  "List-Help",
  "List-Unsubscribe",
  "List-Unsubscribe-Post",
  "List-Subscribe",
  "List-Post",
  "List-Owner",
  "List-Archive",
];

/** Instances of one name that are signed; a thousand Resent-To would make a field of their own. */
const INSTANCES = 16;

/** The names of h=: each as often as it is there, the sealed ones once more if `seal`. `more` comes before `Sender`. */
export function signedNames(fields: readonly SignedField[], seal: boolean, more: readonly string[] = []): string[] {
  const picker = new FieldPicker(fields);
  const names: string[] = [];
  const add = (name: string, extra: number) => {
    const count = Math.min(picker.count(lowerAscii(name)), INSTANCES);
    for (let i = 0; i < count + extra; i++) names.push(name);
  };
  for (const name of SEALED) add(name, seal ? 1 : 0);
  for (const name of [...more, ...SIGNED]) add(name, 0);
  return names;
}

/** The canonical fields of these names, each with its CRLF: what a relaxed signature begins with. */
export function signedData(fields: readonly SignedField[], names: readonly string[]): string {
  const picker = new FieldPicker(fields);
  return names.map((name) => {
    const field = picker.pick(lowerAscii(name));
    return field ? field.relaxed + "\r\n" : "";
  }).join("");
}
