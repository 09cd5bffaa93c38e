/** The little of XML that answers of S3 need: elements without attributes, texts, five entities. */

const ENTITIES: Readonly<Record<string, string>> = { lt: "<", gt: ">", amp: "&", quot: '"', apos: "'" };

/** The text of the first element of this name; null where there is none. */
export function field(xml: string, name: string): string | null {
  return elements(xml, name).next().value?.replace(/&(?:#(\d{1,7})|#x([0-9a-f]{1,6})|(\w+));/gi, decode) ?? null;
}

/** What is inside of each element of this name, as it stands. */
export function* elements(xml: string, name: string): Generator<string, undefined> {
  const end = `</${name}>`;
  for (let at = 0;;) {
    const start = xml.indexOf(`<${name}>`, at);
    const stop = start < 0 ? -1 : xml.indexOf(end, start);
    if (stop < 0) return;
    yield xml.slice(start + name.length + 2, stop);
    at = stop + end.length;
  }
}

/** A text as the content of an element. */
export function escape(text: string): string {
  return text.replace(/[&<>]/g, (one) => one === "&" ? "&amp;" : one === "<" ? "&lt;" : "&gt;");
}

function decode(whole: string, decimal: string | undefined, hex: string | undefined, name: string | undefined): string {
  if (name !== undefined) return ENTITIES[name.toLowerCase()] ?? whole;
  const point = decimal === undefined ? parseInt(hex!, 16) : Number(decimal);
  return point <= 0x10ffff ? String.fromCodePoint(point) : whole;
}
